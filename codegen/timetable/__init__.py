"""Crons and aliases, the runs that Airflow schedules from them, and DST changes."""
