"""Text processing: shell scripts, Jinja templates, ids, escapes and durations."""
