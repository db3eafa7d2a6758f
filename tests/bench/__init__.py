"""Measurements: ours beside the physical limit and a naive peer, in one shuffled run."""
