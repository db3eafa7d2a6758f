-- alone --
-- One at a time migrates a database; the number is ours alone.
select pg_advisory_lock(7260250119);

-- no_more_alone --
-- Let the next one look.
select pg_advisory_unlock(7260250119);

-- has_versions --
-- Whether the table of versions exists: not in a new database.
select to_regclass('versions') is not null;

-- make_versions --
-- The numbers of the migrations that this database has seen.
create table if not exists versions (
    number integer primary key,
    name   text not null
);

-- version --
-- How far this database has come.
select coalesce(max(number), 0)
from versions;

-- put_version --
-- Note a migration as done.
insert into versions (number, name)
values ($1, $2);
