-- hold_customers --
-- Whom the keys mean (by number, address, link, credit or request), held for us in one order.
select k.n, c.number
from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[])
     with ordinality as k (customer, address, link, credit, request, n)
join customers c on c.number = coalesce(
    k.customer,
    (select customer from contacts where address = k.address),
    (select customer from links where hash = k.link),
    (select customer from credits where id = k.credit),
    (select customer from requests where id = k.request)
)
order by c.number, k.n
for no key update of c;

-- find_customers --
-- Whom the keys mean, for reading only.
select k.n, c.number
from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[])
     with ordinality as k (customer, address, link, credit, request, n)
join customers c on c.number = coalesce(
    k.customer,
    (select customer from contacts where address = k.address),
    (select customer from links where hash = k.link),
    (select customer from credits where id = k.credit),
    (select customer from requests where id = k.request)
);

-- read_memories --
-- All that the turns of these keys may decide on, a row for each, in their order.
select c.number, c.language, c.basis, c.attributes, c.bucket, c.account, j.body, t.n, t.hash,
       array(select row(address, opted_out_at, blocked_at, used_at)
             from contacts
             where customer = c.number
             order by place),
       array(select row(id, customer, step, cycle, megabytes, state, earned_at, moved_at,
                        provider_id, attempts, poll_at, usable_until, note)
             from credits
             where customer = c.number
             order by earned_at, step, cycle),
       (select row(digest, answer) from inbox where source = k.source and id = k.id),
       exists (select 1 from suppressions where address_hash = k.address_hash),
       (select answered_at from strangers where address_hash = k.address_hash),
       (select row(customer, purpose, expires_at, spent_at) from links where hash = k.link),
       (select row(id, customer, request, about, at, closed_at, closed_by)
        from requests
        where id = k.request),
       (select row(film, duration_ms, reported_at, watched)
        from viewings
        where k.with_viewing and customer = c.number),
       (select row(customer, hash, expires_at, tries, sent, since)
        from codes
        where k.with_code and customer = c.number),
       (select row(q.request, q.customer, q.address, q.asked_at, q.taken_by, q.answered_by,
                   q.answered_at, r.closed_at)
        from questions q
        join requests r on r.id = q.request
        where q.request = coalesce(
            k.request,
            case when k.with_question
                 then (select max(request) from questions where customer = c.number) end)),
       j.seal
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[],
            $7::boolean[], $8::boolean[], $9::boolean[])
     with ordinality
     as k (customer, source, id, address_hash, link, request, with_viewing, with_code,
           with_question, n)
left join customers c on c.number = k.customer
left join journeys j on j.customer = c.number
left join lateral (select n, hash
                   from journal
                   where customer = c.number
                   order by n desc
                   limit 1) t on true
order by k.n;

-- read_suppressed --
-- To which of many addresses nothing unasked may be sent.
select address_hash
from suppressions
where address_hash = any($1::bytea[]);

-- read_common --
-- What is the same for all: watermarks, and the balance of each kind of account.
select array(select row(feed, complete_until) from watermarks order by feed),
       array(select row(name, megabytes) from kinds);

-- hold_kinds --
-- The balances, held so that nobody else books until we have.
select name, megabytes
from kinds
order by name
for update;
