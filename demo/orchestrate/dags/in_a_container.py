"""Runs a command in a container. Written by hand: Dagpress does not change it."""

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import DAG

with DAG("in_a_container", doc_md=__doc__, schedule=None):
    DockerOperator(
        task_id="greet",
        image="busybox",
        command=["echo", "hello from a container"],
        auto_remove="success",
        mount_tmp_dir=False,
    )
