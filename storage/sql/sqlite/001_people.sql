-- Who takes part and where they stand. Moments are integers: microseconds since 1970 in UTC.

create table customers (
    number     text primary key,
    language   text not null,
    basis      text,
    attributes text,  -- a JSON object, null if there are none
    bucket     text,
    account    text,
    added_at   integer not null
) without rowid;

create table contacts (
    address      text primary key,
    customer     text not null references customers (number),
    place        integer not null,  -- keeps the order in which they were named
    opted_out_at integer,
    blocked_at   integer,
    used_at      integer
) without rowid;

create index contacts_of on contacts (customer, place);

create table journeys (
    customer text primary key references customers (number),
    state    text not null,
    step     text not null,
    month    integer not null,
    since    integer not null,  -- when it came into this state
    body     blob not null      -- JSON without what has its usual value
) without rowid;

create index waiting_list on journeys (since) where state = 'waiting';

create table journal (
    customer text not null,
    n        integer not null,
    at       integer not null,
    known_at integer not null,
    kind     text not null,
    body     text not null,
    source   text not null,
    effects  text not null,
    hash     blob not null,
    primary key (customer, n)
) without rowid;

create index calls on journal (at) where kind = 'HotlineCalled';

create trigger journal_is_never_rewritten before update on journal
begin
    select raise(abort, 'the journal is append-only');
end;

create table wakes (
    customer text not null,
    slot     text not null,
    what     text not null,
    at       integer not null,
    feed     text,
    needs    integer,
    is_open  integer not null,  -- 1 once its feed is complete up to what it needs
    primary key (customer, slot)
) without rowid;

create index wakes_by_moment on wakes (at) where is_open = 1;
create index wakes_by_gate on wakes (feed, needs) where is_open = 0;

create table watermarks (
    feed           text primary key,
    complete_until integer not null
) without rowid;

create table links (
    hash       blob primary key,
    customer   text not null,
    purpose    text not null,
    expires_at integer not null,
    spent_at   integer
) without rowid;

create table viewings (
    customer    text primary key,
    film        text not null,
    duration_ms integer not null,
    reported_at integer not null,
    watched     text not null  -- JSON: [begins, ends] in ms of the film
) without rowid;

create table texts (
    hash     text primary key,
    text     text not null,
    version  text not null,
    language text not null
) without rowid;

create table requests (
    id        integer primary key,
    customer  text not null,
    request   text not null,
    about     text not null,
    at        integer not null,
    closed_at integer,
    closed_by text
);

create index requests_of on requests (customer);

create table incidents (
    id        text primary key,
    area      text,
    customers text,  -- a JSON list, null if it is about an area
    opened_at integer,
    closed_at integer
) without rowid;

create table kept (
    name  text primary key,
    value text not null
) without rowid;

create table leases (
    name   text primary key,
    holder text not null,
    until  integer not null
) without rowid;
