-- has_versions --
-- Whether the table of versions exists: not in a new file.
select 1
from sqlite_master
where type = 'table' and name = 'versions';

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
values (?, ?);
