-- hold_lane --
-- The lane's next free moment, what left in the second before it, and its pause, held for us:
-- slots are given away by one node at a time. A claim need not outlive the server, so nobody waits
-- for the disk while a lane is held; and the marks before the bytes leave carry it along.
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

-- pause_lane --
-- Let nothing leave by this lane until then; a longer pause stays.
insert into lanes as l (name, paused_until, reason)
values ($1, $2, $3)
on conflict (name) do update
set paused_until = excluded.paused_until,
    reason       = excluded.reason
where excluded.paused_until > l.paused_until;

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

-- put_allowances --
-- Keep from when on recipients may be written to again.
insert into allowances (recipient, opens_at)
select *
from unnest($1::text[], $2::bigint[])
on conflict (recipient) do update
set opens_at = excluded.opens_at;

-- pause_recipient --
-- Let nothing leave to a recipient until then; a longer pause stays.
insert into allowances as a (recipient, opens_at)
values ($1, $2)
on conflict (recipient) do update
set opens_at = excluded.opens_at
where excluded.opens_at > a.opens_at;

-- forget_allowances --
-- Whoever may be written to has no row.
delete from allowances
where opens_at <= $1;

-- hold_back --
-- Their recipients have had enough: they are due when these may be written to again.
update outbox o
set due = given.due
from unnest($1::bigint[], $2::bigint[]) as given (id, due)
where o.id = given.id;

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
-- Hold rows until their lease is over.
update outbox
set state   = 'claimed',
    attempt = attempt + 1,
    node    = $2,
    lease   = $3
where id = any($1::bigint[]);

-- read_outcomes --
-- How rows stand before they are settled, and their last attempt, and whose the provider's ids are
-- already; held in one order.
select o.id, o.state, o.customer, o.tag, (select id from outbox where ref = given.ref)
from outbox o
join unnest($1::bigint[], $2::text[]) as given (id, ref) on given.id = o.id
order by o.id
for no key update of o;

-- known_refs --
-- Which of a provider's ids are a row's already.
select ref
from outbox
where ref = any($1::text[]);

-- accept --
-- The provider has them; what a receipt has said already stays.
update outbox o
set state   = case when o.state in ('delivered', 'failed') or o.rank = 5 then o.state
                   else 'accepted'
              end,
    ref     = coalesce(given.ref, o.ref),
    sent_at = coalesce(o.sent_at, given.at),
    reason  = case when o.state in ('delivered', 'failed') or o.rank = 5 then o.reason
                   else given.reason
              end,
    lease   = case when o.rank = 5 then o.lease end
from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as given (id, ref, at, reason)
where o.id = given.id;

-- wait --
-- Send them again, from then on.
update outbox o
set state      = 'ready',
    due        = given.due,
    reason     = given.reason,
    attempt    = o.attempt - given.uncounted,
    is_retried = true,
    lease      = null
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::integer[])
     as given (id, due, reason, uncounted)
where o.id = given.id;

-- lose_sight --
-- Nobody knows whether they left; look them up then, or never.
update outbox o
set state  = 'unknown',
    due    = given.due,
    reason = given.reason,
    lease  = null
from unnest($1::bigint[], $2::bigint[], $3::text[]) as given (id, due, reason)
where o.id = given.id;

-- end_as --
-- It is over, without having been accepted.
update outbox o
set state  = given.state,
    reason = given.reason,
    lease  = null
from unnest($1::bigint[], $2::text[], $3::text[]) as given (id, state, reason)
where o.id = given.id;

-- forget --
-- Strangers' rows go once they are final.
delete from outbox
where id = any($1::bigint[]);

-- forget_strangers --
-- The time of strangers who were answered is over.
delete from strangers
where expires_at <= $1;

-- free_claimed --
-- A worker died before it sent these: they wait again, and the attempt was none.
update outbox
set state   = 'ready',
    attempt = attempt - 1,
    lease   = null
where id in (select id
             from outbox
             where state in ('claimed', 'posting') and state = 'claimed' and lease <= $1
             for no key update skip locked);

-- lose_posting --
-- A worker died while it sent these: look them up now.
update outbox
set state  = 'unknown',
    due    = $1,
    reason = 'lease expired',
    lease  = null
where id in (select id
             from outbox
             where state in ('claimed', 'posting') and state = 'posting' and lease <= $1
             for no key update skip locked);

-- unresolved --
-- Rows of unknown outcome that are to be looked up, the oldest look-up first.
select id, lane, priority, recipient, line, body, due, created_at, attempt, customer,
       use_by, cost, is_unasked, may_resend, about, tag, posted_at
from outbox
where state = 'unknown' and lane = $1 and due <= $2
order by due, id
limit $3;

-- next_look --
-- When the lane's earliest look-up is due.
select min(due)
from outbox
where state = 'unknown' and lane = $1 and due is not null;
