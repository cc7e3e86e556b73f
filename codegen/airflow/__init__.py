"""Installs and runs the Airflow of a project, as a program that is never imported."""
