"""Turns: what was said, tapped or reported is understood and answered, each in one transaction."""
