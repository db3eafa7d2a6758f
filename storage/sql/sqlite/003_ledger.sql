-- The record of credits, and of what people did. What is written here is never rewritten.

create table credits (
    id           blob primary key,
    customer     text not null,
    step         text not null,
    cycle        integer not null,
    megabytes    integer not null,
    state        text not null,
    earned_at    integer not null,
    moved_at     integer not null,
    provider_id  text,
    attempts     integer not null,
    poll_at      integer,
    usable_until integer,
    note         text not null,
    unique (customer, step, cycle)
) without rowid;

create index credits_open on credits (coalesce(poll_at, earned_at))
where state in ('earned', 'requested', 'accepted', 'unknown', 'failed');

create index credits_followed on credits (provider_id)
where provider_id is not null and state in ('accepted', 'unknown');

create table credit_moves (
    credit      blob not null,
    n           integer not null,
    state       text not null,
    at          integer not null,
    provider_id text,
    note        text not null,
    primary key (credit, n)
) without rowid;

create table ledger (
    id       integer primary key,
    at       integer not null,
    what     text not null,
    customer text not null,
    credit   blob
);

create index ledger_of on ledger (customer);
create unique index ledger_once on ledger (credit, what) where credit is not null;

create table entries (
    booking   integer not null references ledger (id),
    n         integer not null,
    account   text not null,
    megabytes integer not null,
    primary key (booking, n)
) without rowid;

-- Running balances: of each account, and of each kind of account (`liability:100001` is one).
create table accounts (
    name      text primary key,
    megabytes integer not null
) without rowid;

create table kinds (
    name      text primary key,
    megabytes integer not null
) without rowid;

create table audit (
    n     integer primary key,
    at    integer not null,
    actor text not null,
    act   text not null,
    about text not null,
    hash  blob not null
);

create trigger credit_moves_stay before update on credit_moves
begin
    select raise(abort, 'the history of a credit is append-only');
end;

create trigger credit_moves_remain before delete on credit_moves
begin
    select raise(abort, 'the history of a credit is append-only');
end;

create trigger ledger_stays before update on ledger
begin
    select raise(abort, 'the ledger is append-only');
end;

create trigger ledger_remains before delete on ledger
begin
    select raise(abort, 'the ledger is append-only');
end;

create trigger entries_stay before update on entries
begin
    select raise(abort, 'the ledger is append-only');
end;

create trigger entries_remain before delete on entries
begin
    select raise(abort, 'the ledger is append-only');
end;

create trigger audit_stays before update on audit
begin
    select raise(abort, 'the audit trail is append-only');
end;

create trigger audit_remains before delete on audit
begin
    select raise(abort, 'the audit trail is append-only');
end;
