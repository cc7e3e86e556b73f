"""The runs of all schedules in a week: as data, text and SVG."""
