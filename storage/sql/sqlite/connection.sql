-- writer_1 --
-- Readers see committed state and disturb nobody.
pragma journal_mode = wal;

-- writer_2 --
-- A commit that was answered survives a loss of power.
pragma synchronous = full;

-- writer_3 --
-- Sort in memory.
pragma temp_store = memory;

-- writer_4 --
-- 64 MiB of pages.
pragma cache_size = -65536;

-- writer_5 --
-- SQLite checks references only if it is told to.
pragma foreign_keys = on;

-- writer_6 --
-- What is deleted is overwritten, in free pages too: an erasure leaves no bytes behind.
pragma secure_delete = on;

-- reader_1 --
-- Whatever a reading verb does, it writes nothing.
pragma query_only = on;

-- reader_2 --
-- 16 MiB of pages.
pragma cache_size = -16384;

-- checkpoint --
-- Move what was committed into the main file.
pragma wal_checkpoint(truncate);

-- patience --
-- How long somebody else may hold the database, in milliseconds.
pragma busy_timeout;

-- set_patience --
-- Be more or less patient from now on (a pragma takes no parameters).
pragma busy_timeout = ?;

-- copy_into --
-- Write all that is committed into a new file, as it stands now.
vacuum into ?;

-- rewrite --
-- Write the file anew.
vacuum;

-- size --
-- How many bytes the database has.
select page_count * page_size
from pragma_page_count, pragma_page_size;

-- quick_check --
-- Whether the file is whole: 'ok', or the first thing that is not.
pragma quick_check(1);
