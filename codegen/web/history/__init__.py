"""The page of the commits of a schedule file and its DAG file."""
