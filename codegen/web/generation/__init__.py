"""Generate the DAG files from the page."""
