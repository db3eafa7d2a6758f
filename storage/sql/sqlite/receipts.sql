-- message_by_tag --
-- The row that left under a tag of ours.
select id, state, customer, rank, status
from outbox
where tag = ?;

-- message_by_ref --
-- The row that the provider knows by this id.
select id, state, customer, rank, status
from outbox
where ref = ?;

-- keep_receipt --
-- Keep each status of a message once.
insert into receipts (outbox_id, status, at, rank, code)
values (?, ?, ?, ?, ?)
on conflict do nothing;

-- adopt --
-- A receipt has proven that it left: its id, if that was not known, and its figures.
update outbox
set ref         = coalesce(ref, ?),
    sent_at     = coalesce(sent_at, ?),
    segments    = coalesce(?, segments),
    price_cents = coalesce(?, price_cents),
    state       = iif(state in ('ready', 'claimed', 'posting', 'unknown'), 'accepted', state),
    lease       = null
where id = ?;

-- climb --
-- The provider's word is a later one than the one we had.
update outbox
set status = ?,
    rank   = ?,
    code   = coalesce(?, code),
    state  = coalesce(?, state)
where id = ?;
