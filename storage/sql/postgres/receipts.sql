-- hold_message --
-- The row that left under a tag of ours, else the one that the provider knows by this id.
select id, customer, rank, status, attempt, use_by
from outbox
where tag = $1 or (ref = $2 and not exists (select 1 from outbox where tag = $1))
for no key update;

-- keep_receipt --
-- Keep each status of an attempt once.
insert into receipts (outbox_id, attempt, status, at, rank, code)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;

-- is_taken --
-- Whether a provider's id is another row's.
select exists (select 1 from outbox where ref = $1 and id <> $2);

-- adopt --
-- A receipt has proven that it left: its id, if that was not known, and its figures. Then it need
-- not leave any more, unless that attempt is known to have failed.
update outbox
set ref         = coalesce(ref, $2),
    sent_at     = coalesce(sent_at, $3),
    segments    = coalesce($4, segments),
    price_cents = coalesce($5, price_cents),
    lease       = case when state in ('ready', 'claimed', 'posting', 'unknown')
                            and coalesce(rank, 0) < 5 then null
                       else lease
                  end,
    state       = case when state in ('ready', 'claimed', 'posting', 'unknown')
                            and coalesce(rank, 0) < 5 then 'accepted'
                       else state
                  end
where id = $1;

-- climb --
-- The provider's word is a later one than the one we had.
update outbox
set status = $2,
    rank   = $3,
    code   = coalesce($4, code),
    state  = coalesce($5, state)
where id = $1;

-- leave_again --
-- It failed softly: let it leave once more, from then on.
update outbox
set state      = 'ready',
    due        = $2,
    reason     = 'soft failure',
    is_retried = true
where id = $1;
