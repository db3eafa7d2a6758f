-- size --
-- How many customers hold anything.
select count(*)
from (select customer from journeys
      union
      select customer from credits
      union
      select customer from ledger) holders;

-- next_holders --
-- The next customers who have a journey, credits or a ledger.
select customer
from ((select customer from journeys where customer > $1 order by customer limit $2)
      union
      (select distinct customer from credits where customer > $1 order by customer limit $2)
      union
      (select distinct customer from ledger where customer > $1 order by customer limit $2)) holders
order by customer
limit $2;

-- read_journeys --
-- Where customers stand.
select customer, body
from journeys
where customer = any($1::text[]);

-- read_credits --
-- All credits of customers, the oldest first.
select id, customer, step, cycle, megabytes, state, earned_at, moved_at,
       provider_id, attempts, poll_at, usable_until, note
from credits
where customer = any($1::text[])
order by customer, earned_at, step, cycle;

-- read_bookings --
-- The ledger of customers, one line for each account.
select l.id, l.at, l.what, l.customer, l.credit, e.account, e.megabytes
from ledger l
join entries e on e.booking = l.id
where l.customer = any($1::text[])
order by l.customer, l.id, e.n;

-- read_own_accounts --
-- The kept balances of the accounts that are customers' own.
select own.customer, a.name, a.megabytes
from unnest($1::text[]) as own (customer)
join accounts a on a.name in ('liability:' || own.customer, 'delivered:' || own.customer)
order by a.name;

-- read_told --
-- The credits that customers' messages speak of as booked.
select distinct customer, about
from outbox
where customer = any($1::text[]) and line in ('Credited', 'GoalReached') and about is not null;

-- read_shared_accounts --
-- The kept balances of the accounts that are nobody's own.
select name, megabytes
from accounts
where strpos(name, ':') = 0;

-- read_kept_kinds --
-- The kept balances of each kind of account.
select name || ':', megabytes
from kinds;

-- page_of_credits --
-- The next credits by id, and how the operator knows their line.
select k.id, k.customer, k.step, k.cycle, k.megabytes, k.state, k.earned_at, k.moved_at,
       k.provider_id, k.attempts, k.poll_at, k.usable_until, k.note,
       c.bucket,
       array(select substr(address, 5)
             from contacts
             where customer = k.customer and address like 'tel:%'
             order by place)
from credits k
left join customers c on c.number = k.customer
where $1::uuid is null or k.id > $1
order by k.id
limit $2;

-- page_of_journal --
-- The next rows of all journals.
select customer, n, at, known_at, kind, body, source, effects, hash
from journal
where (customer, n) > ($1::text, $2::integer)
order by customer, n
limit $3;

-- page_of_ends --
-- The ends of the next journals, and what was sealed as such.
select j.customer, coalesce(t.n, 0), coalesce(t.hash, ''::bytea), j.seal
from journeys j
left join lateral (select n, hash
                   from journal
                   where customer = j.customer
                   order by n desc
                   limit 1) t on true
where j.customer > $1
order by j.customer
limit $2;

-- page_of_acts --
-- The next rows of the managers' chain.
select n, at, actor, act, about, hash
from audit
where n > $1
order by n
limit $2;

-- read_moves --
-- A credit's history.
select n, state, at, provider_id, note
from credit_moves
where credit = $1
order by n;

-- followed --
-- The open credit that the operator knows by an id of its own.
select id
from credits
where provider_id = $1 and state in ('accepted', 'unknown')
limit 1;

-- due_quarantine --
-- Kept events whose time has come.
select source, id, body, reason, retry_at
from quarantine
where retry_at <= $1
order by retry_at, source, id
limit $2;

-- next_quarantine --
-- When the time of the next kept event comes.
select min(retry_at)
from quarantine;

-- kept_text --
-- The words that a hash stands for.
select text, version, language
from texts
where hash = $1;
