-- put_draft --
-- Keep what a manager wants to say.
insert into broadcasts (author, audience, texts, starts, at_most, hash, drafted_at, starts_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
returning id;

-- read_broadcasts --
-- All broadcasts or one of them, the newest first.
select id, author, audience, texts, starts, at_most, hash, state, reason, drafted_at, starts_at,
       approved_by, approved_hash, started_at, ended_at, is_planned, cursor
from broadcasts
where $1::bigint is null or id = $1
order by id desc;

-- hold_broadcast --
-- One broadcast, held so that nobody else moves, plans or feeds it.
select id, author, audience, texts, starts, at_most, hash, state, reason, drafted_at, starts_at,
       approved_by, approved_hash, started_at, ended_at, is_planned, cursor
from broadcasts
where id = $1
for no key update;

-- read_at_work --
-- What the engine still has to do something about.
select id
from broadcasts
where state in ('scheduled', 'running', 'paused')
   or (state = 'cancelled'
       and exists (select 1
                   from recipients r
                   where r.broadcast = broadcasts.id and r.state = 'planned'))
order by id;

-- write_broadcast --
-- Write where a broadcast stands.
update broadcasts
set state         = $2,
    reason        = $3,
    approved_by   = $4,
    approved_hash = $5,
    started_at    = $6,
    ended_at      = $7
where id = $1;

-- watch_from_here --
-- What failed until now has been seen by who started or resumed it.
update broadcasts
set watched_from = (select coalesce(max(id), 0) from outbox)
where id = $1;

-- read_counts --
-- How many recipients are in each state, and how many are passed over for each reason.
select state, reason, number
from broadcast_counts
where broadcast = $1 and number > 0;

-- candidates --
-- Who is in the audience, which way suits, and the one reason for passing them over; a row stands for
-- `number` people. `lately` counts broadcasts in three digits each: within a day, a week, a month.
select customer, number, language, substr(way, 2) as channel, month, megabytes, shape,
       case
           when state = 'held_out' then 'held_out'
           when is_silent or way >= '2' then 'opted_out'
           when not has_basis or state is null then 'no_consent'
           when way is null then 'no_address'
           when way >= '1' then 'blocked'
           when lately / 1000 % 1000 >= :per_week::bigint
             or lately % 1000 >= :per_month::bigint then 'cap'
           when lately >= 1000000 then 'recently_contacted'
       end as reason
from (/*people*/) asked;

-- each --
-- The people of an audience within a span one by one, all or those written to lately.
-- Who was erased is in no audience.
select r.customer, 1::bigint as number, r.language, r.state, r.month, r.is_silent, r.has_basis,
       r.megabytes, r.shape, /*way*/ as way,
       case when r.fed_at > :month_ago::bigint then
           (select count(*) + 1000 * count(*) filter (where l.fed_at > :week_ago::bigint)
                   + 1000000 * count(*) filter (where l.fed_at > :day_ago::bigint)
            from recipients l
            where l.customer = r.customer and l.fed_at > :month_ago::bigint
              and l.broadcast <> :broadcast::bigint)
       else 0 end
       + case when r.invited_at > :week_ago::bigint then 1001
              when r.invited_at > :month_ago::bigint then 1
              else 0
         end as lately
from reach r
where r.customer > :after and (:until = '' or r.customer <= :until)
  and /*lately*/ /*heard*/ and not /*today*/
  and (r.customer < 'erased-' or r.customer >= 'erased.') and (/*audience*/);

-- alike --
-- The people of an audience not written to lately, or all of them today, those alike at once.
select min(r.customer) as customer, count(*) as number, r.language, r.state, r.month, r.is_silent,
       r.has_basis, case when :asks_facts::boolean then r.megabytes end as megabytes,
       case when :asks_facts::boolean then r.shape end as shape,
       /*way*/ as way, /*times*/ as lately
from reach r /*file*/
where /*whom*/
  and (r.customer < 'erased-' or r.customer >= 'erased.') and (/*audience*/)
group by r.state, r.month, r.language, r.has_basis, r.is_silent, r.route,
         case when :asks_customer::boolean then length(r.customer) end,
         case when :asks_facts::boolean then r.megabytes end,
         case when :asks_facts::boolean then r.shape end;

-- lately --
-- Whether it matters how often somebody was written to: by a broadcast after one moment, by an
-- invitation after another, or by both within a month.
(coalesce(r.fed_at, 0) > :fed_after::bigint or coalesce(r.invited_at, 0) > :invited_after::bigint
 or least(coalesce(r.fed_at, 0), coalesce(r.invited_at, 0)) > :month_ago::bigint);

-- not_lately --
-- The contrary, written so that the planner knows how many these are: nearly all.
(r.fed_at is null or r.fed_at <= :fed_after::bigint)
  and (r.invited_at is null or r.invited_at <= :invited_after::bigint)
  and (r.fed_at is null or r.invited_at is null
       or r.fed_at <= :month_ago::bigint or r.invited_at <= :month_ago::bigint);

-- today --
-- Who was certainly written to within a day, and not invited within a month: they are all alike.
(coalesce(r.fed_at, 0) > :today_after::bigint and coalesce(r.invited_at, 0) <= :month_ago::bigint
 and not r.customer = any(:doubtful::text[]))

-- never --
-- How often somebody was written to who was not.
0::bigint

-- once_today --
-- How often somebody was written to who had one broadcast within a day; who might have had more than
-- they bear is not counted among those alike.
1001001::bigint

-- heard --
-- Only those who wrote to us after a moment, by whichever address.
and r.customer in (select k.customer from contacts k where k.used_at > :heard_after::bigint)

-- may_have_enough --
-- Whether so many other broadcasts went out lately that somebody may have had as many as they bear.
select count(*) filter (where coalesce(ended_at, :day_ago::bigint) > :week_ago::bigint)
           >= :per_week::bigint
    or count(*) >= :per_month::bigint
from broadcasts
where id <> :broadcast::bigint and started_at is not null
  and coalesce(ended_at, :day_ago::bigint) > :month_ago::bigint;

-- doubts --
-- Of how many whom the broadcasts of a day were meant for it is not certain that they were written to.
-- Null: there was none, or the one that is asked about has begun itself.
select sum(case when c.state in ('planned', 'failed', 'skipped') then c.number else 0 end)
from broadcasts b
join broadcast_counts c on c.broadcast = b.id
where b.started_at is not null and coalesce(b.ended_at, :day_ago::bigint) >= :day_ago::bigint
  and not exists (select 1 from broadcasts where id = :broadcast::bigint and started_at is not null);

-- doubtful --
-- Who these are: what was queued for them has not left, or came to nothing.
select distinct r.customer
from broadcasts b
join recipients r on r.broadcast = b.id
where b.started_at is not null and coalesce(b.ended_at, :day_ago::bigint) >= :day_ago::bigint
  and r.fed_at is null and r.state in ('planned', 'failed', 'skipped');

-- way --
-- The best way to somebody by a channel that is on: how open it is, and its letter.
case
    when strpos(:on::text, substr(r.route, 2, 1)) > 0 then substr(r.route, 1, 2)
    when length(r.route) > 2 and strpos(:on::text, substr(r.route, 4, 1)) > 0
        then substr(r.route, 3, 2)
    when length(r.route) > 4 and strpos(:on::text, substr(r.route, 6, 1)) > 0
        then substr(r.route, 5, 2)
end;

-- term_state --
-- Where somebody stands.
r.state is not null and r.state = any(?::text[]);

-- term_step --
-- What is open for somebody.
r.step is not null and r.step = any(?::text[]);

-- term_language --
-- In which language we speak with somebody.
r.language = any(?::text[]);

-- term_customer --
-- Who it is.
r.customer = any(?::text[]);

-- term_channel --
-- By which channels somebody can be reached.
coalesce(strpos(r.route, ?::text) > 0, false);

-- term_attribute --
-- What the customers' file says of somebody.
coalesce((select u.attributes::json ->> ?::text = any(?::text[])
          from customers u
          where u.number = r.customer), false);

-- file --
-- What the customers' file says of all of them at once, where many are looked at.
left join customers u on u.number = r.customer;

-- term_attribute_in_file --
-- The same where the file is at hand.
coalesce(u.attributes::json ->> ?::text = any(?::text[]), false);

-- term_month --
-- How many months without a call somebody has.
r.month between ?::bigint and ?::bigint;

-- term_inactive --
-- How many days ago somebody was last seen in the portal, or joined.
coalesce((?::bigint - r.seen_at) / 86400, 0) between ?::bigint and ?::bigint;

-- has_attribute --
-- Whether any customer has an attribute.
select exists (select 1 from customers where attributes::json -> $1::text is not null);

-- last_of_chunk --
-- The last of so many customers after one.
select max(customer)
from (select customer from reach where customer > $1 order by customer limit $2) looked_at;

-- plan --
-- Make one chunk of recipients, each once, with who is passed over and why.
insert into recipients (broadcast, customer, state, reason)
select :broadcast::bigint, customer,
       case when reason is null then 'planned' else 'excluded' end, reason
from (/*candidates*/) found
order by customer
limit :limit
returning customer;

-- count_planned --
-- Count what planning has just made.
insert into broadcast_counts as c (broadcast, state, reason, number)
select broadcast, state, coalesce(reason, ''), count(*)
from recipients
where broadcast = $1 and customer > $2 and customer <= $3
group by broadcast, state, coalesce(reason, '')
order by broadcast, state, coalesce(reason, '')
on conflict (broadcast, state, reason) do update
set number = c.number + excluded.number;

-- move_cursor --
-- Remember how far planning has come.
update broadcasts
set cursor = $2
where id = $1;

-- end_planning --
-- All have been looked at.
update broadcasts
set is_planned = true
where id = $1;

-- survey --
-- Count the audience by what decides about text and way.
select reason, language, channel, null::bigint, null::bigint, sum(number)::bigint, min(customer)
from (/*candidates*/) found
group by reason, language, channel;

-- survey_facts --
-- The same for texts that ask for facts: who is planned is told apart by the facts, or by their
-- length where only that matters, since their letters cost the same in every SMS.
select reason, language, channel, months, volume, sum(number)::bigint, min(customer)
from (
    select reason, language, channel, customer, number,
           case when reason is null and :asks_month::boolean then month end as months,
           case when reason is null and :asks_megabytes::boolean then megabytes end as volume,
           case when reason is null and :asks_customer::boolean then length(customer) end as digits,
           case when reason is null and cardinality(:names::text[]) > 0 then
               (select array_agg(shape::json ->> asked.name order by asked.n)
                from unnest(:names::text[]) with ordinality as asked (name, n)) end as shapes
    from (/*candidates*/) found
) told
group by reason, language, channel, months, volume, digits, shapes;

-- talking --
-- How many of those who would be written to wrote to us last within which second, the last first.
select max(heard_at), count(*)
from (select (select max(k.used_at)
              from contacts k
              where k.customer = found.customer) as heard_at
      from (/*candidates*/) found
      where reason is null) talking
group by heard_at / 1000000
order by 1 desc;

-- attributes_of --
-- What the customers' file says of customers, in the order asked for.
select u.number, array_agg(u.attributes::json ->> asked.name order by asked.n)
from customers u, unnest($2::text[]) with ordinality as asked (name, n)
where u.number = any($1::text[])
group by u.number;

-- count_unsent --
-- How much of a broadcast waits in the outbox.
select count(*)
from recipients
where broadcast = $1 and outbox is not null and state in ('planned', 'claimed');

-- unfed --
-- Who comes next into the outbox.
select customer, try
from recipients
where broadcast = $1 and state = 'planned' and outbox is null
order by customer
limit $2;

-- feed --
-- Put rows into the outbox and tie recipients to them; who has heard the same already comes back
-- without one.
with given as (
    select *
    from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                $7::bigint[], $8::text[], $9::bigint[], $10::integer[], $11::boolean[],
                $12::boolean[], $13::text[])
         with ordinality as row (lane, priority, recipient, line, body, due, created_at, customer,
                                 use_by, cost, is_unasked, may_resend, about, n)
),
queued as (
    insert into outbox (lane, priority, recipient, line, body, due, created_at, customer,
                        use_by, cost, is_unasked, may_resend, about)
    select lane, priority, recipient, line, body, due, created_at, customer,
           use_by, cost, is_unasked, may_resend, about
    from given
    order by n
    on conflict do nothing
    returning id, customer
),
tied as (
    update recipients
    set outbox = queued.id,
        fed_at = $15
    from queued
    where recipients.broadcast = $14 and recipients.customer = queued.customer
      and recipients.state = 'planned' and recipients.outbox is null
)
select given.customer
from given
left join queued on queued.customer = given.customer
where queued.id is null;

-- pass_over --
-- Recipients cannot be reached any more.
update recipients
set state  = 'skipped',
    reason = given.reason
from unnest($2::text[], $3::text[]) as given (customer, reason)
where broadcast = $1 and recipients.customer = given.customer and state = 'planned'
  and outbox is null;

-- take_back --
-- Paused: rows that wait and of which no byte has ever left leave the outbox.
delete from outbox
where state = 'ready' and tag is null
  and id in (select outbox
             from recipients
             where broadcast = $1 and outbox is not null and state in ('planned', 'claimed'))
returning id;

-- untie --
-- Their recipients wait for the outbox again.
update recipients
set outbox = null,
    fed_at = null,
    state  = 'planned'
where outbox = any($1::bigint[]);

-- drop_queued --
-- Cancelled: what waits in the outbox does not leave.
update outbox
set state  = 'skipped',
    reason = 'cancelled',
    lease  = null
where state = 'ready'
  and id in (select outbox
             from recipients
             where broadcast = $1 and outbox is not null and state in ('planned', 'claimed'));

-- drop_planned --
-- Cancelled: a chunk of those who were not in the outbox yet.
update recipients
set state  = 'skipped',
    reason = 'cancelled'
where broadcast = $1 and state = 'planned' and outbox is null
  and customer in (select customer
                   from recipients
                   where broadcast = $1 and state = 'planned' and outbox is null
                   limit $2);

-- next_unsent --
-- When the first waiting row of a broadcast may leave.
select min(o.due)
from recipients r
join outbox o on o.id = r.outbox
where r.broadcast = $1 and r.outbox is not null and r.state in ('planned', 'claimed')
  and o.state = 'ready';

-- lately_settled --
-- What became of the last ones since a broadcast was started or resumed.
select r.state,
       exists (select 1
               from contacts k
               where k.customer = r.customer and k.opted_out_at >= r.fed_at)
from recipients r
join broadcasts b on b.id = r.broadcast
where r.outbox > b.watched_from and r.broadcast = $1
  and r.state in ('accepted', 'delivered', 'failed', 'unknown')
order by r.outbox desc
limit $2;

-- pace_lately --
-- Over which time the last ones left since a broadcast was started or resumed.
select count(*), min(sent_at), max(sent_at)
from (select o.sent_at
      from recipients r
      join broadcasts b on b.id = r.broadcast
      join outbox o on o.id = r.outbox
      where r.broadcast = $1 and r.outbox > b.watched_from and o.sent_at is not null
      order by r.outbox desc
      limit $2) lately;

-- retry_failed --
-- Let those who failed be tried once more, but for whom the address is closed.
update recipients
set state  = 'planned',
    reason = null,
    outbox = null,
    try    = try + 1
where broadcast = $1 and state = 'failed';

-- reopen --
-- A broadcast that was over goes on.
update broadcasts
set state    = 'running',
    reason   = '',
    ended_at = null
where id = $1;

-- report --
-- What became of everybody, by customer.
select r.customer, r.state, r.reason, r.try, o.recipient, o.lane, o.sent_at, o.ref, o.segments,
       o.price_cents, o.code
from recipients r
left join outbox o on o.id = r.outbox
where r.broadcast = $1 and r.customer > $2
order by r.customer
limit $3;

-- census --
-- How many customers share a state, an open step and a month.
select coalesce(state, ''), coalesce(step, ''), month, count(*)
from reach
group by state, step, month;

-- last_waiting --
-- When the last of those leaves that wait to say one of these lines, and that no pause holds.
select max(due)
from outbox
where state = 'ready' and due < $1 and line = any($2::text[]);

-- hold_lines --
-- Put off what waits to say one of these lines, or all that is unasked, by a span that nobody lives.
update outbox
set due    = due + $1,
    use_by = use_by + $1
where id in (select id
             from outbox
             where state = 'ready' and due < $1
               and ($2::text[] is null and is_unasked or line = any($2))
             order by id
             limit $3
             for update skip locked);

-- release_lines --
-- Take the span back, and let them leave so much later than they would have, while they are worth it.
update outbox
set due    = due - $1 + $2,
    use_by = case when use_by is not null then least(use_by - $1 + $2, created_at + $5) end
where id in (select id
             from outbox
             where state = 'ready' and due >= $1
               and ($3::text[] is null and is_unasked or line = any($3))
             order by id
             limit $4
             for update skip locked);
