-- What the customers' pages need: the code that opens one's data, and links to be found by customer.

create table codes (
    customer   text collate "C" primary key,
    hash       bytea not null,    -- keyed, like everything that somebody must know
    expires_at bigint not null,
    tries      integer not null,  -- how often a wrong one was given
    sent       integer not null,  -- how many were sent since the moment below
    since      bigint not null
);

create index links_of on links (customer, purpose);
