-- What the customers' pages need: the code that opens one's data, and links to be found by customer.

create table codes (
    customer   text primary key,
    hash       blob not null,     -- keyed, like everything that somebody must know
    expires_at integer not null,
    tries      integer not null,  -- how often a wrong one was given
    sent       integer not null,  -- how many were sent since the moment below
    since      integer not null
) without rowid;

create index links_of on links (customer, purpose);
