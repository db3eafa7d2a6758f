-- What was received, what is to leave, and who must not be written to.

create table inbox (
    source text not null,
    id     text not null,
    digest bytea not null,
    answer text not null,
    at     bigint not null,
    primary key (source, id)
);

create table quarantine (
    source   text collate "C" not null,
    id       text collate "C" not null,
    body     bytea not null,
    reason   text not null,
    at       bigint not null,
    retry_at bigint,
    primary key (source, id)
);

create index quarantine_by_moment on quarantine (retry_at) where retry_at is not null;

create table suppressions (
    address_hash bytea primary key,
    source       text not null,
    at           bigint not null
);

create table strangers (
    address_hash bytea primary key,
    answered_at  bigint not null,
    expires_at   bigint not null
);

create index strangers_by_end on strangers (expires_at);

-- Each message is rewritten three times on its way out, so dead rows have to go early and at once.
create table outbox (
    id          bigint generated always as identity primary key,
    lane        text not null,
    priority    integer not null,
    recipient   text not null,
    line        text not null,
    body        text not null,
    due         bigint,  -- ready: when it may leave; unknown: when to look it up, null: no more
    created_at  bigint not null,
    customer    text collate "C",  -- null: a stranger, whose row goes once it is final
    use_by      bigint,
    cost        integer not null,
    is_unasked  boolean not null,
    may_resend  boolean not null,
    about       text,
    state       text not null default 'ready',
    is_retried  boolean not null default false,
    attempt     integer not null default 0,
    node        text,
    lease       bigint,
    tag         text,    -- of the last attempt
    posted_at   bigint,
    sent_at     bigint,
    ref         text,    -- the provider's id
    reason      text,
    status      text,    -- the provider's word, and its place on the ladder
    rank        integer,
    code        text,
    segments    integer,
    price_cents double precision
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create index outbox_ready on outbox (lane, priority, due, id) where state = 'ready';
create index outbox_in_flight on outbox (recipient, lease) where state in ('claimed', 'posting');
create index outbox_retried on outbox (recipient) where state = 'ready' and is_retried;
create index outbox_unknown on outbox (lane, due, id) where state = 'unknown' and due is not null;
create index outbox_of on outbox (customer) where customer is not null;
create unique index outbox_once on outbox (about, line) where about is not null;
create unique index outbox_tags on outbox (tag) where tag is not null;
create unique index outbox_refs on outbox (ref) where ref is not null;

create index outbox_unpriced on outbox (lane, sent_at) where rank = 5 and price_cents is null;

create table receipts (
    outbox_id bigint not null references outbox (id) on delete cascade,
    attempt   integer not null,
    status    text not null,
    at        bigint not null,
    rank      integer not null,
    code      text,
    primary key (outbox_id, attempt, status)
);

create table lanes (
    name         text primary key,
    next_free    bigint not null default 0,
    recent       text not null default '[]',  -- JSON: [slot, cost] of the second before next_free
    paused_until bigint not null default 0,
    reason       text not null default ''
) with (fillfactor = 20, autovacuum_vacuum_threshold = 500);
