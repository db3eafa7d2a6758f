-- The record of credits, and of what people did. What is written here is never rewritten.

create table credits (
    id           uuid primary key,
    customer     text collate "C" not null,
    step         text collate "C" not null,
    cycle        integer not null,
    megabytes    bigint not null,
    state        text not null,
    earned_at    bigint not null,
    moved_at     bigint not null,
    provider_id  text,
    attempts     integer not null,
    poll_at      bigint,
    usable_until bigint,
    note         text not null,
    unique (customer, step, cycle)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

create index credits_open on credits (coalesce(poll_at, earned_at))
where state in ('earned', 'requested', 'accepted', 'unknown', 'failed');

create index credits_followed on credits (provider_id)
where provider_id is not null and state in ('accepted', 'unknown');

create table credit_moves (
    credit      uuid not null,
    n           integer not null,
    state       text not null,
    at          bigint not null,
    provider_id text,
    note        text not null,
    primary key (credit, n)
);

create table ledger (
    id       bigint primary key,
    at       bigint not null,
    what     text not null,
    customer text collate "C" not null,
    credit   uuid
);

create sequence ledger_ids owned by ledger.id;

create index ledger_of on ledger (customer);
create unique index ledger_once on ledger (credit, what) where credit is not null;

create table entries (
    booking   bigint not null references ledger (id),
    n         integer not null,
    account   text not null,
    megabytes bigint not null,
    primary key (booking, n)
);

-- Running balances: of each account, and of each kind of account (`liability:100001` is one).
create table accounts (
    name      text collate "C" primary key,
    megabytes bigint not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

create table kinds (
    name      text collate "C" primary key,
    megabytes bigint not null
) with (fillfactor = 20, autovacuum_vacuum_threshold = 500);

create table audit (
    n     bigint primary key,
    at    bigint not null,
    actor text not null,
    act   text not null,
    about text not null,
    hash  bytea not null
);

create trigger credit_moves_stay before update or delete on credit_moves
for each row execute function refuse('the history of a credit is append-only');

create trigger ledger_stays before update or delete on ledger
for each row execute function refuse('the ledger is append-only');

create trigger entries_stay before update or delete on entries
for each row execute function refuse('the ledger is append-only');

create trigger audit_stays before update or delete on audit
for each row execute function refuse('the audit trail is append-only');
