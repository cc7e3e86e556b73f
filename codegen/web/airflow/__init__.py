"""The pages about the DAGs in a running Airflow."""
