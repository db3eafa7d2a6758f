-- suppressions --
-- Whether an address is on the list of those that are never written to.
select source, at as since_at
from suppressions
where address_hash = $1;

-- strangers --
-- Whether the owner of an address was once answered as a stranger.
select answered_at, expires_at
from strangers
where address_hash = $1;
