"""Compares the behaviour of DAGs: after a change or a rename, between environments, and as loaded by Airflow."""
