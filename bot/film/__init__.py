"""The invoice film: which one a customer sees, how it is made, and what of it was watched."""
