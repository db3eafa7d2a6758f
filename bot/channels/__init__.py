"""The ways to a customer: each channel reads its provider's payload and sends finished words."""
