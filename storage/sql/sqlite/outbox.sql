-- enqueue --
-- Put something finished into the outbox; what is about the same and says the same is said once.
insert into outbox (lane, priority, recipient, line, body, due, created_at, customer,
                    use_by, cost, is_unasked, may_resend, about)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict do nothing;

-- show --
-- Say something on a customer's page, once if it is about something; it is there at once.
insert into outbox (lane, priority, recipient, line, body, created_at, sent_at, customer,
                    cost, is_unasked, may_resend, about, state)
values ('page', 0, 'page:' || ?1, ?2, ?3, ?4, ?4, ?1, 0, 0, 0, ?5, 'delivered')
on conflict do nothing;

-- cancel_queued --
-- Take back everything unasked that a customer has not been sent yet; what is marked as posting
-- for a later moment still waits for its slot.
update outbox
set state  = 'skipped',
    reason = ?,
    lease  = null
where customer = ? and is_unasked = 1
  and (state in ('ready', 'claimed') or state = 'posting' and posted_at > ?);

-- pause_lane --
-- Let nothing leave by this lane until then; a longer pause stays.
insert into lanes (name, paused_until, reason)
values (?, ?, ?)
on conflict (name) do update
set paused_until = excluded.paused_until,
    reason       = excluded.reason
where excluded.paused_until > paused_until;

-- pause_recipient --
-- Let nothing leave to a recipient until then; a longer pause stays.
insert into allowances (recipient, opens_at)
values (?, ?)
on conflict (recipient) do update
set opens_at = excluded.opens_at
where excluded.opens_at > opens_at;

-- forget_allowances --
-- Whoever may be written to has no row.
delete from allowances
where opens_at <= ?;

-- read_outcome --
-- How a row stands before it is settled, and its last attempt.
select state, customer, tag
from outbox
where id = ?;

-- accept --
-- The provider has it; what a receipt has said already stays.
update outbox
set state   = iif(state in ('delivered', 'failed') or rank = 5, state, 'accepted'),
    ref     = coalesce(?, ref),
    sent_at = coalesce(sent_at, ?),
    reason  = iif(state in ('delivered', 'failed') or rank = 5, reason, ?),
    lease   = iif(rank = 5, lease, null)
where id = ?;

-- accept_attempt --
-- The same for those of an array of [id, tag, ref, at, reason] that are customers' rows and have not
-- gone on to another attempt; nothing happens if they have, or if the id is another row's.
update or ignore outbox
set state   = iif(state in ('delivered', 'failed') or rank = 5, state, 'accepted'),
    ref     = coalesce(j.value ->> 2, ref),
    sent_at = coalesce(sent_at, j.value ->> 3),
    reason  = iif(state in ('delivered', 'failed') or rank = 5, reason, j.value ->> 4),
    lease   = iif(rank = 5, lease, null)
from json_each(?) j
where outbox.id = j.value ->> 0 and tag = j.value ->> 1 and customer is not null;

-- wait --
-- Send it again, from then on.
update outbox
set state      = 'ready',
    due        = ?,
    reason     = ?,
    attempt    = attempt - ?,
    is_retried = 1,
    lease      = null
where id = ?;

-- lose_sight --
-- Nobody knows whether it left; look it up then, or never.
update outbox
set state  = 'unknown',
    due    = ?,
    reason = ?,
    lease  = null
where id = ?;

-- end_as --
-- It is over, without having been accepted.
update outbox
set state  = ?,
    reason = ?,
    lease  = null
where id = ?;

-- forget --
-- A stranger's row goes once it is final.
delete from outbox
where id = ?;

-- free_claimed --
-- An earlier version took these and died before it sent them: they wait again, and the attempt was
-- none.
update outbox
set state   = 'ready',
    attempt = attempt - 1,
    lease   = null
where state in ('claimed', 'posting') and state = 'claimed' and lease <= ?;

-- lose_posting --
-- A worker died while it sent these: look them up now.
update outbox
set state  = 'unknown',
    due    = ?1,
    reason = 'lease expired',
    lease  = null
where state in ('claimed', 'posting') and state = 'posting' and lease <= ?1;

-- unresolved --
-- Rows of unknown outcome that are to be looked up, the oldest look-up first.
select id, lane, priority, recipient, line, body, due, created_at, attempt, customer,
       use_by, cost, is_unasked, may_resend, about, tag, posted_at
from outbox
where state = 'unknown' and lane = ? and due <= ?
order by due, id
limit ?;

-- next_look --
-- When the lane's earliest look-up is due.
select min(due)
from outbox
where state = 'unknown' and lane = ? and due is not null;

-- known_ref --
-- Whether one of the provider's ids is a row's already.
select 1
from outbox
where ref = ?;
