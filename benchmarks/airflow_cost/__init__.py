"""What Airflow pays for DAG files, side by side with Meltano's own generator and dag-factory: `make bench-airflow`."""
