-- What managers say to many: the draft, one row for each recipient, and counters kept beside them.

create table broadcasts (
    id            integer primary key autoincrement,  -- shown as B7
    author        text not null,
    audience      text not null,
    texts         text not null,  -- a JSON object by language
    starts        text,           -- as the author wrote it
    at_most       integer,        -- recipients
    hash          text not null,  -- of texts, audience and limits
    state         text not null default 'draft',
    reason        text not null default '',
    drafted_at    integer not null,
    starts_at     integer,
    approved_by   text,
    approved_hash text,
    started_at    integer,
    ended_at      integer,
    cursor        text not null default '',       -- the last customer looked at by planning
    is_planned    integer not null default 0,     -- 1 once planning has come to the end
    watched_from  integer not null default 0      -- outbox id from which failures are counted
);

create index broadcasts_at_work on broadcasts (id)
where state in ('scheduled', 'running', 'paused', 'cancelled');

-- `excluded` stands for who is in the audience and is passed over: no recipient, only a reason.
create table recipients (
    broadcast integer not null,
    customer  text not null,
    state     text not null,
    reason    text,
    outbox    integer,  -- its row, null while it is not in the outbox
    try       integer not null default 1,
    fed_at    integer,
    primary key (broadcast, customer)
) without rowid;

create index recipients_unfed on recipients (broadcast, customer)
where state = 'planned' and outbox is null;

create index recipients_unsent on recipients (broadcast, outbox)
where outbox is not null and state in ('planned', 'claimed');

create unique index recipients_by_row on recipients (outbox) where outbox is not null;
create index recipients_lately on recipients (customer, fed_at) where fed_at is not null;

create table broadcast_counts (
    broadcast integer not null,
    state     text not null,
    reason    text not null,  -- of the excluded; else empty
    number    integer not null,
    primary key (broadcast, state, reason)
) without rowid;

create trigger recipients_are_counted after update of state on recipients
when new.state is not old.state
begin
    update broadcast_counts set number = number - 1
    where broadcast = old.broadcast and state = old.state and reason = '';
    insert into broadcast_counts (broadcast, state, reason, number)
    values (new.broadcast, new.state, '', 1)
    on conflict (broadcast, state, reason) do update set number = number + 1;
end;

-- What the relay and the providers say of a row is known of its recipient in the same transaction.
create trigger outbox_tells_recipients after update of state on outbox
when new.line = 'Broadcast' and new.state is not old.state
begin
    update recipients
    set state  = case new.state
                     when 'ready' then 'planned'
                     when 'posting' then 'claimed'
                     else new.state
                 end,
        reason = iif(new.state in ('failed', 'skipped', 'unknown'), new.reason, null)
    where outbox = new.id;
end;
