-- hold_lane --
-- The lane's next free moment, what left in the second before it, and its pause, held for us:
-- slots are given away, and rows taken, by one node at a time. Nobody waits for the disk while a
-- lane is held: what was claimed is flushed once it is free again, and before a byte leaves.
select next_free, recent, paused_until, set_config('synchronous_commit', 'off', true)
from lanes
where name = $1
for update;

-- read_lane --
-- The same, for looking only.
select next_free, recent, paused_until
from lanes
where name = $1;

-- make_lane --
-- A lane has a row from its first claim on.
insert into lanes (name)
values ($1)
on conflict do nothing;

-- put_pace --
-- Keep how far the lane's slots are given away.
update lanes
set next_free = $2,
    recent    = $3
where name = $1;

-- put_allowances --
-- Keep from when on recipients may be written to again.
insert into allowances (recipient, opens_at)
select *
from unnest($1::text[], $2::bigint[])
on conflict (recipient) do update
set opens_at = excluded.opens_at;

-- hold_back --
-- Their recipients have had enough: they are due when these may be written to again.
update outbox o
set due = given.due
from unnest($1::bigint[], $2::bigint[]) as given (due, id)
where o.id = given.id;

-- priorities --
-- The priorities of which a lane has something, by one index step each.
with recursive found (priority) as (
    (select priority
     from outbox
     where state = 'ready' and lane = $1
     order by priority
     limit 1)
    union all
    select (select o.priority
            from outbox o
            where o.state = 'ready' and o.lane = $1 and o.priority > found.priority
            order by o.priority
            limit 1)
    from found
    where found.priority is not null
)
select priority
from found
where priority is not null
order by priority;

-- waiting --
-- What may be claimed of one lane and priority, in order: nothing of the same recipient is in
-- flight, and nothing older of theirs waits to leave again. Rows that somebody holds are passed by.
-- The last column says from when on the recipient may be written to. The limit lets the server go
-- along the index and stop where we do, instead of sorting all that waits.
select id, lane, priority, o.recipient, line, body, due, created_at, attempt, customer,
       use_by, cost, is_unasked, may_resend, about, coalesce(a.opens_at, 0)
from outbox o
left join allowances a on a.recipient = o.recipient
where state = 'ready' and lane = $1 and priority = $2 and due <= $3
  and not exists (select 1
                  from outbox f
                  where f.recipient = o.recipient and f.state in ('claimed', 'posting'))
  and not exists (select 1
                  from outbox r
                  where r.recipient = o.recipient and r.state = 'ready' and r.is_retried
                    and r.id < o.id and r.priority <= o.priority)
order by due, id
limit 1000
for no key update of o skip locked;

-- next_due --
-- When the first of one lane and priority that is not held back may leave.
select due
from outbox o
where state = 'ready' and lane = $1 and priority = $2
  and not exists (select 1
                  from outbox f
                  where f.recipient = o.recipient and f.state in ('claimed', 'posting'))
  and not exists (select 1
                  from outbox r
                  where r.recipient = o.recipient and r.state = 'ready' and r.is_retried
                    and r.id < o.id and r.priority <= o.priority)
order by due, id
limit 1;

-- claim --
-- Until their lease is over their bytes may be on their way; what was heard of an earlier attempt is
-- over.
update outbox o
set state     = 'posting',
    attempt   = o.attempt + 1,
    node      = $1,
    lease     = $2,
    tag       = given.tag,
    posted_at = given.at,
    reason    = null,
    ref       = null,
    sent_at   = null,
    status    = null,
    rank      = null,
    code      = null
from unnest($3::bigint[], $4::text[], $5::bigint[]) as given (id, tag, at)
where o.id = given.id;

-- hold_customers --
-- One node at a time looks at what has left to a customer unasked. Who is held by a turn is passed
-- by: it may wait for a row that we hold.
select number
from customers
where number = any($1::text[])
order by number
for no key update skip locked;

-- read_standing --
-- How addresses stand now, the broadcasts that rows belong to, and what has left unasked to their
-- customers since then, on every channel, and was not refused.
select given.id, c.address is not null, c.opted_out_at is not null, c.blocked_at is not null,
       exists (select 1 from suppressions where address_hash = given.address_hash),
       (select b.state
        from recipients r
        join broadcasts b on b.id = r.broadcast
        where r.outbox = given.id),
       (select array_agg(array[o.posted_at, o.priority] order by o.posted_at)
        from outbox o
        where o.customer = given.customer and o.is_unasked and o.posted_at > $5
          and o.state in ('posting', 'accepted', 'delivered', 'unknown'))
from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[])
     as given (id, recipient, customer, address_hash)
left join lateral (select address, opted_out_at, blocked_at
                   from contacts
                   where address = given.recipient and customer = given.customer
                   offset 0) c on true;

-- known_customers --
-- Who of these is a customer.
select number
from customers
where number = any($1::text[]);

-- put_off --
-- Let them wait until they may leave; nobody has to wait behind them.
update outbox o
set due        = given.due,
    reason     = given.reason,
    is_retried = false
from unnest($1::bigint[], $2::bigint[], $3::text[]) as given (id, due, reason)
where o.id = given.id;

-- standing_tags --
-- Which attempts are posting still.
select tag
from outbox
where tag = any($1::text[]) and state = 'posting';
