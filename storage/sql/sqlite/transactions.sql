-- begin --
-- Take the database for writing now, so that no later statement can fail for want of it.
begin immediate;

-- commit --
-- Make a whole batch durable.
commit;

-- rollback --
-- Leave nothing of a batch.
rollback;

-- read --
-- See one moment of the database over several statements.
begin;

-- savepoint --
-- Remember how it was before one turn.
savepoint turn;

-- undo --
-- Leave nothing of one turn; its neighbours stand.
rollback to turn;

-- release --
-- Close one turn.
release turn;
