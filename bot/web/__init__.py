"""The web: webhooks for providers and the operator, pages for customers, the simulator."""
