-- What was received, what is to leave, and who must not be written to.

create table inbox (
    source text not null,
    id     text not null,
    digest blob not null,
    answer text not null,
    at     integer not null,
    primary key (source, id)
) without rowid;

create table quarantine (
    source   text not null,
    id       text not null,
    body     blob not null,
    reason   text not null,
    at       integer not null,
    retry_at integer,
    primary key (source, id)
) without rowid;

create index quarantine_by_moment on quarantine (retry_at) where retry_at is not null;

create table suppressions (
    address_hash blob primary key,
    source       text not null,
    at           integer not null
) without rowid;

create table strangers (
    address_hash blob primary key,
    answered_at  integer not null,
    expires_at   integer not null
) without rowid;

create index strangers_by_end on strangers (expires_at);

-- A row's id is never given twice: a late word about a deleted row must not reach another.
create table outbox (
    id          integer primary key autoincrement,
    lane        text not null,
    priority    integer not null,
    recipient   text not null,
    line        text not null,
    body        text not null,
    due         integer,  -- ready: when it may leave; unknown: when to look it up, null: no more
    created_at  integer not null,
    customer    text,     -- null: a stranger, whose row goes once it is final
    use_by      integer,
    cost        integer not null,
    is_unasked  integer not null,
    may_resend  integer not null,
    about       text,
    state       text not null default 'ready',
    is_retried  integer not null default 0,
    attempt     integer not null default 0,
    node        text,
    lease       integer,
    tag         text,     -- of the last attempt
    posted_at   integer,
    sent_at     integer,
    ref         text,     -- the provider's id
    reason      text,
    status      text,     -- the provider's word, and its place on the ladder
    rank        integer,
    code        text,
    segments    integer,
    price_cents real
);

create index outbox_ready on outbox (lane, priority, due) where state = 'ready';
create index outbox_in_flight on outbox (recipient) where state in ('claimed', 'posting');
create index outbox_retried on outbox (recipient) where state = 'ready' and is_retried = 1;
create index outbox_leases on outbox (lease) where state in ('claimed', 'posting');
create index outbox_unknown on outbox (lane, due) where state = 'unknown' and due is not null;
create index outbox_of on outbox (customer) where customer is not null;
create unique index outbox_once on outbox (about, line) where about is not null;
create unique index outbox_tags on outbox (tag) where tag is not null;
create unique index outbox_refs on outbox (ref) where ref is not null;

create index outbox_unpriced on outbox (lane, sent_at) where rank = 5 and price_cents is null;

create table receipts (
    outbox_id integer not null references outbox (id) on delete cascade,
    attempt   integer not null,
    status    text not null,
    at        integer not null,
    rank      integer not null,
    code      text,
    primary key (outbox_id, attempt, status)
) without rowid;

create table lanes (
    name         text primary key,
    next_free    integer not null default 0,
    recent       text not null default '[]',  -- JSON: [slot, cost] of the second before next_free
    paused_until integer not null default 0,
    reason       text not null default ''
) without rowid;
