"""The page that generates the DAG files."""
