"""The Pipelines page: shows, edits and commits the schedules of a project in a browser."""
