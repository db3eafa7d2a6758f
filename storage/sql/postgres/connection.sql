-- flush --
-- Commit something, however small: its flush takes along whatever was committed without one.
select pg_logical_emit_message(true, 'statthotline', '');
