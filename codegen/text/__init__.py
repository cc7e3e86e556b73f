"""Text in other languages: words for the shell, templates for Jinja."""
