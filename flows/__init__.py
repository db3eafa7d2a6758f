"""The programme as pure logic: it decides what an event means for a customer.

It knows no clock, no chance, no network and no disk; start with `advance`.
"""
