-- customer --
-- Who they are, as the operator told us.
select number as customer, language, basis, attributes as attributes_json, bucket, account, added_at
from customers
where number = $1;

-- contacts --
-- How they are reached, and what we may do there.
select address, place, opted_out_at, blocked_at, used_at as last_used_at
from contacts
where customer = $1
order by place;

-- allowances --
-- When the next message may go to one of their addresses.
select a.recipient as address, a.opens_at
from allowances a
join contacts c on c.address = a.recipient
where c.customer = $1::text
order by c.place;

-- journey --
-- Where they stand.
select state, step, month, since as since_at, body as journey_json
from journeys
where customer = $1;

-- events --
-- What happened, in the order in which we heard of it; calls to the hotline among it.
select n, at as happened_at, known_at, kind, body as event_json, source, effects, hash
from journal
where customer = $1
order by n;

-- messages --
-- What was said to them, and what became of it.
select id, lane, recipient, line, body as message_json, created_at, due as due_at,
       use_by as use_by_at, state, reason, attempt, posted_at, sent_at, ref as provider_id, status, code, segments,
       price_cents
from outbox
where customer = $1
order by id;

-- receipts --
-- What the providers said of these messages.
select r.outbox_id as message, r.attempt, r.status, r.code, r.at as told_at
from receipts r
join outbox o on o.id = r.outbox_id
where o.customer = $1
order by r.outbox_id, r.at;

-- credits --
-- The volume that was granted.
select uuid_send(id) as id, step, cycle, megabytes, state, earned_at, moved_at, provider_id, attempts,
       usable_until as usable_until_at, note
from credits
where customer = $1
order by earned_at, step;

-- credit_history --
-- How each credit came to where it is.
select uuid_send(m.credit) as credit, m.n, m.state, m.at as moved_at, m.provider_id, m.note
from credit_moves m
join credits c on c.id = m.credit
where c.customer = $1
order by m.credit, m.n;

-- ledger --
-- What was set aside, delivered and released for them, in MB.
select l.id as booking, l.at as booked_at, l.what, uuid_send(l.credit) as credit, e.account, e.megabytes
from ledger l
join entries e on e.booking = l.id
where l.customer = $1
order by l.id, e.n;

-- balances --
-- What these bookings add up to.
select name as account, megabytes
from accounts
where name in ('liability:' || $1::text, 'delivered:' || $1::text)
order by name;

-- requests --
-- What they asked people, and who answered.
select id, request, about, at as asked_at, closed_at, closed_by
from requests
where customer = $1
order by id;

-- wakes --
-- When the programme comes back to them by itself.
select slot, what, at as due_at, feed, needs as feed_needs_at
from wakes
where customer = $1
order by at;

-- links --
-- Personal links that were made for them, and for what; the links themselves are not kept.
select purpose, expires_at, spent_at
from links
where customer = $1
order by expires_at;

-- codes --
-- The code that was last sent to them; the code itself is not kept.
select expires_at, tries, sent, since as since_at
from codes
where customer = $1;

-- viewings --
-- What they have watched of the film, in milliseconds of it.
select film, duration_ms, reported_at, watched as watched_json
from viewings
where customer = $1;

-- broadcasts --
-- Which messages to many were meant for them, and what became of them.
select broadcast, state, reason, fed_at
from recipients
where broadcast in (select id from broadcasts)
  and customer = $1
order by broadcast;

-- incidents --
-- Incidents that name them.
select id, opened_at, closed_at
from incidents
where $1 in (select json_array_elements_text(incidents.customers::json))
order by id;

-- questions --
-- What they asked people, and who answered.
select request, address, asked_at, taken_by, answered_by, answered_at
from questions
where customer = $1
order by request;

-- words --
-- What they and our people wrote to one another, as far as it is still kept.
select request, at as said_at, author, text
from words
where customer = $1
order by id;
