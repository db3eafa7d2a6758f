-- Here one index has always found both those in flight and those whose lease is over; SQLite's second
-- one goes.

comment on index outbox_in_flight is 'who is in flight, and those whose lease is over';
