-- What managers say to many: the draft, one row for each recipient, and counters kept beside them.

create table broadcasts (
    id            bigint generated always as identity primary key,  -- shown as B7
    author        text not null,
    audience      text not null,
    texts         text not null,  -- a JSON object by language
    starts        text,           -- as the author wrote it
    at_most       bigint,         -- recipients
    hash          text not null,  -- of texts, audience and limits
    state         text not null default 'draft',
    reason        text not null default '',
    drafted_at    bigint not null,
    starts_at     bigint,
    approved_by   text,
    approved_hash text,
    started_at    bigint,
    ended_at      bigint,
    cursor        text collate "C" not null default '',  -- the last customer looked at by planning
    is_planned    boolean not null default false,  -- once planning has come to the end
    watched_from  bigint not null default 0        -- outbox id from which failures are counted
);

create index broadcasts_at_work on broadcasts (id)
where state in ('scheduled', 'running', 'paused', 'cancelled');

-- `excluded` stands for who is in the audience and is passed over: no recipient, only a reason.
create table recipients (
    broadcast bigint not null,
    customer  text collate "C" not null,
    state     text collate "C" not null,
    reason    text,
    outbox    bigint,  -- its row, null while it is not in the outbox
    try       integer not null default 1,
    fed_at    bigint,
    primary key (broadcast, customer)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create index recipients_unfed on recipients (broadcast, customer)
where state = 'planned' and outbox is null;

create index recipients_unsent on recipients (broadcast, outbox)
where outbox is not null and state in ('planned', 'claimed');

create unique index recipients_by_row on recipients (outbox) where outbox is not null;
create index recipients_lately on recipients (customer, fed_at) where fed_at is not null;

create table broadcast_counts (
    broadcast bigint not null,
    state     text collate "C" not null,
    reason    text collate "C" not null,  -- of the excluded; else empty
    number    bigint not null,
    primary key (broadcast, state, reason)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 500);

-- Counted once for each statement; whoever counts a broadcast has all its counters, so that two who
-- count several of them never wait for one another.
create function count_recipients() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from after) then
        return null;
    end if;
    perform 1
    from broadcast_counts
    where broadcast in (select broadcast from after)
    order by broadcast, state, reason
    for update;

    insert into broadcast_counts as counted (broadcast, state, reason, number)
    select broadcast, state, '', sum(number)
    from (select broadcast, state, 1 as number from after
          union all
          select broadcast, state, -1 from before) moved
    group by broadcast, state
    having sum(number) <> 0
    order by broadcast, state
    on conflict (broadcast, state, reason) do update
    set number = counted.number + excluded.number;
    return null;
end
$$;

create trigger recipients_are_counted after update on recipients
referencing old table as before new table as after
for each statement execute function count_recipients();

-- What the relay and the providers say of a row is known of its recipient in the same transaction.
create function tell_recipients() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from after where line = 'Broadcast') then
        return null;
    end if;
    update recipients r
    set state  = case a.state
                     when 'ready' then 'planned'
                     when 'posting' then 'claimed'
                     else a.state
                 end,
        reason = case when a.state in ('failed', 'skipped', 'unknown') then a.reason end
    from after a
    join before b on b.id = a.id
    where a.line = 'Broadcast' and a.state <> b.state and r.outbox = a.id;
    return null;
end
$$;

create trigger outbox_tells_recipients after update on outbox
referencing old table as before new table as after
for each statement execute function tell_recipients();
