"""Runs in Airflow's Python: prints the CPU seconds of task starts, until the task is loaded, as JSON.

Each start is a fork of a process that has imported the supervisor, as in a Celery worker. It ends when
`task_runner.parse` has found the task.
"""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace

import structlog
from airflow.sdk.api.datamodels._generated import BundleInfo
from airflow.sdk.execution_time import supervisor, task_runner  # noqa: F401  # as in the worker


def _start(file: str, dag_id: str, task_id: str) -> float:
    bundle = BundleInfo(name="dags-folder", version=None)
    instance = SimpleNamespace(dag_id=dag_id, task_id=task_id, model_dump=lambda **_: {})
    what = SimpleNamespace(
        bundle_info=bundle,
        dag_rel_path=file,
        ti=instance,
        ti_context=SimpleNamespace(max_tries=1),
        start_date=None,
        sentry_integration="",
    )
    pid = os.fork()
    if not pid:
        try:
            found = task_runner.parse(what, structlog.get_logger())
            os._exit(found.task.task_id != task_id)
        finally:
            os._exit(2)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{file} has no task {task_id} of {dag_id}")
    return usage.ru_utime + usage.ru_stime


_file, _dag_id, _task_id, _runs = sys.argv[1:]
json.dump([_start(_file, _dag_id, _task_id) for _ in range(int(_runs) + 1)][1:], sys.stdout)
