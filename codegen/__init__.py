"""Dagpress: presses Meltano schedules written in YAML into static Airflow DAG files."""
