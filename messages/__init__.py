"""The language of the conversation, both ways: what a customer meant, and how we say it."""
