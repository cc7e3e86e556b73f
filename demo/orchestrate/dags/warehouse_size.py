"""Logs the size of the warehouse. Written by hand: Dagpress does not change it."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("warehouse_size", doc_md=__doc__, schedule=None):
    BashOperator(task_id="measure", bash_command='du -h "$MELTANO_PROJECT_ROOT"/*.duckdb')
