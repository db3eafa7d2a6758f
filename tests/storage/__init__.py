"""The store's promise: one contract for every keeper, and what is particular to each."""
