-- message_by_tag --
-- The row that left under a tag of ours.
select id, customer, rank, status, attempt, use_by
from outbox
where tag = ?;

-- message_by_ref --
-- The row that the provider knows by this id.
select id, customer, rank, status, attempt, use_by
from outbox
where ref = ?;

-- keep_receipt --
-- Keep each status of an attempt once.
insert into receipts (outbox_id, attempt, status, at, rank, code)
values (?, ?, ?, ?, ?, ?)
on conflict do nothing;

-- adopt --
-- A receipt has proven that it left: its id, if that was not known, and its figures.
update outbox
set ref         = coalesce(ref, ?),
    sent_at     = coalesce(sent_at, ?),
    segments    = coalesce(?, segments),
    price_cents = coalesce(?, price_cents)
where id = ?;

-- has_left --
-- Then it need not leave any more, unless that attempt is known to have failed.
update outbox
set state = 'accepted',
    lease = null
where id = ? and state in ('ready', 'claimed', 'posting', 'unknown') and coalesce(rank, 0) < 5;

-- climb --
-- The provider's word is a later one than the one we had.
update outbox
set status = ?,
    rank   = ?,
    code   = coalesce(?, code),
    state  = coalesce(?, state)
where id = ?;

-- leave_again --
-- It failed softly: let it leave once more, from then on.
update outbox
set state      = 'ready',
    due        = ?,
    reason     = 'soft failure',
    is_retried = 1
where id = ?;
