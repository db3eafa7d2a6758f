-- skip_what_waits --
-- What was to be said to them is not said; a broadcast counts its recipient as passed over.
update outbox
set state  = 'skipped',
    reason = 'opted_out',
    lease  = null
where customer = ?1 and state in ('ready', 'claimed');

-- lose_sight --
-- Of what is leaving at this moment nobody will hear any more.
update outbox
set state  = 'unknown',
    due    = null,
    reason = 'erased',
    lease  = null
where customer = ?1 and state in ('posting', 'unknown');

-- rename_recipients --
-- A broadcast counts its recipients on, without knowing who they were.
update recipients
set customer = ?2,
    outbox   = null
where broadcast in (select id from broadcasts)  -- so that the primary key is used
  and customer = ?1;

-- delete_messages --
-- What was said to them; the receipts go with it.
delete from outbox
where customer = ?1;

-- delete_journal --
-- What happened to them.
delete from journal
where customer = ?1;

-- delete_journey --
-- Where they stand.
delete from journeys
where customer = ?1;

-- delete_wakes --
-- When to come back to them.
delete from wakes
where customer = ?1;

-- delete_links --
-- What leads to their page.
delete from links
where customer = ?1;

-- delete_code --
-- What opens their data.
delete from codes
where customer = ?1;

-- delete_viewing --
-- What they have watched.
delete from viewings
where customer = ?1;

-- delete_words --
-- What they and our people have written to one another.
delete from words
where customer = ?1;

-- delete_questions --
-- Which of their questions waited.
delete from questions
where customer = ?1;

-- delete_requests --
-- What they have asked people.
delete from requests
where customer = ?1;

-- leave_incidents --
-- They are no longer among those whom an incident names.
update incidents
set customers = (select json_group_array(value)
                 from json_each(incidents.customers)
                 where value <> ?1)
where exists (select 1
              from json_each(incidents.customers)
              where value = ?1);

-- rename_credits --
-- What was granted stays, under the pseudonym.
update credits
set customer = ?2
where customer = ?1;

-- rename_entries --
-- The entries of the ledger stay, under the pseudonym.
update entries
set account = substr(account, 1, instr(account, ':')) || ?2
where booking in (select id from ledger where customer = ?1)
  and substr(account, instr(account, ':') + 1) = ?1
  and instr(account, ':') > 0;

-- rename_ledger --
-- So do its bookings.
update ledger
set customer = ?2
where customer = ?1;

-- rename_liability --
-- And the balance of what was set aside.
update accounts
set name = 'liability:' || ?2
where name = 'liability:' || ?1;

-- rename_delivered --
-- And of what was delivered.
update accounts
set name = 'delivered:' || ?2
where name = 'delivered:' || ?1;

-- delete_allowances --
-- When we may write to their addresses again.
delete from allowances
where recipient in (select address
                    from contacts
                    where customer = ?1);

-- delete_contacts --
-- How they were reached.
delete from contacts
where customer = ?1;

-- delete_customer --
-- Who they are.
delete from customers
where number = ?1;
