-- remember --
-- Note a message as handled; a second row for it is refused.
insert into inbox (source, id, digest, answer, at)
values (?, ?, ?, ?, ?);

-- quarantine --
-- Keep what cannot be applied now; the last reason counts.
insert into quarantine (source, id, body, reason, at, retry_at)
values (?, ?, ?, ?, ?, ?)
on conflict (source, id) do update
set body     = excluded.body,
    reason   = excluded.reason,
    at       = excluded.at,
    retry_at = excluded.retry_at;

-- unquarantine --
-- What was kept has been applied.
delete from quarantine
where source = ? and id = ?;

-- answer_anew --
-- What became of a message in the end.
update inbox
set answer = ?
where source = ? and id = ?;

-- suppress --
-- Never write to this address again; the first reason stays.
insert into suppressions (address_hash, source, at)
values (?, ?, ?)
on conflict do nothing;

-- unsuppress --
-- Its owner wants to hear from us again.
delete from suppressions
where address_hash = ?;

-- count_stranger --
-- Remember for a while that a stranger was answered.
insert into strangers (address_hash, answered_at, expires_at)
values (?, ?, ?)
on conflict (address_hash) do update
set answered_at = excluded.answered_at,
    expires_at  = excluded.expires_at;

-- forget_strangers --
-- Their time is over.
delete from strangers
where expires_at <= ?;
