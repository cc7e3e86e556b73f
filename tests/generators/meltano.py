"""A generator of DAGs as Meltano documents it: it asks `meltano schedule list`, and makes a DAG of each schedule."""

import json
import os
import subprocess
from datetime import datetime, timedelta

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator

ROOT = os.environ["MELTANO_PROJECT_ROOT"]
LINK = ".meltano/run/bin"
MELTANO = LINK if os.path.exists(os.path.join(ROOT, LINK)) else "meltano"
ARGUMENTS = {
    "owner": "airflow",
    "depends_on_past": False,
    "email_on_failure": False,
    "email_on_retry": False,
    "catchup": False,
    "retries": 1,
    "retry_delay": timedelta(minutes=5),
    "concurrency": 1,
}


def schedules():
    command = [MELTANO, "--log-level=warning", "schedule", "list", "--format=json"]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(listed)["schedules"]


def new_dag(dag_id, interval, tags, start_date):
    return DAG(
        dag_id,
        schedule=interval,
        tags=["meltano", *tags],
        catchup=False,
        max_active_runs=1,
        default_args={**ARGUMENTS, "start_date": start_date},
    )


def new_task(dag, task_id, arguments, **further):
    return BashOperator(dag=dag, task_id=task_id, bash_command=f"cd {ROOT}; {MELTANO} {arguments}", **further)


def of_plugins(schedule):
    dag_id = f"meltano_{schedule['name']}"
    transform = {"run": ["transform"], "only": ["transform-only"]}.get(schedule["transform"], [])
    tags = [schedule["extractor"], schedule["loader"], *transform]
    dag = new_dag(dag_id, schedule["interval"], tags, schedule.get("start_date") or datetime(1970, 1, 1))
    new_task(dag, "extract_load", f"schedule run {schedule['name']}")
    globals()[dag_id] = dag


def of_a_job(schedule):
    job = schedule["job"]
    dag_id = f"meltano_{schedule['name']}_{job['name']}"
    tags = [f"schedule:{schedule['name']}", f"job:{job['name']}"]
    dag = new_dag(dag_id, schedule["cron_interval"], tags, schedule.get("start_date") or datetime(1970, 1, 1))
    before = None
    for number, task in enumerate(job["tasks"]):
        words = task if isinstance(task, str) else " ".join(task)
        env = {"env": schedule.get("env", {}), "append_env": True}
        after = new_task(dag, f"{dag_id}_task{number}", f"run {words}", **env)
        if before:
            before >> after
        before = after
    globals()[dag_id] = dag


LISTED = schedules()
for each in LISTED["elt"]:
    if each["cron_interval"]:
        of_plugins(each)
for each in LISTED["job"]:
    if each["cron_interval"]:
        of_a_job(each)
