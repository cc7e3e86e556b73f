"""Describes the effects of a change to a pipeline: a module for each subject, and `between.py` for all of them."""
