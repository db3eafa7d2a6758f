-- What audiences ask of each customer, side by side in one narrow row, so that a preview over a
-- million of them is one scan. It follows from customers, contacts and journeys by triggers, once
-- for each statement, and is written only where something of it has changed.

create table reach (
    customer  text collate "C" primary key,
    language  text not null,
    has_basis boolean not null,
    state     text,              -- null: no journey
    step      text,
    month     integer not null default 0,
    is_silent boolean not null default false,
    seen_at   bigint,            -- seconds: last use of the portal, else the enrolment
    sms       text collate "C",  -- the best way of each channel, see `ways`
    telegram  text collate "C",
    email     text collate "C",
    fed_at    bigint             -- not before any broadcast that was queued for them
) with (fillfactor = 80);

-- How a journey stands, for `reach`.
create function language_of(body json) returns text language sql immutable as $$
    select coalesce(body ->> 'language', 'de')
$$;

create function is_silent_in(body json) returns boolean language sql immutable as $$
    select coalesce((body ->> 'is_silent')::boolean, false)
$$;

create function seen_at_in(body json) returns bigint language sql stable as $$
    select floor(extract(epoch from coalesce(body ->> 'used_portal_at',
                                             body ->> 'enrolled_at')::timestamptz))::bigint
$$;

-- How good each address is, the least is the best: '0' open, '1' blocked, '2' opted out; then what
-- falls with the moment of the last use; then the channel's usual rank and the address's scheme.
create view ways as
select customer,
       split_part(address, ':', 1) as scheme,
       (case
            when opted_out_at is not null then '2'
            when blocked_at is not null then '1'
            else '0'
        end
        || lpad((9000000000000000 - coalesce(used_at, 0))::text, 16, '0')
        || case
               when address like 'telegram:%' then '0telegram'
               when address like 'tel:%' then '1tel'
               else '2mailto'
           end) collate "C" as way
from contacts;

-- The best ways of some customers.
create function renew_ways(whom text[]) returns void language sql as $$
    update reach r
    set sms = best.sms, telegram = best.telegram, email = best.email
    from (select c.customer,
                 min(w.way) filter (where w.scheme = 'tel') as sms,
                 min(w.way) filter (where w.scheme = 'telegram') as telegram,
                 min(w.way) filter (where w.scheme = 'mailto') as email
          from unnest(whom) as c (customer)
          left join ways w on w.customer = c.customer
          group by c.customer) best
    where r.customer = best.customer
      and (r.sms, r.telegram, r.email) is distinct from (best.sms, best.telegram, best.email)
$$;

insert into reach (customer, language, has_basis, state, step, month, is_silent, seen_at, fed_at)
select u.number, coalesce(language_of(j.body::json), u.language), u.basis is not null, j.state,
       j.step, coalesce(j.month, 0), coalesce(is_silent_in(j.body::json), false),
       seen_at_in(j.body::json),
       (select max(r.fed_at) from recipients r where r.customer = u.number)
from customers u
left join journeys j on j.customer = u.number;

select renew_ways(array(select number from customers));

create function reach_follows_customers() returns trigger language plpgsql as $$
begin
    insert into reach as r (customer, language, has_basis)
    select number, language, basis is not null
    from after
    on conflict (customer) do update
    set language  = case when r.state is null then excluded.language else r.language end,
        has_basis = excluded.has_basis
    where r.has_basis <> excluded.has_basis
       or r.state is null and r.language <> excluded.language;
    return null;
end
$$;

create trigger reach_follows_new_customers after insert on customers
referencing new table as after
for each statement execute function reach_follows_customers();

create trigger reach_follows_customers after update on customers
referencing new table as after
for each statement execute function reach_follows_customers();

create function reach_ends() returns trigger language plpgsql as $$
begin
    delete from reach
    where customer in (select number from before);
    return null;
end
$$;

create trigger reach_ends_with_customers after delete on customers
referencing old table as before
for each statement execute function reach_ends();

create function reach_follows_journeys() returns trigger language plpgsql as $$
begin
    update reach r
    set language  = s.language,
        state     = s.state,
        step      = s.step,
        month     = s.month,
        is_silent = s.is_silent,
        seen_at   = s.seen_at
    from (select a.customer, a.state, a.step, a.month, coalesce(b.language, 'de') as language,
                 coalesce(b.is_silent, false) as is_silent,
                 floor(extract(epoch from coalesce(b.used_portal_at, b.enrolled_at)))::bigint
                     as seen_at
          from after a
          cross join lateral json_to_record(a.body::json)
               as b (language text, is_silent boolean, used_portal_at timestamptz,
                     enrolled_at timestamptz)) s
    where r.customer = s.customer
      and (r.language, r.state, r.step, r.month, r.is_silent, r.seen_at)
          is distinct from (s.language, s.state, s.step, s.month, s.is_silent, s.seen_at);
    return null;
end
$$;

create trigger reach_follows_new_journeys after insert on journeys
referencing new table as after
for each statement execute function reach_follows_journeys();

create trigger reach_follows_journeys after update on journeys
referencing new table as after
for each statement execute function reach_follows_journeys();

create function reach_forgets_journeys() returns trigger language plpgsql as $$
begin
    update reach
    set state = null, step = null, month = 0, is_silent = false, seen_at = null
    where customer in (select customer from before);
    return null;
end
$$;

create trigger reach_forgets_journeys after delete on journeys
referencing old table as before
for each statement execute function reach_forgets_journeys();

create function reach_follows_contacts() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform renew_ways(array(select distinct customer from after));
    elsif tg_op = 'DELETE' then
        perform renew_ways(array(select distinct customer from before));
    else
        perform renew_ways(array(select customer from after union select customer from before));
    end if;
    return null;
end
$$;

create trigger reach_follows_new_contacts after insert on contacts
referencing new table as after
for each statement execute function reach_follows_contacts();

create trigger reach_follows_contacts after update on contacts
referencing old table as before new table as after
for each statement execute function reach_follows_contacts();

create trigger reach_forgets_contacts after delete on contacts
referencing old table as before
for each statement execute function reach_follows_contacts();

-- What failed has reached nobody, so it does not count as having been written to.
create or replace function tell_recipients() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from after where line = 'Broadcast') then
        return null;
    end if;
    update recipients r
    set state  = case a.state
                     when 'ready' then 'planned'
                     when 'posting' then 'claimed'
                     else a.state
                 end,
        reason = case when a.state in ('failed', 'skipped', 'unknown') then a.reason end,
        fed_at = case when a.state = 'failed' then null else coalesce(r.fed_at, a.sent_at) end
    from after a
    join before b on b.id = a.id
    where a.line = 'Broadcast' and a.state <> b.state and r.outbox = a.id;
    return null;
end
$$;

create or replace function count_recipients() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from after) then
        return null;
    end if;
    perform 1
    from broadcast_counts
    where broadcast in (select broadcast from after)
    order by broadcast, state, reason
    for update;

    insert into broadcast_counts as counted (broadcast, state, reason, number)
    select broadcast, state, '', sum(number)
    from (select broadcast, state, 1 as number from after
          union all
          select broadcast, state, -1 from before) moved
    group by broadcast, state
    having sum(number) <> 0
    order by broadcast, state
    on conflict (broadcast, state, reason) do update
    set number = counted.number + excluded.number;

    update reach r
    set fed_at = a.fed_at
    from (select customer, max(fed_at) as fed_at
          from after
          where fed_at is not null
          group by customer) a
    where r.customer = a.customer and coalesce(r.fed_at, 0) < a.fed_at;
    return null;
end
$$;

-- Where the card of a broadcast stands is known once it has arrived; its row goes right after that.
create function find_card_again() returns trigger language plpgsql as $$
begin
    insert into kept as k (name, value)
    values (split_part(new.about, ' ', 1),
            json_build_object('chat', new.recipient, 'ref', new.ref)::text)
    on conflict (name) do update
    set value = excluded.value;
    return null;
end
$$;

create trigger cards_are_found_again after update of ref on outbox
for each row
when (new.line = 'Card' and new.ref is not null and new.about is not null)
execute function find_card_again();
