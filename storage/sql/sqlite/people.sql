-- put_customer --
-- Write a customer; the day of the first import stays.
insert into customers (number, language, basis, attributes, bucket, account, added_at)
values (?, ?, ?, ?, ?, ?, ?)
on conflict (number) do update
set language   = excluded.language,
    basis      = excluded.basis,
    attributes = excluded.attributes,
    bucket     = excluded.bucket,
    account    = excluded.account;

-- drop_contacts --
-- Forget all addresses of a customer, to write them anew.
delete from contacts
where customer = ?;

-- add_contact --
-- Write an address that must be nobody's yet.
insert into contacts (address, customer, place, opted_out_at, blocked_at, used_at)
values (?, ?, ?, ?, ?, ?);

-- put_contact --
-- Write one address; it is theirs who proved it last.
insert into contacts (address, customer, place, opted_out_at, blocked_at, used_at)
values (?1, ?2, (select count(*) from contacts where customer = ?2), ?3, ?4, ?5)
on conflict (address) do update
set place        = iif(customer = excluded.customer, place, excluded.place),
    customer     = excluded.customer,
    opted_out_at = excluded.opted_out_at,
    blocked_at   = excluded.blocked_at,
    used_at      = excluded.used_at;

-- put_journey --
-- Write where a customer stands, and since when if that is new.
insert into journeys (customer, state, step, month, since, body, seal)
values (?, ?, ?, ?, ?, ?, ?)
on conflict (customer) do update
set since = iif(state = excluded.state, since, excluded.since),
    state = excluded.state,
    step  = excluded.step,
    month = excluded.month,
    body  = excluded.body,
    seal  = excluded.seal;

-- append --
-- Add a row to a customer's journal; the same place is never filled twice.
insert into journal (customer, n, at, known_at, kind, body, source, effects, hash)
values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- mint_link --
-- Make a personal link valid.
insert into links (hash, customer, purpose, expires_at, spent_at)
values (?, ?, ?, ?, ?);

-- spend_link --
-- Mark a link as used; the first time counts.
update links
set spent_at = ?
where hash = ? and spent_at is null;

-- revoke_links --
-- Forget all links of a customer that were made for one purpose.
delete from links
where customer = ? and purpose = ?;

-- put_code --
-- Write the code that was last sent to a customer.
insert into codes (customer, hash, expires_at, tries, sent, since)
values (?, ?, ?, ?, ?, ?)
on conflict (customer) do update
set hash       = excluded.hash,
    expires_at = excluded.expires_at,
    tries      = excluded.tries,
    sent       = excluded.sent,
    since      = excluded.since;

-- keep_text --
-- Keep a text once.
insert into texts (hash, text, version, language)
values (?, ?, ?, ?)
on conflict do nothing;

-- open_request --
-- Put something into the queue of the people behind the bot.
insert into requests (customer, request, about, at)
values (?, ?, ?, ?);

-- close_request --
-- Somebody has answered; the first answer stays.
update requests
set closed_at = ?, closed_by = ?
where id = ? and closed_at is null;

-- put_incident --
-- Note an incident; opening and closing come in any order.
insert into incidents (id, area, customers, opened_at, closed_at)
values (?, ?, ?, ?, ?)
on conflict (id) do update
set area      = coalesce(excluded.area, area),
    customers = coalesce(excluded.customers, customers),
    opened_at = coalesce(excluded.opened_at, opened_at),
    closed_at = coalesce(excluded.closed_at, closed_at);

-- put_viewing --
-- Write what a customer has watched of the film; another film begins anew.
insert into viewings (customer, film, duration_ms, reported_at, watched)
values (?, ?, ?, ?, ?)
on conflict (customer) do update
set film        = excluded.film,
    duration_ms = excluded.duration_ms,
    reported_at = excluded.reported_at,
    watched     = excluded.watched;
