-- read_journal --
-- A customer's journal.
select n, at, known_at, kind, body, source, effects, hash
from journal
where customer = ?
order by n;

-- read_messages --
-- A customer's messages, the oldest first.
select id, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about
from outbox
where customer = ?
order by id;

-- latest_messages --
-- What was said to a customer lately, the newest first.
select id, lane, recipient, line, body, created_at, state, sent_at, ref, reason, about
from outbox
where customer = ?
order by id desc
limit ?;

-- read_requests --
-- What a customer waits for people to answer, or had answered.
select id, customer, request, about, at, closed_at, closed_by
from requests
where customer = ?
order by id;

-- read_wakes --
-- When we come back for a customer.
select customer, slot, what, at, feed, needs
from wakes
where customer = ?
order by at, slot;

-- read_bookings --
-- A customer's ledger, one line for each account.
select l.id, l.at, l.what, l.customer, l.credit, e.account, e.megabytes
from ledger l
join entries e on e.booking = l.id
where l.customer = ?
order by l.id, e.n;

-- customer_at --
-- Whose address this is.
select customer
from contacts
where address = ?;

-- page_of_customers --
-- The next customers by number.
select c.number, c.language, coalesce(j.state, ''), coalesce(j.step, ''), coalesce(j.month, 0),
       j.body
from customers c
left join journeys j on j.customer = c.number
where c.number > ?
order by c.number
limit ?;

-- waiting_for_budget --
-- Who waits, the longest waiting first.
select customer
from journeys
where state = 'waiting'
order by since, customer
limit ?;

-- calls_between --
-- Hotline calls of a time, with what tells whether an incident concerns them.
select j.customer, json_extract(j.body, '$.call_id'), json_extract(c.attributes, '$.area')
from journal j
join customers c on c.number = j.customer
where j.kind = 'HotlineCalled' and j.at between ? and ?
order by j.at, j.customer;

-- get --
-- One kept value.
select value
from kept
where name = ?;

-- put --
-- Keep one value.
insert into kept (name, value)
values (?, ?)
on conflict (name) do update
set value = excluded.value;

-- incidents_between --
-- What was open at any time between two moments; without an end it still is.
select id, area, customers, opened_at, closed_at
from incidents
where opened_at <= ?2
  and (closed_at is null or closed_at >= ?1);

-- take_lease --
-- Hold a lease that is free, over, or ours already; no row comes back if it is somebody else's.
insert into leases (name, holder, until)
values (?1, ?2, ?3)
on conflict (name) do update
set holder = excluded.holder, until = excluded.until
where leases.holder = excluded.holder or leases.until <= ?4
returning name;
