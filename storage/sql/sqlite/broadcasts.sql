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
-- Who is in the audience, which address suits, and the one reason for passing them over.
select customer, language, address,
       case
           when state = 'held_out' then 'held_out'
           when is_silent = 1 or best >= '2' then 'opted_out'
           when not has_basis then 'no_consent'
           when best is null then 'no_address'
           when best >= '1' then 'blocked'
           when week >= :per_week or month >= :per_month then 'cap'
           when day > 0 then 'recently_contacted'
       end as reason,
       attributes, body
from (
    select customer, language, state, is_silent, has_basis, attributes, body, best,
           substr(best, 2) as address,
           (select count(*) from recipients l
            where l.customer = p.customer and l.fed_at > :day_ago
              and l.broadcast <> :broadcast and l.state <> 'failed') as day,
           (select count(*) from recipients l
            where l.customer = p.customer and l.fed_at > :week_ago
              and l.broadcast <> :broadcast and l.state <> 'failed') as week,
           (select count(*) from recipients l
            where l.customer = p.customer and l.fed_at > :month_ago
              and l.broadcast <> :broadcast and l.state <> 'failed') as month
    from (
        select u.number as customer,
               iif(j.body is null, u.language,
                   coalesce(json_extract(cast(j.body as text), '$.language'), 'de')) as language,
               j.state as state,
               json_extract(cast(j.body as text), '$.is_silent') as is_silent,
               u.basis is not null and j.state is not null as has_basis,
               u.attributes as attributes,
               cast(j.body as text) as body,
               (select case when k.opted_out_at is not null then '2'
                            when k.blocked_at is not null then '1'
                            else '0'
                       end || k.address
                from contacts k
                where k.customer = u.number
                  and instr(:schemes, ' ' || substr(k.address, 1, instr(k.address, ':')))
                order by k.opted_out_at is not null, k.blocked_at is not null,
                         k.used_at is null, k.used_at desc,
                         case when k.address like 'telegram:%' then 0
                              when k.address like 'tel:%' then 1
                              else 2
                         end
                limit 1) as best
        from customers u
        left join journeys j on j.customer = u.number
        where u.number > :after and u.number <= :until and (/*audience*/)
        order by u.number
        limit -1  -- keeps SQLite from asking for the best address once for each use
    ) p
)
limit -1;

-- term_state --
-- Where somebody stands.
coalesce(j.state, '') in (select value from json_each(?));

-- term_step --
-- What is open for somebody.
coalesce(j.step, '') in (select value from json_each(?));

-- term_language --
-- In which language we speak with somebody.
iif(j.body is null, u.language,
    coalesce(json_extract(cast(j.body as text), '$.language'), 'de'))
in (select value from json_each(?));

-- term_customer --
-- Who it is.
u.number in (select value from json_each(?));

-- term_channel --
-- By which channels somebody can be reached.
exists (select 1
        from contacts k
        where k.customer = u.number
          and substr(k.address, 1, instr(k.address, ':') - 1)
              in (select value from json_each(?)));

-- term_attribute --
-- What the customers' file says of somebody.
coalesce(json_extract(u.attributes, ?) in (select value from json_each(?)), 0);

-- term_month --
-- How many months without a call somebody has.
coalesce(j.month, 0) between ? and ?;

-- term_inactive --
-- How many days ago somebody was last seen in the portal, or joined.
coalesce((? - unixepoch(coalesce(json_extract(cast(j.body as text), '$.used_portal_at'),
                                 json_extract(cast(j.body as text), '$.enrolled_at')))) / 86400, 0)
between ? and ?;

-- has_attribute --
-- Whether any customer has an attribute.
select exists (select 1 from customers where json_type(attributes, ?) is not null);

-- last_of_chunk --
-- The last of so many customers after one.
select max(number)
from (select number from customers where number > ? order by number limit ?);

-- plan --
-- Make one chunk of recipients, each once, with who is passed over and why.
insert into recipients (broadcast, customer, state, reason)
select :broadcast, customer, iif(reason is null, 'planned', 'excluded'), reason
from (/*candidates*/)
limit :limit
on conflict do nothing
returning customer, state, coalesce(reason, '');

-- add_count --
-- Count what planning has made.
insert into broadcast_counts (broadcast, state, reason, number)
values (?, ?, ?, ?)
on conflict (broadcast, state, reason) do update
set number = number + excluded.number;

-- move_cursor --
-- Remember how far planning has come.
update broadcasts
set cursor     = ?,
    is_planned = ?
where id = ?;

-- survey --
-- Count the audience by what decides about text and way; facts are what the texts ask for.
select reason, language, substr(address, 1, instr(address, ':') - 1) as scheme,
       iif(reason is not null or not :asks_customer, null, customer) as number,
       iif(reason is not null, null,
           (select json_group_array(json_extract(attributes, path.value))
            from json_each(:paths) path)) as facts,
       iif(reason is not null or not :asks_month, null,
           coalesce(json_extract(body, '$.months_told'), 0)) as month,
       iif(reason is not null or not :asks_megabytes, null,
           (select coalesce(sum(c.megabytes), 0)
            from credits c
            where c.customer = found.customer and c.state = 'confirmed')) as megabytes,
       count(*), min(customer)
from (/*candidates*/) found
group by 1, 2, 3, 4, 5, 6, 7;

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

-- broadcast_of_row --
-- The broadcast that a row of the outbox belongs to, and how it stands.
select b.state
from recipients r
join broadcasts b on b.id = r.broadcast
where r.outbox = ?;

-- hold --
-- Paused: a claimed row waits, which was no attempt.
update outbox
set state   = 'ready',
    due     = ?,
    reason  = 'paused',
    attempt = attempt - 1,
    lease   = null
where id = ?;

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
-- Over which time the last ones left.
select count(*), min(sent_at), max(sent_at)
from (select o.sent_at
      from recipients r
      join outbox o on o.id = r.outbox
      where r.broadcast = ? and o.sent_at is not null
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
