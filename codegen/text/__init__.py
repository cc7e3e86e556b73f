"""Text processing: shell scripts, Jinja templates, IDs, escapes and durations."""
