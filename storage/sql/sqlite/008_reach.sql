-- What audiences ask of each customer, side by side in one narrow row, so that a preview over a
-- million of them is one scan. It follows from customers, contacts and journeys by triggers.

create table reach (
    customer  text primary key,
    language  text not null,
    has_basis integer not null,
    state     text,              -- null: no journey
    step      text,
    month     integer not null default 0,
    is_silent integer not null default 0,
    seen_at   integer,           -- seconds: last use of the portal, else the enrolment
    sms       text,              -- the best way of each channel, see `ways`
    telegram  text,
    email     text,
    fed_at    integer            -- not before any broadcast that was queued for them
) without rowid;

-- How journeys stand, for `reach`.
create view standings as
select customer, state, step, month,
       coalesce(json_extract(cast(body as text), '$.language'), 'de') as language,
       coalesce(json_extract(cast(body as text), '$.is_silent'), 0) as is_silent,
       unixepoch(coalesce(json_extract(cast(body as text), '$.used_portal_at'),
                          json_extract(cast(body as text), '$.enrolled_at'))) as seen_at
from journeys;

-- How good each address is, the least is the best: '0' open, '1' blocked, '2' opted out; then what
-- falls with the moment of the last use; then the channel's usual rank and the address's scheme.
create view ways as
select customer,
       substr(address, 1, instr(address, ':') - 1) as scheme,
       case
           when opted_out_at is not null then '2'
           when blocked_at is not null then '1'
           else '0'
       end
       || printf('%016d', 9000000000000000 - coalesce(used_at, 0))
       || case
              when address like 'telegram:%' then '0telegram'
              when address like 'tel:%' then '1tel'
              else '2mailto'
          end as way
from contacts;

insert into reach (customer, language, has_basis, state, step, month, is_silent, seen_at)
select u.number, coalesce(s.language, u.language), u.basis is not null, s.state, s.step,
       coalesce(s.month, 0), coalesce(s.is_silent, 0), s.seen_at
from customers u
left join standings s on s.customer = u.number;

update reach
set (sms, telegram, email) = (
    select min(iif(scheme = 'tel', way, null)),
           min(iif(scheme = 'telegram', way, null)),
           min(iif(scheme = 'mailto', way, null))
    from ways
    where ways.customer = reach.customer);

update reach
set fed_at = (select max(r.fed_at) from recipients r where r.customer = reach.customer);

create trigger reach_follows_a_new_customer after insert on customers
begin
    insert into reach (customer, language, has_basis)
    values (new.number, new.language, new.basis is not null);
end;

create trigger reach_follows_a_customer after update of language, basis on customers
when new.language is not old.language or new.basis is not old.basis
begin
    update reach
    set language  = iif(state is null, new.language, language),
        has_basis = new.basis is not null
    where customer = new.number;
end;

create trigger reach_ends_with_a_customer after delete on customers
begin
    delete from reach where customer = old.number;
end;

create trigger reach_follows_a_new_journey after insert on journeys
begin
    update reach
    set language  = s.language,
        state     = s.state,
        step      = s.step,
        month     = s.month,
        is_silent = s.is_silent,
        seen_at   = s.seen_at
    from standings s
    where s.customer = new.customer and reach.customer = s.customer;
end;

create trigger reach_follows_a_journey after update on journeys
begin
    update reach
    set language  = s.language,
        state     = s.state,
        step      = s.step,
        month     = s.month,
        is_silent = s.is_silent,
        seen_at   = s.seen_at
    from standings s
    where s.customer = new.customer and reach.customer = s.customer;
end;

create trigger reach_forgets_a_journey after delete on journeys
begin
    update reach
    set state     = null,
        step      = null,
        month     = 0,
        is_silent = 0,
        seen_at   = null
    where customer = old.customer;
end;

create trigger reach_follows_a_new_address after insert on contacts
begin
    update reach
    set (sms, telegram, email) = (
        select min(iif(scheme = 'tel', way, null)),
               min(iif(scheme = 'telegram', way, null)),
               min(iif(scheme = 'mailto', way, null))
        from ways
        where ways.customer = new.customer)
    where customer = new.customer;
end;

create trigger reach_follows_an_address after update on contacts
begin
    update reach
    set (sms, telegram, email) = (
        select min(iif(scheme = 'tel', way, null)),
               min(iif(scheme = 'telegram', way, null)),
               min(iif(scheme = 'mailto', way, null))
        from ways
        where ways.customer = reach.customer)
    where customer in (old.customer, new.customer);
end;

create trigger reach_forgets_an_address after delete on contacts
begin
    update reach
    set (sms, telegram, email) = (
        select min(iif(scheme = 'tel', way, null)),
               min(iif(scheme = 'telegram', way, null)),
               min(iif(scheme = 'mailto', way, null))
        from ways
        where ways.customer = old.customer)
    where customer = old.customer;
end;

-- What failed has reached nobody, so it does not count as having been written to.
drop trigger outbox_tells_recipients;

create trigger outbox_tells_recipients after update of state on outbox
when new.line = 'Broadcast' and new.state is not old.state
begin
    update recipients
    set state  = case new.state
                     when 'ready' then 'planned'
                     when 'posting' then 'claimed'
                     else new.state
                 end,
        reason = iif(new.state in ('failed', 'skipped', 'unknown'), new.reason, null),
        fed_at = iif(new.state = 'failed', null, coalesce(fed_at, new.sent_at))
    where outbox = new.id;
end;

create trigger reach_follows_a_broadcast after update of fed_at on recipients
when new.fed_at is not null
begin
    update reach
    set fed_at = new.fed_at
    where customer = new.customer and coalesce(fed_at, 0) < new.fed_at;
end;

-- Where the card of a broadcast stands is known once it has arrived; its row goes right after that.
create trigger cards_are_found_again after update of ref on outbox
when new.line = 'Card' and new.ref is not null and new.about is not null
begin
    insert into kept (name, value)
    values (substr(new.about, 1, instr(new.about, ' ') - 1),
            json_object('chat', new.recipient, 'ref', new.ref))
    on conflict (name) do update
    set value = excluded.value;
end;
