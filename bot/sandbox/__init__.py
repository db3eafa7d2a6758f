"""The sandbox: a pretend world around the real engine."""
