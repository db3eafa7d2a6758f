-- size --
-- How many customers hold anything.
select count(*)
from (select customer from journeys
      union
      select customer from credits
      union
      select customer from ledger);

-- next_holders --
-- The next customers who have a journey, credits or a ledger.
select customer
from (select * from (select customer from journeys where customer > ?1 order by customer limit ?2)
      union
      select * from (select distinct customer from credits where customer > ?1
                     order by customer limit ?2)
      union
      select * from (select distinct customer from ledger where customer > ?1
                     order by customer limit ?2))
order by customer
limit ?2;

-- read_journey --
-- Where one customer stands.
select body
from journeys
where customer = ?;

-- read_own_accounts --
-- The kept balances of the accounts that are one customer's own.
select name, megabytes
from accounts
where name in ('liability:' || ?1, 'delivered:' || ?1)
order by name;

-- read_told --
-- The credits that a customer's messages speak of as booked.
select distinct about
from outbox
where customer = ? and line in ('Credited', 'GoalReached') and about is not null;

-- read_shared_accounts --
-- The kept balances of the accounts that are nobody's own.
select name, megabytes
from accounts
where instr(name, ':') = 0;

-- read_kept_kinds --
-- The kept balances of each kind of account.
select name || ':', megabytes
from kinds;

-- page_of_credits --
-- The next credits by id, and how the operator knows their line.
select k.id, k.customer, k.step, k.cycle, k.megabytes, k.state, k.earned_at, k.moved_at,
       k.provider_id, k.attempts, k.poll_at, k.usable_until, k.note,
       c.bucket,
       (select group_concat(substr(address, 5), ' ')
        from contacts
        where customer = k.customer and address like 'tel:%')
from credits k
left join customers c on c.number = k.customer
where k.id > ?
order by k.id
limit ?;

-- page_of_journal --
-- The next rows of all journals.
select customer, n, at, known_at, kind, body, source, effects, hash
from journal
where (customer, n) > (?, ?)
order by customer, n
limit ?;

-- page_of_ends --
-- The ends of the next journals, and what was sealed as such.
select j.customer, coalesce(t.n, 0), coalesce(t.hash, x''), j.seal
from journeys j
left join journal t on t.customer = j.customer
                   and t.n = (select max(n) from journal where customer = j.customer)
where j.customer > ?
order by j.customer
limit ?;

-- page_of_acts --
-- The next rows of the managers' chain.
select n, at, actor, act, about, hash
from audit
where n > ?
order by n
limit ?;

-- read_moves --
-- A credit's history.
select n, state, at, provider_id, note
from credit_moves
where credit = ?
order by n;

-- followed --
-- The open credit that the operator knows by an id of its own.
select id
from credits
where provider_id = ? and state in ('accepted', 'unknown')
limit 1;

-- due_quarantine --
-- Kept events whose time has come.
select source, id, body, reason, retry_at
from quarantine
where retry_at <= ?
order by retry_at, source, id
limit ?;

-- next_quarantine --
-- When the time of the next kept event comes.
select min(retry_at)
from quarantine;

-- kept_text --
-- The words that a hash stands for.
select text, version, language
from texts
where hash = ?;
