-- Few rows are in flight, so those whose lease is over are found by the one index over them; a
-- second one was written twice for every message.

drop index outbox_leases;
