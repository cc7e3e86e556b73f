"""The cost of DAG files in Airflow, compared with Meltano's own generator and dag-factory: `make bench-airflow`."""
