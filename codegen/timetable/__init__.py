"""Crons and aliases, the runs that Airflow starts on them, and DST changes."""
