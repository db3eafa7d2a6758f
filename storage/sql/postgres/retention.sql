-- forget_reports --
-- A report that waits to be applied and speaks of somebody who is forgotten.
delete from quarantine
where position($1::bytea in body) > 0;

-- forget_drafts --
-- A list of customers that a manager has not sent off yet, and speaks of them.
update kept
set value = ''
where substr(name, 1, 7) = 'invite.' and strpos(value, $1) > 0;

-- drop_journal --
-- A customer's journal goes; a sealed row takes its place.
delete from journal
where customer = $1;

-- drop_messages --
-- What was said to a customer goes, unless it is still on its way.
delete from outbox
where customer = $1 and state in ('accepted', 'delivered', 'failed', 'skipped');

-- drop_words --
-- What a customer and our people wrote to one another goes, unless it waits.
delete from words
where customer = $1
  and (request is null
       or request in (select id from requests where customer = $1 and closed_at is not null));

-- drop_questions --
-- So do the questions that were answered.
delete from questions
where request in (select id from requests where customer = $1 and closed_at is not null);

-- drop_requests --
-- What people have answered goes.
delete from requests
where customer = $1 and closed_at is not null;

-- drop_viewing --
-- What was watched goes.
delete from viewings
where customer = $1;

-- lapsed --
-- Whose invitation came to nothing and who is not forgotten yet, the oldest first.
select customer, since
from journeys
where state in ('expired', 'declined') and left(customer, 7) <> 'erased-' and since <= $1
order by since
limit $2;

-- uninvited --
-- Who was imported long ago and never invited: the index of those who are alike holds them together.
select r.customer
from reach r
join customers c on c.number = r.customer
where r.state is null and c.added_at <= $1
limit $2;

-- held_early --
-- Of whom a report is still kept though their invitation has come to nothing: expired, or declined,
-- each between two moments, which the index finds.
select customer, since
from (select customer, since
      from journeys
      where state in ('expired', 'declined') and left(customer, 7) <> 'erased-'
        and state = 'expired' and since > $1 and since <= $2
      union all
      select customer, since
      from journeys
      where state in ('expired', 'declined') and left(customer, 7) <> 'erased-'
        and state = 'declined' and since > $3 and since <= $4) as l
where exists (select 1
              from journal r
              where r.customer = l.customer
                and r.kind in ('PortalRegistered', 'PortalUsed', 'VideoWatched', 'AppInstalled',
                               'HotlineCalled'))
order by since
limit $5;

-- drop_links --
-- Links that lead nowhere any more go.
delete from links
where hash in (select hash
               from links
               where expires_at <= $1
               order by expires_at
               limit $2);

-- drop_codes --
-- Codes that open nothing any more go.
delete from codes
where customer in (select customer
                   from codes
                   where expires_at <= $1
                   limit $2);

-- drop_reports --
-- Reports that nobody could read or apply go.
delete from quarantine
where (source, id) in (select source, id
                       from quarantine
                       where at <= $1 and retry_at is null
                       order by at
                       limit $2);

-- old_books --
-- The next bookings from before a moment, and whose they are.
select id, customer
from ledger
where id > $1 and at < $2 and customer <> 'erased-past'
order by id
limit $3;

-- carry --
-- One booking stands for all that is carried over.
insert into ledger (id, at, what, customer, credit)
values (nextval('ledger_ids'), $1, 'carry', 'erased-past', null)
returning id;

-- carry_entries --
-- Its entries: what the customer's bookings and those carried before come to.
insert into entries (booking, n, account, megabytes)
select $1, row_number() over (order by account), account, megabytes
from (select case when strpos(e.account, ':') = 0 then e.account
                  else split_part(e.account, ':', 1) || ':erased-past'
             end as account,
             sum(e.megabytes) as megabytes
      from entries e
      join ledger l on l.id = e.booking
      where l.customer in ($2, 'erased-past') and l.id <> $1
      group by 1) carried
where megabytes <> 0;

-- carry_balance --
-- The balance of one kind of account passes to what is carried over.
insert into accounts as a (name, megabytes)
select $1::text || ':erased-past', megabytes
from accounts
where name = $1::text || ':' || $2::text
on conflict (name) do update
set megabytes = a.megabytes + excluded.megabytes;

-- close_account --
-- The customer's own account is no more.
delete from accounts
where name = $1::text || ':' || $2::text;

-- carried_entries --
-- What was carried over stands in the new booking.
delete from entries
where booking in (select id
                  from ledger
                  where customer in ($2, 'erased-past') and id <> $1);

-- carried_books --
-- So do the bookings.
delete from ledger
where customer in ($2, 'erased-past') and id <> $1;

-- drop_moves --
-- The history of a customer's credits goes.
delete from credit_moves
where credit in (select id
                 from credits
                 where customer = $1);

-- drop_credits --
-- The credits themselves.
delete from credits
where customer = $1;

-- drop_record --
-- The journal of somebody who is forgotten.
delete from journal
where customer = $1;

-- drop_journey --
-- Where they stood.
delete from journeys
where customer = $1;

-- drop_recipients --
-- What broadcasts knew of them; the counts stay.
delete from recipients
where broadcast in (select id from broadcasts)
  and customer = $1;

-- drop_customer --
-- And the pseudonym itself.
delete from customers
where number = $1;
