"""A pod for an executor."""

LARGE = None
