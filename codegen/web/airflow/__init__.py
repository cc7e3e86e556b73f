"""The pages that show and control DAGs in a running Airflow."""
