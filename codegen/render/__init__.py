"""From a plan to Python: source text, the templates, and a check of templates that are a project's own."""
