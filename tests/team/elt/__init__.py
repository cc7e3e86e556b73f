"""The operators of a team, which the cases use."""
