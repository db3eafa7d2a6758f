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

-- reader_1 --
-- Whatever a reading verb does, it writes nothing.
pragma query_only = on;

-- reader_2 --
-- 16 MiB of pages.
pragma cache_size = -16384;

-- checkpoint --
-- Move what was committed into the main file.
pragma wal_checkpoint(truncate);
