"""Renders plans as Python: source text, templates, and the check of a project's own template."""
