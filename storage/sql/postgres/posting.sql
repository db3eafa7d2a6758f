-- hold_customers --
-- One node at a time looks at what has left to a customer unasked.
select 1
from customers
where number in (select customer
                 from outbox
                 where id = any($1::bigint[]) and is_unasked)
order by number
for no key update;

-- hold_claimed --
-- What may have changed since rows were claimed, how their addresses stand, and the broadcasts that
-- they belong to; held in one order.
select o.id, o.customer, o.is_unasked, o.priority, o.attempt, o.use_by,
       c.address is not null, c.opted_out_at is not null, c.blocked_at is not null,
       exists (select 1 from suppressions where address_hash = given.address_hash),
       (select b.state
        from recipients r
        join broadcasts b on b.id = r.broadcast
        where r.outbox = o.id)
from unnest($1::bigint[], $2::bytea[]) as given (id, address_hash)
join outbox o on o.id = given.id
left join contacts c on c.address = o.recipient and c.customer = o.customer
where o.state = 'claimed'
order by o.id
for no key update of o;

-- left_lately --
-- What has left unasked to customers since then, on every channel, and was not refused.
select customer, posted_at, priority
from outbox
where customer = any($1::text[]) and is_unasked and posted_at > $2
  and state in ('posting', 'accepted', 'delivered', 'unknown')
order by posted_at;

-- standing_tags --
-- Which attempts are posting still.
select tag
from outbox
where tag = any($1::text[]) and state = 'posting';

-- put_off --
-- Let them wait until they may leave: that was no attempt, and nobody has to wait behind them.
update outbox o
set state      = 'ready',
    due        = given.due,
    reason     = 'put off',
    attempt    = o.attempt - 1,
    is_retried = false,
    lease      = null
from unnest($1::bigint[], $2::bigint[]) as given (id, due)
where o.id = given.id;

-- hold --
-- Paused: claimed rows wait, which was no attempt.
update outbox o
set state   = 'ready',
    due     = given.due,
    reason  = 'paused',
    attempt = o.attempt - 1,
    lease   = null
from unnest($1::bigint[], $2::bigint[]) as given (id, due)
where o.id = given.id;

-- post --
-- From here on their bytes may be on their way; what was heard of an earlier attempt is over.
update outbox o
set state     = 'posting',
    tag       = given.tag,
    posted_at = given.at,
    reason    = null,
    ref       = null,
    sent_at   = null,
    status    = null,
    rank      = null,
    code      = null
from unnest($1::bigint[], $2::text[], $3::bigint[]) as given (id, tag, at)
where o.id = given.id;
