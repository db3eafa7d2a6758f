"""Sending: the relay drains the outbox, each lane at its pace, and learns what became of it."""
