"""A filter for templates."""

mask = str.upper
