-- read_lane --
-- The lane's next free moment, what left in the second before it, and its pause.
select next_free, recent, paused_until
from lanes
where name = ?;

-- put_pace --
-- Keep how far the lane's slots are given away.
insert into lanes (name, next_free, recent)
values (?, ?, ?)
on conflict (name) do update
set next_free = excluded.next_free,
    recent    = excluded.recent;

-- read_allowance --
-- From when on a recipient may be written to again.
select opens_at
from allowances
where recipient = ?;

-- put_allowance --
-- Keep from when on a recipient may be written to again.
insert into allowances (recipient, opens_at)
values (?, ?)
on conflict (recipient) do update
set opens_at = excluded.opens_at;

-- hold_back --
-- Its recipient has had enough: it is due when they may be written to again.
update outbox
set due = ?
where id = ?;

-- next_priority --
-- The next lower priority of which a lane has something.
select min(priority)
from outbox
where state = 'ready' and lane = ? and priority > ?;

-- waiting --
-- What may be claimed of one lane and priority, in order: nothing of the same recipient is in
-- flight, and nothing older of theirs waits to leave again. Of what is unasked also how its address
-- and its broadcast stand, and what has left unasked to the customer lately, on every channel, and
-- was not refused. (To ask row by row would take four times as long; as one array, because each row
-- that is fetched gives up the interpreter and has to wait for it.)
select json_group_array(json_array(
           id, lane, priority, recipient, line, body, due, created_at, attempt,
           customer, use_by, cost, is_unasked, may_resend, about,
           address, opted_out_at, blocked_at, broadcast, lately))
from (
    select o.id, o.lane, o.priority, o.recipient, o.line, o.body, o.due, o.created_at, o.attempt,
           o.customer, o.use_by, o.cost, o.is_unasked, o.may_resend, o.about,
           c.address, c.opted_out_at, c.blocked_at,
           (select b.state
            from recipients r
            join broadcasts b on b.id = r.broadcast
            where o.is_unasked = 1 and r.outbox = o.id) as broadcast,
           (select json_group_array(json_array(l.posted_at, l.priority))
            from outbox l
            where o.is_unasked = 1 and l.customer = o.customer and l.is_unasked = 1
              and l.posted_at > ?
              and l.state in ('posting', 'accepted', 'delivered', 'unknown')) as lately
    from outbox o
    left join contacts c on o.is_unasked = 1 and c.address = o.recipient and c.customer = o.customer
    where o.state = 'ready' and o.lane = ? and o.priority = ? and o.due <= ?
      and (o.due, o.id) > (?, ?)
      and not exists (select 1
                      from outbox f
                      where f.recipient = o.recipient and f.state in ('claimed', 'posting'))
      and not exists (select 1
                      from outbox r
                      where r.recipient = o.recipient and r.state = 'ready' and r.is_retried = 1
                        and r.id < o.id and r.priority <= o.priority)
    order by o.due, o.id
    limit ?
);

-- is_suppressed --
-- Whether an address may not be written to unasked.
select 1
from suppressions
where address_hash = ?;

-- next_due --
-- When the first of one lane and priority that is not held back may leave.
select due
from outbox o
where state = 'ready' and lane = ? and priority = ?
  and not exists (select 1
                  from outbox f
                  where f.recipient = o.recipient and f.state in ('claimed', 'posting'))
  and not exists (select 1
                  from outbox r
                  where r.recipient = o.recipient and r.state = 'ready' and r.is_retried = 1
                    and r.id < o.id and r.priority <= o.priority)
order by due, id
limit 1;

-- claim --
-- Until their lease is over their bytes may be on their way; what was heard of an earlier attempt is
-- over. (Rows of an array of [id, tag, slot]; one statement for all lets others have the interpreter
-- meanwhile.)
update outbox
set state     = 'posting',
    attempt   = attempt + 1,
    node      = ?2,
    lease     = ?3,
    tag       = j.value ->> 1,
    posted_at = j.value ->> 2,
    reason    = null,
    ref       = null,
    sent_at   = null,
    status    = null,
    rank      = null,
    code      = null
from json_each(?1) j
where outbox.id = j.value ->> 0;

-- put_off --
-- Let it wait until it may leave; nobody has to wait behind it.
update outbox
set due        = ?,
    reason     = ?,
    is_retried = 0
where id = ?;

-- is_standing --
-- Whether an attempt is posting still.
select 1
from outbox
where tag = ? and state = 'posting';
