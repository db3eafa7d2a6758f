"""Credits: the ledger's book, its checks and proofs, and what people decide about it."""
