-- Who takes part and where they stand. Moments are bigint: microseconds since 1970 in UTC. What is
-- listed in order is compared byte by byte (collate "C"), whatever the cluster's language is.

create table customers (
    number     text collate "C" primary key,
    language   text not null,
    basis      text,
    attributes text,  -- a JSON object, null if there are none
    bucket     text,
    account    text,
    added_at   bigint not null
) with (fillfactor = 90);

create table contacts (
    address      text primary key,
    customer     text collate "C" not null references customers (number),
    place        integer not null,  -- keeps the order in which they were named
    opted_out_at bigint,
    blocked_at   bigint,
    used_at      bigint
) with (fillfactor = 90);

create index contacts_of on contacts (customer, place);

create table journeys (
    customer text collate "C" primary key references customers (number),
    state    text not null,
    step     text not null,
    month    integer not null,
    since    bigint not null,  -- when it came into this state
    body     text not null     -- JSON without what has its usual value
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create index waiting_list on journeys (since) where state = 'waiting';

create table journal (
    customer text collate "C" not null,
    n        integer not null,
    at       bigint not null,
    known_at bigint not null,
    kind     text not null,
    body     text not null,
    source   text not null,
    effects  text not null,
    hash     bytea not null,
    primary key (customer, n)
);

create index calls on journal (at) where kind = 'HotlineCalled';

create function refuse() returns trigger language plpgsql as $$
begin
    raise exception '%', tg_argv[0];
end
$$;

create trigger journal_is_never_rewritten before update on journal
for each row execute function refuse('the journal is append-only');

create table wakes (
    customer text collate "C" not null,
    slot     text collate "C" not null,
    what     text not null,
    at       bigint not null,
    feed     text,
    needs    bigint,
    is_open  boolean not null,  -- once its feed is complete up to what it needs
    primary key (customer, slot)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create index wakes_by_moment on wakes (at) where is_open;
create index wakes_by_gate on wakes (feed, needs) where not is_open;

create table watermarks (
    feed           text collate "C" primary key,
    complete_until bigint not null
);

create table links (
    hash       bytea primary key,
    customer   text collate "C" not null,
    purpose    text not null,
    expires_at bigint not null,
    spent_at   bigint
);

create table viewings (
    customer    text collate "C" primary key,
    film        text not null,
    duration_ms bigint not null,
    reported_at bigint not null,
    watched     text not null  -- JSON: [begins, ends] in ms of the film
);

create table texts (
    hash     text primary key,
    text     text not null,
    version  text not null,
    language text not null
);

create table requests (
    id        bigint generated always as identity primary key,
    customer  text collate "C" not null,
    request   text not null,
    about     text not null,
    at        bigint not null,
    closed_at bigint,
    closed_by text
);

create index requests_of on requests (customer);

create table incidents (
    id        text collate "C" primary key,
    area      text,
    customers text,  -- a JSON list, null if it is about an area
    opened_at bigint,
    closed_at bigint
);

create table kept (
    name  text primary key,
    value text not null
);

create table leases (
    name   text primary key,
    holder text not null,
    until  bigint not null
);
