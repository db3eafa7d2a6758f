-- From when on one recipient may be written to again; a row goes once that has passed.

create table allowances (
    recipient text primary key,
    opens_at  integer not null
) without rowid;
