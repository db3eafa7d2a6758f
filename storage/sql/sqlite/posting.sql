-- read_claimed --
-- What may have changed since a row was claimed, and how its address and its broadcast stand now.
select o.customer, o.is_unasked, o.priority, o.attempt, o.use_by,
       c.address, c.opted_out_at, c.blocked_at,
       exists (select 1 from suppressions where address_hash = ?1),
       b.state
from outbox o
left join contacts c on c.address = o.recipient and c.customer = o.customer
left join recipients r on r.outbox = o.id
left join broadcasts b on b.id = r.broadcast
where o.id = ?2 and o.state = 'claimed';

-- left_lately --
-- What has left unasked to a customer since then, on every channel, and was not refused.
select posted_at, priority
from outbox
where customer = ? and is_unasked = 1 and posted_at > ?
  and state in ('posting', 'accepted', 'delivered', 'unknown')
order by posted_at;

-- put_off --
-- Let it wait until it may leave: that was no attempt, and nobody has to wait behind it.
update outbox
set state      = 'ready',
    due        = ?,
    reason     = 'put off',
    attempt    = attempt - 1,
    is_retried = 0,
    lease      = null
where id = ?;

-- post --
-- From here on its bytes may be on their way; what was heard of an earlier attempt is over.
update outbox
set state     = 'posting',
    tag       = ?,
    posted_at = ?,
    reason    = null,
    ref       = null,
    sent_at   = null,
    status    = null,
    rank      = null,
    code      = null
where id = ?;

-- is_standing --
-- Whether an attempt is posting still.
select 1
from outbox
where tag = ? and state = 'posting';
