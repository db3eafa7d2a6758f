-- From when on one recipient may be written to again; a row goes once that has passed.

create table allowances (
    recipient text primary key,
    opens_at  bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
