-- put_customers --
-- Write customers; the day of the first import stays.
insert into customers (number, language, basis, attributes, bucket, account, added_at)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
on conflict (number) do update
set language   = excluded.language,
    basis      = excluded.basis,
    attributes = excluded.attributes,
    bucket     = excluded.bucket,
    account    = excluded.account;

-- drop_contacts --
-- Forget all addresses of customers, to write them anew.
delete from contacts
where customer = any($1::text[]);

-- add_contacts --
-- Write addresses that must be nobody's yet.
insert into contacts (address, customer, place, opted_out_at, blocked_at, used_at)
select *
from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[]);

-- put_contacts --
-- Write single addresses; each is theirs who proved it last.
insert into contacts as c (address, customer, place, opted_out_at, blocked_at, used_at)
select address, customer, (select count(*) from contacts where customer = given.customer),
       opted_out_at, blocked_at, used_at
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
     as given (address, customer, opted_out_at, blocked_at, used_at)
order by address
on conflict (address) do update
set place        = case c.customer when excluded.customer then c.place else excluded.place end,
    customer     = excluded.customer,
    opted_out_at = excluded.opted_out_at,
    blocked_at   = excluded.blocked_at,
    used_at      = excluded.used_at;

-- put_journeys --
-- Write where customers stand, and since when if that is new.
insert into journeys as j (customer, state, step, month, since, body, seal)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::text[],
            $7::bytea[])
on conflict (customer) do update
set since = case j.state when excluded.state then j.since else excluded.since end,
    state = excluded.state,
    step  = excluded.step,
    month = excluded.month,
    body  = excluded.body,
    seal  = excluded.seal;

-- append --
-- Add rows to customers' journals; the same place is never filled twice.
insert into journal (customer, n, at, known_at, kind, body, source, effects, hash)
select *
from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::bytea[]);

-- put_viewings --
-- Write what customers have watched of the film; another film begins anew.
insert into viewings (customer, film, duration_ms, reported_at, watched)
select *
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
on conflict (customer) do update
set film        = excluded.film,
    duration_ms = excluded.duration_ms,
    reported_at = excluded.reported_at,
    watched     = excluded.watched;

-- keep_texts --
-- Keep texts once.
insert into texts (hash, text, version, language)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::text[])
on conflict do nothing;

-- revoke_links --
-- Forget all links of customers that were made for one purpose.
delete from links
using unnest($1::text[], $2::text[]) as given (customer, purpose)
where links.customer = given.customer and links.purpose = given.purpose;

-- put_codes --
-- Write the codes that were last sent to customers.
insert into codes (customer, hash, expires_at, tries, sent, since)
select *
from unnest($1::text[], $2::bytea[], $3::bigint[], $4::integer[], $5::integer[], $6::bigint[])
on conflict (customer) do update
set hash       = excluded.hash,
    expires_at = excluded.expires_at,
    tries      = excluded.tries,
    sent       = excluded.sent,
    since      = excluded.since;

-- mint_links --
-- Make personal links valid.
insert into links (hash, customer, purpose, expires_at, spent_at)
select *
from unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]);

-- spend_links --
-- Mark links as used; the first time counts.
update links
set spent_at = given.at
from unnest($1::bytea[], $2::bigint[]) as given (hash, at)
where links.hash = given.hash and links.spent_at is null;

-- open_requests --
-- Put something into the queue of the people behind the bot.
insert into requests (customer, request, about, at)
select customer, request, about, at
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
     with ordinality as given (customer, request, about, at, n)
order by n;

-- close_requests --
-- Somebody has answered; the first answer stays.
update requests
set closed_at = given.at, closed_by = given.by
from unnest($1::bigint[], $2::bigint[], $3::text[]) as given (id, at, by)
where requests.id = given.id and closed_at is null;

-- remember --
-- Note messages as handled; a second row for one is refused.
insert into inbox (source, id, digest, answer, at)
select *
from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[]);

-- quarantine --
-- Keep what cannot be applied now; the last reason counts.
insert into quarantine (source, id, body, reason, at, retry_at)
select *
from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[])
on conflict (source, id) do update
set body     = excluded.body,
    reason   = excluded.reason,
    at       = excluded.at,
    retry_at = excluded.retry_at;

-- unquarantine --
-- What was kept has been applied.
delete from quarantine
using unnest($1::text[], $2::text[]) as given (source, id)
where quarantine.source = given.source and quarantine.id = given.id;

-- answer_anew --
-- What became of messages in the end.
update inbox
set answer = given.answer
from unnest($1::text[], $2::text[], $3::text[]) as given (source, id, answer)
where inbox.source = given.source and inbox.id = given.id;

-- suppress --
-- Never write to these addresses again; the first reason stays.
insert into suppressions (address_hash, source, at)
select *
from unnest($1::bytea[], $2::text[], $3::bigint[])
on conflict do nothing;

-- unsuppress --
-- Their owners want to hear from us again.
delete from suppressions
where address_hash = any($1::bytea[]);

-- count_strangers --
-- Remember for a while that strangers were answered.
insert into strangers (address_hash, answered_at, expires_at)
select *
from unnest($1::bytea[], $2::bigint[], $3::bigint[])
on conflict (address_hash) do update
set answered_at = excluded.answered_at,
    expires_at  = excluded.expires_at;

-- cancel_queued --
-- Take back everything unasked that customers have not been sent yet; what is marked as posting
-- for a later moment still waits for its slot.
update outbox
set state  = 'skipped',
    reason = given.reason,
    lease  = null
from unnest($1::text[], $2::text[], $3::bigint[]) as given (customer, reason, at)
where outbox.customer = given.customer and is_unasked
  and (state in ('ready', 'claimed') or state = 'posting' and posted_at > given.at);

-- enqueue --
-- Put what is finished into the outbox; what is about the same and says the same is said once.
insert into outbox (lane, priority, recipient, line, body, due, created_at, customer,
                    use_by, cost, is_unasked, may_resend, about)
select lane, priority, recipient, line, body, due, created_at, customer,
       use_by, cost, is_unasked, may_resend, about
from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[],
            $7::bigint[], $8::text[], $9::bigint[], $10::integer[], $11::boolean[],
            $12::boolean[], $13::text[])
     with ordinality as given (lane, priority, recipient, line, body, due, created_at, customer,
                               use_by, cost, is_unasked, may_resend, about, n)
order by n
on conflict do nothing;

-- show --
-- Say something on customers' pages, once if it is about something; it is there at once.
insert into outbox (lane, priority, recipient, line, body, created_at, sent_at, customer,
                    cost, is_unasked, may_resend, about, state)
select 'page', 0, 'page:' || customer, line, body, at, at, customer, 0, false, false, about,
       'delivered'
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
     with ordinality as given (customer, line, body, at, about, n)
order by n
on conflict do nothing;

-- hold_watermarks --
-- No feed moves on before our wakes are there to be opened by it.
select 1
from watermarks
where feed = any($1::text[])
order by feed
for share;

-- set_wakes --
-- Come back for customers; without a gate, or if its feed has come that far, a wake is open.
insert into wakes (customer, slot, what, at, feed, needs, is_open)
select customer, slot, what, at, feed, needs,
       feed is null or exists (select 1
                               from watermarks w
                               where w.feed = given.feed and w.complete_until >= given.needs)
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
     as given (customer, slot, what, at, feed, needs)
on conflict (customer, slot) do update
set what    = excluded.what,
    at      = excluded.at,
    feed    = excluded.feed,
    needs   = excluded.needs,
    is_open = excluded.is_open;

-- clear_wakes --
-- Forget wakes.
delete from wakes
using unnest($1::text[], $2::text[]) as given (customer, slot)
where wakes.customer = given.customer and wakes.slot = given.slot;

-- raise_watermarks --
-- Feeds are complete up to here; they never fall back.
insert into watermarks as w (feed, complete_until)
select *
from unnest($1::text[], $2::bigint[])
on conflict (feed) do update
set complete_until = excluded.complete_until
where excluded.complete_until > w.complete_until;

-- open_gates --
-- Open what waited for feeds to come this far.
update wakes
set is_open = true
from unnest($1::text[], $2::bigint[]) as given (feed, complete_until)
where not is_open and wakes.feed = given.feed and wakes.needs <= given.complete_until;

-- add_moves --
-- Credits have come into other states.
insert into credit_moves (credit, n, state, at, provider_id, note)
select given.id, 1 + (select count(*) from credit_moves m where m.credit = given.id),
       given.state, given.at, given.provider_id, given.note
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[])
     as given (id, state, at, provider_id, note)
left join credits c on c.id = given.id
where c.state is distinct from given.state;

-- put_credits --
-- Write credits; whose they are, for what and how much never changes.
insert into credits (id, customer, step, cycle, megabytes, state, earned_at, moved_at,
                     provider_id, attempts, poll_at, usable_until, note)
select *
from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::text[],
            $7::bigint[], $8::bigint[], $9::text[], $10::integer[], $11::bigint[], $12::bigint[],
            $13::text[])
on conflict (id) do update
set state        = excluded.state,
    moved_at     = excluded.moved_at,
    provider_id  = excluded.provider_id,
    attempts     = excluded.attempts,
    poll_at      = excluded.poll_at,
    usable_until = excluded.usable_until,
    note         = excluded.note;

-- book --
-- Write ledger transactions, a line for each of their entries; a credit is booked once.
with lines as (
    select *
    from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::uuid[],
                $6::integer[], $7::text[], $8::bigint[])
         as line (booking, at, what, customer, credit, n, account, megabytes)
),
bookings as (
    select nextval('ledger_ids') as id, booking, at, what, customer, credit
    from lines
    where n = 1
),
booked as (
    insert into ledger (id, at, what, customer, credit)
    select id, at, what, customer, credit
    from bookings
)
insert into entries (booking, n, account, megabytes)
select bookings.id, lines.n, lines.account, lines.megabytes
from lines
join bookings using (booking);

-- add_to_accounts --
-- Keep the balances of accounts.
insert into accounts as a (name, megabytes)
select name, sum(megabytes)
from unnest($1::text[], $2::bigint[]) as given (name, megabytes)
group by name
order by name
on conflict (name) do update
set megabytes = a.megabytes + excluded.megabytes;

-- add_to_kinds --
-- Keep the balances of kinds of accounts.
insert into kinds as k (name, megabytes)
select name, sum(megabytes)
from unnest($1::text[], $2::bigint[]) as given (name, megabytes)
group by name
order by name
on conflict (name) do update
set megabytes = k.megabytes + excluded.megabytes;

-- put_incidents --
-- Note incidents; opening and closing come in any order.
insert into incidents as i (id, area, customers, opened_at, closed_at)
select *
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
on conflict (id) do update
set area      = coalesce(excluded.area, i.area),
    customers = coalesce(excluded.customers, i.customers),
    opened_at = coalesce(excluded.opened_at, i.opened_at),
    closed_at = coalesce(excluded.closed_at, i.closed_at);

-- hold_audit --
-- One at a time writes the managers' chain; the number is ours alone.
select pg_advisory_xact_lock(7260250120);

-- last_audit --
-- The end of the managers' chain.
select n, hash
from audit
order by n desc
limit 1;

-- add_audit --
-- Note what people did.
insert into audit (n, at, actor, act, about, hash)
select *
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[]);
