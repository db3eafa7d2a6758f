"""Inviting: a file of customers is read, estimated, and becomes invitations."""
