-- read_journal --
-- A customer's journal.
select n, at, known_at, kind, body, source, effects, hash
from journal
where customer = $1
order by n;

-- read_messages --
-- A customer's messages, the oldest first.
select id, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about
from outbox
where customer = $1
order by id;

-- latest_messages --
-- What was said to a customer lately, the newest first.
select id, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about
from outbox
where customer = $1
order by id desc
limit $2;

-- read_requests --
-- What a customer waits for people to answer, or had answered.
select id, customer, request, about, at, closed_at, closed_by
from requests
where customer = $1
order by id;

-- read_wakes --
-- When we come back for a customer.
select customer, slot, what, at, feed, needs
from wakes
where customer = $1
order by at, slot;

-- read_bookings --
-- A customer's ledger, one line for each account.
select l.id, l.at, l.what, l.customer, l.credit, e.account, e.megabytes
from ledger l
join entries e on e.booking = l.id
where l.customer = $1
order by l.id, e.n;

-- customer_at --
-- Whose address this is.
select customer
from contacts
where address = $1;

-- page_of_customers --
-- The next customers by number, with their addresses in their order.
select c.number, c.language, coalesce(j.state, ''), coalesce(j.step, ''), coalesce(j.month, 0),
       j.body,
       array(select row(address, opted_out_at, blocked_at, used_at)
             from contacts
             where customer = c.number
             order by place)
from customers c
left join journeys j on j.customer = c.number
where c.number > $1
order by c.number
limit $2;

-- waiting_for_budget --
-- Who waits, the longest waiting first.
select customer
from journeys
where state = 'waiting'
order by since, customer
limit $1;

-- calls_between --
-- Hotline calls of a time, with what tells whether an incident concerns them.
select j.customer, j.body::json ->> 'call_id', c.attributes::json ->> 'area'
from journal j
join customers c on c.number = j.customer
where j.kind = 'HotlineCalled' and j.at between $1 and $2
order by j.at, j.customer, j.n;

-- incidents_between --
-- What was open at any time between two moments; without an end it still is.
select id, area, customers, opened_at, closed_at
from incidents
where opened_at <= $2
  and (closed_at is null or closed_at >= $1)
order by id;

-- due_wakes --
-- What is due, the oldest first.
select customer, slot, what, at
from wakes
where is_open and at <= $1
order by at, customer, slot
limit $2;

-- next_wake --
-- When the earliest wake is due.
select min(at)
from wakes
where is_open;

-- open_credits --
-- The credits that wait to be polled or resolved, the most urgent first.
select id, customer, step, cycle, megabytes, state, earned_at, moved_at,
       provider_id, attempts, poll_at, usable_until, note
from credits
where state in ('earned', 'requested', 'accepted', 'unknown', 'failed')
order by coalesce(poll_at, earned_at), id
limit $1;

-- read_watermarks --
-- Up to when each feed is complete.
select feed, complete_until
from watermarks;

-- get --
-- One kept value.
select value
from kept
where name = $1;

-- put --
-- Keep one value.
insert into kept (name, value)
values ($1, $2)
on conflict (name) do update
set value = excluded.value;

-- put_first --
-- Keep one value; the first one stays.
insert into kept (name, value)
values ($1, $2)
on conflict do nothing;

-- take_lease --
-- Hold a lease that is free, over, or ours already; no row comes back if it is somebody else's.
insert into leases (name, holder, until)
values ($1, $2, $3)
on conflict (name) do update
set holder = excluded.holder, until = excluded.until
where leases.holder = excluded.holder or leases.until <= $4
returning name;

-- identity --
-- Where this database lives: its cluster, and its name there.
select system_identifier || '/' || current_database()
from pg_control_system();
