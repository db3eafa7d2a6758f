-- An invitation counts into how often somebody is written to, so its moment stands with the rest.

alter table reach add column invited_at integer;  -- when the last one left, null if none has

update reach
set invited_at = (select max(o.posted_at)
                  from outbox o
                  where o.customer = reach.customer and o.line = 'Invitation'
                    and o.state in ('posting', 'accepted', 'delivered', 'unknown'));

drop index reach_alike;

create index reach_alike
on reach (state, step, month, language, has_basis, is_silent, route, length(customer), megabytes,
          shape, fed_at, seen_at, invited_at);

create trigger reach_follows_an_invitation after update of state on outbox
when new.line = 'Invitation' and new.state is not old.state
begin
    update reach
    set invited_at = left_.at
    from (select iif(new.state in ('posting', 'accepted', 'delivered', 'unknown'),
                     new.posted_at, null) as at) left_
    where customer = new.customer and reach.invited_at is not left_.at;
end;
