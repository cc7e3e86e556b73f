"""Pictures of schedules, as SVG: pure functions of data."""
