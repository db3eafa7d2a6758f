-- pause_lane --
-- Let nothing leave by this lane until then; a longer pause stays.
insert into lanes as l (name, paused_until, reason)
values ($1, $2, $3)
on conflict (name) do update
set paused_until = excluded.paused_until,
    reason       = excluded.reason
where excluded.paused_until > l.paused_until;

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

-- hurry --
-- Do not wait for the disk: what is lost with the server will be looked up, as if its worker had died.
select set_config('synchronous_commit', 'off', true);

-- accept_attempts --
-- The provider has them: customers' rows that have not gone on to another attempt, and whose id is
-- no other row's. Nearly always that is all there is to settle. (No plan may begin with their tags.)
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
from (select id, tag, ref, at, reason, (select x.id from outbox x where x.ref = g.ref) as owner
      from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[])
           as g (id, tag, ref, at, reason)
      offset 0) given
where o.id = given.id and o.tag is not distinct from given.tag and o.customer is not null
  and coalesce(given.owner, o.id) = o.id
returning o.id;

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
-- An earlier version took these and died before it sent them: they wait again, and the attempt was
-- none.
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
