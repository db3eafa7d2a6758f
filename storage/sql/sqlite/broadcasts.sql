-- put_draft --
-- Keep what a manager wants to say.
insert into broadcasts (author, audience, texts, starts, at_most, hash, drafted_at, starts_at)
values (?, ?, ?, ?, ?, ?, ?, ?);

-- read_broadcasts --
-- All broadcasts or one of them, the newest first.
select id, author, audience, texts, starts, at_most, hash, state, reason, drafted_at, starts_at,
       approved_by, approved_hash, started_at, ended_at, is_planned, cursor
from broadcasts
where ?1 is null or id = ?1
order by id desc;

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
set state         = ?,
    reason        = ?,
    approved_by   = ?,
    approved_hash = ?,
    started_at    = ?,
    ended_at      = ?
where id = ?;

-- watch_from_here --
-- What failed until now has been seen by who started or resumed it.
update broadcasts
set watched_from = (select coalesce(max(id), 0) from outbox)
where id = ?;

-- read_counts --
-- How many recipients are in each state, and how many are passed over for each reason.
select state, reason, number
from broadcast_counts
where broadcast = ? and number > 0;

-- candidates --
-- Who is in the audience, which way suits, and the one reason for passing them over; a row stands for
-- `number` people. `lately` counts broadcasts in three digits each: within a day, a week, a month.
select customer, number, language, substr(way, 2) as channel, month, megabytes, shape,
       case
           when state = 'held_out' then 'held_out'
           when is_silent = 1 or way >= '2' then 'opted_out'
           when has_basis = 0 or state is null then 'no_consent'
           when way is null then 'no_address'
           when way >= '1' then 'blocked'
           when lately / 1000 % 1000 >= :per_week or lately % 1000 >= :per_month then 'cap'
           when lately >= 1000000 then 'recently_contacted'
       end as reason
from (/*people*/);

-- each --
-- The people of an audience within a span one by one, all or those written to lately. The limit keeps
-- SQLite from asking for the way once for each use. Who was erased is in no audience.
select r.customer, 1 as number, r.language, r.state, r.month, r.is_silent, r.has_basis,
       r.megabytes, r.shape, /*way*/ as way,
       iif(r.fed_at > :month_ago,
           (select coalesce(sum(1 + 1000 * (l.fed_at > :week_ago) + 1000000 * (l.fed_at > :day_ago)),
                            0)
            from recipients l
            where l.customer = r.customer and l.fed_at > :month_ago and l.broadcast <> :broadcast),
           0)
       + coalesce((r.invited_at > :month_ago) + 1000 * (r.invited_at > :week_ago), 0) as lately
from reach r
where r.customer > :after and r.customer <= :until and /*lately*/ /*heard*/
  and not /*today*/
  and (r.customer < 'erased-' or r.customer >= 'erased.') and (/*audience*/)
order by r.customer
limit -1;

-- alike --
-- The people of an audience within a span not written to lately, or all of them today, those alike at
-- once.
select min(r.customer) as customer, count(*) as number, r.language, r.state, r.month, r.is_silent,
       r.has_basis, r.megabytes, r.shape, /*way*/ as way, /*times*/ as lately
from reach r indexed by reach_alike
where r.customer > :after and r.customer <= :until and /*whom*/
  and (r.customer < 'erased-' or r.customer >= 'erased.') and (/*audience*/)
group by r.state, r.step, r.month, r.language, r.has_basis, r.is_silent, r.route,
         length(r.customer) /*facts*/;

-- alike_facts --
-- What makes people differ for texts that say something of each.
, r.megabytes, r.shape

-- lately --
-- Whether it matters how often somebody was written to: by a broadcast after one moment, by an
-- invitation after another, or by both within a month.
(coalesce(r.fed_at, 0) > :fed_after or coalesce(r.invited_at, 0) > :invited_after
 or min(coalesce(r.fed_at, 0), coalesce(r.invited_at, 0)) > :month_ago);

-- not_lately --
-- The contrary.
not /*lately*/

-- today --
-- Who was certainly written to within a day, and not invited within a month: they are all alike.
(coalesce(r.fed_at, 0) > :today_after and coalesce(r.invited_at, 0) <= :month_ago
 and r.customer not in (select value from json_each(:doubtful)))

-- never --
-- How often somebody was written to who was not.
0

-- once_today --
-- How often somebody was written to who had one broadcast within a day; who might have had more than
-- they bear is not counted among those alike.
1001001

-- heard --
-- Only those who wrote to us after a moment, by whichever address.
and r.customer in (select k.customer from contacts k where k.used_at > :heard_after)

-- may_have_enough --
-- Whether so many other broadcasts went out lately that somebody may have had as many as they bear.
select count(*) filter (where coalesce(ended_at, :day_ago) > :week_ago) >= :per_week
    or count(*) >= :per_month
from broadcasts
where id <> :broadcast and started_at is not null and coalesce(ended_at, :day_ago) > :month_ago;

-- doubts --
-- Of how many whom the broadcasts of a day were meant for it is not certain that they were written to.
-- Null: there was none, or the one that is asked about has begun itself.
select sum(iif(c.state in ('planned', 'failed', 'skipped'), c.number, 0))
from broadcasts b
join broadcast_counts c on c.broadcast = b.id
where b.started_at is not null and coalesce(b.ended_at, :day_ago) >= :day_ago
  and not exists (select 1 from broadcasts where id = :broadcast and started_at is not null);

-- doubtful --
-- Who these are: what was queued for them has not left, or came to nothing.
select distinct r.customer
from broadcasts b
join recipients r on r.broadcast = b.id
where b.started_at is not null and coalesce(b.ended_at, :day_ago) >= :day_ago
  and r.fed_at is null and r.state in ('planned', 'failed', 'skipped');

-- way --
-- The best way to somebody by a channel that is on: how open it is, and its letter.
case
    when instr(:on, substr(r.route, 2, 1)) then substr(r.route, 1, 2)
    when length(r.route) > 2 and instr(:on, substr(r.route, 4, 1)) then substr(r.route, 3, 2)
    when length(r.route) > 4 and instr(:on, substr(r.route, 6, 1)) then substr(r.route, 5, 2)
end;

-- term_state --
-- Where somebody stands.
coalesce(r.state, '') in (select value from json_each(?));

-- term_step --
-- What is open for somebody.
coalesce(r.step, '') in (select value from json_each(?));

-- term_language --
-- In which language we speak with somebody.
r.language in (select value from json_each(?));

-- term_customer --
-- Who it is.
r.customer in (select value from json_each(?));

-- term_channel --
-- By which channels somebody can be reached.
coalesce(instr(r.route, ?) > 0, 0);

-- term_attribute --
-- What the customers' file says of somebody. All of whom it says so are found in the order of the
-- file at once, for people who are alike lie far apart in it.
+r.customer in (select u.number
                from customers u
                where u.number > :after and u.number <= :until
                  and json_extract(u.attributes, ?) in (select value from json_each(?)));

-- term_attribute_of_one --
-- The same where few are looked at.
exists (select 1
        from customers u
        where u.number = r.customer
          and json_extract(u.attributes, ?) in (select value from json_each(?)));

-- term_month --
-- How many months without a call somebody has.
r.month between ? and ?;

-- term_inactive --
-- How many days ago somebody was last seen in the portal, or joined.
coalesce((? - r.seen_at) / 86400, 0) between ? and ?;

-- has_attribute --
-- Whether any customer has an attribute.
select exists (select 1 from customers where json_type(attributes, ?) is not null);

-- last_of_span --
-- The last of so many customers after one.
select max(customer)
from (select customer from reach where customer > ? order by customer limit ?);

-- plan --
-- Make the recipients of a span of customers, each once, with who is passed over and why.
insert into recipients (broadcast, customer, state, reason)
select :broadcast, customer, iif(reason is null, 'planned', 'excluded'), reason
from (/*candidates*/);

-- count_planned --
-- Count what planning has just made.
insert into broadcast_counts (broadcast, state, reason, number)
select broadcast, state, coalesce(reason, ''), count(*)
from recipients
where broadcast = ? and customer > ? and customer <= ?
group by state, reason
on conflict (broadcast, state, reason) do update
set number = number + excluded.number;

-- move_cursor --
-- Remember how far planning has come.
update broadcasts
set cursor     = ?,
    is_planned = ?
where id = ?;

-- middle --
-- The customer in the middle, by whom a look at all is halved.
select customer
from reach
order by customer
limit 1
offset (select count(*) / 2 from reach);

-- survey --
-- Count the audience by what decides about text and way, told apart by one word, for sorting by one
-- costs half of sorting by three: why somebody is passed over, else (after a blank) language, way,
-- and the facts that the texts ask for.
select kind, sum(number), min(customer)
from (
    select customer, number,
           coalesce(reason, ' ' || language || ' ' || channel /*facts*/) as kind
    from (/*candidates*/) found
)
group by kind;

-- talking --
-- How many of those who would be written to wrote to us last within which second, the last first.
select max(heard_at), count(*)
from (select (select max(k.used_at)
              from contacts k
              where k.customer = found.customer) as heard_at
      from (/*candidates*/) found
      where reason is null)
group by heard_at / 1000000
order by 1 desc;

-- fact_month --
-- How many months without a call somebody has.
|| ' ' || month

-- fact_megabytes --
-- How much somebody was credited.
|| ' ' || megabytes

-- fact_customer --
-- How long a number is; its letters cost the same in every SMS.
|| ' ' || length(customer)

-- fact_attribute --
-- How long it is what the customers' file says, or what, where not only its length matters.
|| ' ' || coalesce(json_extract(shape, ?), '-')

-- attributes_of --
-- What the customers' file says of one customer, in the order asked for.
select json_group_array(json_extract(u.attributes, path.value))
from customers u, json_each(?) path
where u.number = ?;

-- census --
-- How many customers share a state, an open step and a month.
select coalesce(state, ''), coalesce(step, ''), month, count(*)
from reach
group by state, step, month;

-- count_unsent --
-- How much of a broadcast waits in the outbox.
select count(*)
from recipients
where broadcast = ? and outbox is not null and state in ('planned', 'claimed');

-- unfed --
-- Who comes next into the outbox.
select customer, try
from recipients
where broadcast = ? and state = 'planned' and outbox is null
order by customer
limit ?;

-- last_row --
-- The row of the outbox that was just made.
select last_insert_rowid();

-- feed --
-- Tie a recipient to a row of the outbox.
update recipients
set outbox = ?,
    fed_at = ?
where broadcast = ? and customer = ? and state = 'planned' and outbox is null;

-- pass_over --
-- A recipient cannot be reached any more.
update recipients
set state  = 'skipped',
    reason = ?
where broadcast = ? and customer = ? and state = 'planned' and outbox is null;

-- never_posted --
-- Rows of a broadcast that wait and of which no byte has ever left.
select o.id
from recipients r
join outbox o on o.id = r.outbox
where r.broadcast = ? and r.outbox is not null and r.state in ('planned', 'claimed')
  and o.state = 'ready' and o.tag is null;

-- untie --
-- A recipient waits for the outbox again.
update recipients
set outbox = null,
    fed_at = null,
    state  = 'planned'
where outbox = ?;

-- drop_queued --
-- Cancelled: what waits in the outbox does not leave.
update outbox
set state  = 'skipped',
    reason = 'cancelled',
    lease  = null
where state = 'ready'
  and id in (select outbox
             from recipients
             where broadcast = ? and outbox is not null and state in ('planned', 'claimed'));

-- drop_planned --
-- Cancelled: a chunk of those who were not in the outbox yet.
update recipients
set state  = 'skipped',
    reason = 'cancelled'
where broadcast = ?1 and state = 'planned' and outbox is null
  and customer in (select customer
                   from recipients
                   where broadcast = ?1 and state = 'planned' and outbox is null
                   limit ?2);

-- next_unsent --
-- When the first waiting row of a broadcast may leave.
select min(o.due)
from recipients r
join outbox o on o.id = r.outbox
where r.broadcast = ? and r.outbox is not null and r.state in ('planned', 'claimed')
  and o.state = 'ready';

-- lately_settled --
-- What became of the last ones since a broadcast was started or resumed.
select r.state,
       exists (select 1
               from contacts k
               where k.customer = r.customer and k.opted_out_at >= r.fed_at)
from recipients r
join broadcasts b on b.id = r.broadcast
where r.outbox > b.watched_from and r.broadcast = ?
  and r.state in ('accepted', 'delivered', 'failed', 'unknown')
order by r.outbox desc
limit ?;

-- pace_lately --
-- Over which time the last ones left since a broadcast was started or resumed.
select count(*), min(sent_at), max(sent_at)
from (select o.sent_at
      from recipients r
      join broadcasts b on b.id = r.broadcast
      join outbox o on o.id = r.outbox
      where r.broadcast = ? and r.outbox > b.watched_from and o.sent_at is not null
      order by r.outbox desc
      limit ?);

-- retry_failed --
-- Let those who failed be tried once more, but for whom the address is closed.
update recipients
set state  = 'planned',
    reason = null,
    outbox = null,
    try    = try + 1
where broadcast = ? and state = 'failed';

-- reopen --
-- A broadcast that was over goes on.
update broadcasts
set state    = 'running',
    reason   = '',
    ended_at = null
where id = ?;

-- report --
-- What became of everybody, by customer.
select r.customer, r.state, r.reason, r.try, o.recipient, o.lane, o.sent_at, o.ref, o.segments,
       o.price_cents, o.code
from recipients r
left join outbox o on o.id = r.outbox
where r.broadcast = ? and r.customer > ?
order by r.customer
limit ?;

-- last_waiting --
-- When the last of those leaves that wait to say one of these lines, and that no pause holds.
select max(due)
from outbox
where state = 'ready' and due < ? and line in (select value from json_each(?));

-- hold_lines --
-- Put off what waits to say one of these lines, or all that is unasked, by a span that nobody lives.
update outbox
set due    = due + ?1,
    use_by = use_by + ?1
where id in (select id
             from outbox
             where state = 'ready' and due < ?1
               and (?2 is null and is_unasked = 1
                    or line in (select value from json_each(?2)))
             limit ?3);

-- release_lines --
-- Take the span back, and let them leave so much later than they would have, while they are worth it.
update outbox
set due    = due - ?1 + ?2,
    use_by = min(use_by - ?1 + ?2, created_at + ?5)
where id in (select id
             from outbox
             where state = 'ready' and due >= ?1
               and (?3 is null and is_unasked = 1
                    or line in (select value from json_each(?3)))
             limit ?4);
