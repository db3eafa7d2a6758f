-- read_customer --
-- One customer with journey and the end of the journal: by number, address, link, credit or request.
select c.number, c.language, c.basis, c.attributes, c.bucket, c.account,
       j.body, t.n, t.hash,
       exists (select 1 from credits where customer = c.number), j.seal
from customers c
left join journeys j on j.customer = c.number
left join journal t on t.customer = c.number
                   and t.n = (select max(n) from journal where customer = c.number)
where c.number = coalesce(
    ?1,
    (select customer from contacts where address = ?2),
    (select customer from links where hash = ?3),
    (select customer from credits where id = ?4),
    (select customer from requests where id = ?5)
);

-- read_contacts --
-- The addresses of a customer, in their order.
select address, opted_out_at, blocked_at, used_at
from contacts
where customer = ?
order by place;

-- read_credits --
-- All credits of a customer, the oldest first.
select id, customer, step, cycle, megabytes, state, earned_at, moved_at,
       provider_id, attempts, poll_at, usable_until, note
from credits
where customer = ?
order by earned_at, step, cycle;

-- read_seen --
-- Whether a message was handled, and what was answered.
select digest, answer
from inbox
where source = ? and id = ?;

-- read_standing --
-- Whether an address is suppressed, and when its owner was answered as a stranger.
select exists (select 1 from suppressions where address_hash = ?1),
       (select answered_at from strangers where address_hash = ?1);

-- is_suppressed --
-- Whether nothing unasked may be sent to an address.
select 1
from suppressions
where address_hash = ?;

-- read_link --
-- A personal link.
select customer, purpose, expires_at, spent_at
from links
where hash = ?;

-- read_code --
-- The code that was last sent to a customer.
select customer, hash, expires_at, tries, sent, since
from codes
where customer = ?;

-- read_watermarks --
-- Up to when each feed is complete.
select feed, complete_until
from watermarks;

-- read_kinds --
-- The balance of each kind of account.
select name, megabytes
from kinds;

-- read_request --
-- Something that waits for a person, or was answered by one.
select id, customer, request, about, at, closed_at, closed_by
from requests
where id = ?;

-- read_viewing --
-- What a customer has watched of the film.
select film, duration_ms, reported_at, watched
from viewings
where customer = ?;
