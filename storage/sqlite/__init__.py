"""SQLite keeps the store's promise in one file; one writer commits for many turns at once."""
