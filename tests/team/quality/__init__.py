"""The callables of a team, which the cases use."""
