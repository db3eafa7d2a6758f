-- first_unpriced --
-- When the first message left that has ended and whose price is still open.
select min(sent_at)
from outbox
where lane = $1 and rank = 5 and price_cents is null and sent_at >= $2 and sent_at < $3;

-- price --
-- Note what messages cost.
update outbox o
set price_cents = given.price_cents,
    segments    = coalesce(given.segments, o.segments)
from unnest($1::double precision[], $2::integer[], $3::text[]) as given (price_cents, segments, ref)
where o.ref = given.ref;

-- share --
-- How many of a lane's last messages ended with a code, and of how many.
select count(*) filter (where code = $1), count(*)
from (select code
      from outbox
      where lane = $2 and rank = 5
      order by id desc
      limit $3) lately;
