-- credit_state --
-- How a credit stands now, and how many moves it has made.
select state, (select count(*) from credit_moves where credit = credits.id)
from credits
where id = ?;

-- put_credit --
-- Write a credit; whose it is, for what and how much never changes.
insert into credits (id, customer, step, cycle, megabytes, state, earned_at, moved_at,
                     provider_id, attempts, poll_at, usable_until, note)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update
set state        = excluded.state,
    moved_at     = excluded.moved_at,
    provider_id  = excluded.provider_id,
    attempts     = excluded.attempts,
    poll_at      = excluded.poll_at,
    usable_until = excluded.usable_until,
    note         = excluded.note;

-- add_move --
-- A credit has come into another state.
insert into credit_moves (credit, n, state, at, provider_id, note)
values (?, ?, ?, ?, ?, ?);

-- open_credits --
-- The credits that wait to be polled or resolved, the most urgent first.
select id, customer, step, cycle, megabytes, state, earned_at, moved_at,
       provider_id, attempts, poll_at, usable_until, note
from credits
where state in ('earned', 'requested', 'accepted', 'unknown', 'failed')
order by coalesce(poll_at, earned_at), id
limit ?;

-- book --
-- Open a ledger transaction; what is booked for a credit is booked once.
insert into ledger (at, what, customer, credit)
values (?, ?, ?, ?);

-- add_entry --
-- One account's part of a transaction.
insert into entries (booking, n, account, megabytes)
values (?, ?, ?, ?);

-- add_to_account --
-- Keep the balance of an account.
insert into accounts (name, megabytes)
values (?, ?)
on conflict (name) do update
set megabytes = megabytes + excluded.megabytes;

-- add_to_kind --
-- Keep the balance of a kind of account.
insert into kinds (name, megabytes)
values (?, ?)
on conflict (name) do update
set megabytes = megabytes + excluded.megabytes;

-- last_audit --
-- The end of the managers' chain.
select n, hash
from audit
order by n desc
limit 1;

-- add_audit --
-- Note what a person did.
insert into audit (n, at, actor, act, about, hash)
values (?, ?, ?, ?, ?, ?);
