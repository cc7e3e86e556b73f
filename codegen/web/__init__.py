"""The Pipelines page: the project's schedules as they are and would be, in a browser; calls what the CLI calls."""
