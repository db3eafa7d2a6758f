-- first_unpriced --
-- When the first message left that has ended and whose price is still open.
select min(sent_at)
from outbox
where lane = ? and rank = 5 and price_cents is null and sent_at >= ? and sent_at < ?;

-- price --
-- Note what a message cost.
update outbox
set price_cents = ?,
    segments    = coalesce(?, segments)
where ref = ?;

-- share --
-- How many of a lane's last messages ended with a code, and of how many.
select coalesce(sum(code = ?), 0), count(*)
from (select code
      from outbox
      where lane = ? and rank = 5
      order by id desc
      limit ?);
