"""PostgreSQL keeps the store's promise for any number of nodes; many turns share few statements."""
