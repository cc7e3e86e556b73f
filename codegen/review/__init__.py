"""Compares the behaviour of DAGs: renamed ones, those of two environments, and those that an Airflow has loaded."""
