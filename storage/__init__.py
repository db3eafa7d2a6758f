"""The memory: journeys, inbox, outbox, timers, ledger and audit trail, in SQLite or PostgreSQL."""
