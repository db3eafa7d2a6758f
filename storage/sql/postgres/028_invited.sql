-- An invitation counts into how often somebody is written to, so its moment stands with the rest.

alter table reach add column invited_at bigint;  -- when the last one left, null if none has

update reach r
set invited_at = left_.at
from (select customer, max(posted_at) as at
      from outbox
      where line = 'Invitation' and state in ('posting', 'accepted', 'delivered', 'unknown')
      group by customer) left_
where left_.customer = r.customer;

create function note_invitations() returns trigger language plpgsql as $$
begin
    update reach
    set invited_at = left_.at
    from (select case
                     when new.state in ('posting', 'accepted', 'delivered', 'unknown')
                         then new.posted_at
                 end as at) left_
    where customer = new.customer and reach.invited_at is distinct from left_.at;
    return null;
end
$$;

create trigger reach_follows_invitations after update of state on outbox
for each row
when (new.line = 'Invitation' and new.state is distinct from old.state)
execute function note_invitations();
