"""The editor of a schedule: form, YAML and preview."""
