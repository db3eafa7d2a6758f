-- skip_what_waits --
-- What was to be said to them is not said; a broadcast counts its recipient as passed over.
update outbox
set state  = 'skipped',
    reason = 'opted_out',
    lease  = null
where customer = $1::text and state in ('ready', 'claimed');

-- lose_sight --
-- Of what is leaving at this moment nobody will hear any more.
update outbox
set state  = 'unknown',
    due    = null,
    reason = 'erased',
    lease  = null
where customer = $1::text and state in ('posting', 'unknown');

-- rename_recipients --
-- A broadcast counts its recipients on, without knowing who they were.
update recipients
set customer = $2::text,
    outbox   = null
where broadcast in (select id from broadcasts)
  and customer = $1::text;

-- delete_messages --
-- What was said to them; the receipts go with it.
delete from outbox
where customer = $1::text;

-- delete_journal --
-- What happened to them.
delete from journal
where customer = $1::text;

-- delete_journey --
-- Where they stand.
delete from journeys
where customer = $1::text;

-- delete_wakes --
-- When to come back to them.
delete from wakes
where customer = $1::text;

-- delete_links --
-- What leads to their page.
delete from links
where customer = $1::text;

-- delete_code --
-- What opens their data.
delete from codes
where customer = $1::text;

-- delete_viewing --
-- What they have watched.
delete from viewings
where customer = $1::text;

-- delete_words --
-- What they and our people have written to one another.
delete from words
where customer = $1::text;

-- delete_questions --
-- Which of their questions waited.
delete from questions
where customer = $1::text;

-- delete_requests --
-- What they have asked people.
delete from requests
where customer = $1::text;

-- leave_incidents --
-- They are no longer among those whom an incident names.
update incidents
set customers = (select json_agg(value)
                 from json_array_elements_text(incidents.customers::json)
                 where value <> $1::text)
where $1::text in (select json_array_elements_text(incidents.customers::json));

-- rename_credits --
-- What was granted stays, under the pseudonym.
update credits
set customer = $2::text
where customer = $1::text;

-- rename_entries --
-- The entries of the ledger stay, under the pseudonym.
update entries
set account = split_part(account, ':', 1) || ':' || $2::text
where booking in (select id from ledger where customer = $1::text)
  and account in ('liability:' || $1::text, 'delivered:' || $1::text);

-- rename_ledger --
-- So do its bookings.
update ledger
set customer = $2::text
where customer = $1::text;

-- rename_liability --
-- And the balance of what was set aside.
update accounts
set name = 'liability:' || $2::text
where name = 'liability:' || $1::text;

-- rename_delivered --
-- And of what was delivered.
update accounts
set name = 'delivered:' || $2::text
where name = 'delivered:' || $1::text;

-- delete_allowances --
-- When we may write to their addresses again.
delete from allowances
where recipient in (select address
                    from contacts
                    where customer = $1::text);

-- delete_contacts --
-- How they were reached.
delete from contacts
where customer = $1::text;

-- delete_customer --
-- Who they are.
delete from customers
where number = $1::text;
