"""Installs and runs the Airflow of a project. It is called as a program, never imported."""
