import airflow.of_tomorrow
