"""What `dagpress verify` says of DAG files that fail in a real Airflow, at the place in the YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Airflow
from project_builder import as_yaml, configured, dagpress, write

pytestmark = pytest.mark.slow

# The modules of a team, beside its folder of DAG files.
_TEAM = {
    "lib/team/__init__.py": "",
    "lib/team/operators.py": """\
from airflow.models import BaseOperator

class Load(BaseOperator):
    def __init__(self, *, rows, **kwargs):
        super().__init__(**kwargs)
        self.rows = rows
""",
    "lib/team/ends.py": "import os\nos._exit(3)\n",
    "lib/team/leaves.py": "raise SystemExit('no licence')\n",
    "lib/team/breaks.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "lib/team/waits.py": "import time\ntime.sleep(100)\n",
    "lib/team/hangs.py": """\
import time
while True:
    try:
        time.sleep(100)
    except BaseException:
        pass
""",
    "lib/team/leaks.py": "import os, sys\nos.environ['TEAM'] = '1'\nsys.path.append('lib/hidden')\nos.chdir('/')\nrows = 1\n",
    "lib/hidden/found_by_accident.py": "rows = 1\n",
    "lib/team/things.py": """\
class Thing:
    def __str__(self):
        raise TypeError("a thing has no text")
    __repr__ = __str__

THINGS = {"a": Thing()}
""",
}
_LOAD = "team.operators.Load"
# The tasks of a schedule each, and what is said of it behind its name and a colon; nothing of one that is fine.
BROKEN: dict[str, tuple[list[dict[str, object]], list[str]]] = {
    "provider": (
        [{"uses": "airflow.providers.ssh.operators.ssh.SSHOperator"}],
        [
            "4:9: dags-not-loaded: `airflow.providers.ssh.operators.ssh` is not in this Airflow (install "
            "`apache-airflow-providers-ssh` there)"
        ],
    ),
    "provider_in_a_namespace": (
        [{"uses": "airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator"}],
        [
            "4:9: dags-not-loaded: `airflow.providers.apache.spark.operators.spark_submit` is not in this Airflow (install "
            "`apache-airflow-providers-apache-spark` there)"
        ],
    ),
    "module": (
        [{"uses": "team.none.Load"}],
        [
            "4:9: dags-not-loaded: `team.none` is not in this Airflow (install its package there, or add its folder to "
            "PYTHONPATH)"
        ],
    ),
    "name": (
        [{"uses": "team.operators.Lod"}],
        [
            "4:9: dags-not-loaded: `team.operators` has no `Lod` in this Airflow (install its package there, or add its "
            "folder to PYTHONPATH)"
        ],
    ),
    "unknown_arguments": (
        [{"uses": "FileSensor", "with": {"filepath": "x", "poke_intervall": 1, "nonsense": 1}}],
        [
            "7:21: dags-not-loaded: FileSensor has no argument `poke_intervall` in this Airflow (did you mean "
            "`poke_interval`?)",
            "8:15: dags-not-loaded: FileSensor has no argument `nonsense` in this Airflow (remove it, or correct its "
            "name)",
        ],
    ),
    "missing_argument": (
        [{"uses": _LOAD, "with": {"rows": 1}}, {"uses": _LOAD, "id": "again"}],
        ["7:9: dags-not-loaded: Load needs the argument `rows` (add it)"],
    ),
    "not_serializable": (
        [
            {"uses": _LOAD, "with": {"rows": 1}},
            {
                "uses": "BashOperator",
                "id": "b",
                "with": {"bash_command": "x", "env": {"$import": "team.things.THINGS"}},
            },
        ],
        ["7:9: dags-not-loaded: Airflow cannot serialize the DAG: a thing has no text"],
    ),
    "ends": (
        [{"uses": "team.ends.Load"}],
        ["1:1: dags-not-loaded: SystemError: the file ends Python with the status 3"],
    ),
    "leaves": ([{"uses": "team.leaves.Load"}], ["4:9: dags-not-loaded: SystemExit: no licence"]),
    "breaks": (
        [{"uses": "team.breaks.Load"}],
        ["1:1: dags-not-loaded: SystemError: the file ends Python with the signal 9"],
    ),
    "hangs": (
        [{"uses": "team.hangs.Load"}],
        [
            "1:1: dags-not-loaded: TimeoutError: the file did not load within 7 seconds (move what takes long into a task)"
        ],
    ),
    "leaks": ([{"uses": _LOAD, "with": {"rows": {"$import": "team.leaks.rows"}}}], []),
    "leaks_not": (
        [{"uses": _LOAD, "with": {"rows": {"$import": "found_by_accident.rows"}}}],
        [
            "6:11: dags-not-loaded: `found_by_accident` is not in this Airflow (install its package there, or add its folder "
            "to PYTHONPATH)"
        ],
    ),
}


def _write(root: Path, airflow: Airflow) -> Path:
    schedules = {name: {"interval": "@daily", "tasks": tasks} for name, (tasks, _) in BROKEN.items()}
    files = {f"schedules/{name}.yml": as_yaml(schedule) for name, schedule in schedules.items()}
    write(root, {**_TEAM, **files, "dagpress.toml": configured("", airflow.version)})
    assert dagpress(root, "generate")[0] == 0
    return root


def test_each_failure_is_at_its_place(airflow: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One broken file costs only itself, whatever it does to Python."""
    root = _write(tmp_path, airflow)
    program = str(airflow.folder / "bin" / "airflow")
    monkeypatch.setenv("PYTHONPATH", str(root / "lib"))
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "2")
    code, _, err = dagpress(root, "verify", "--airflow", program)
    said = [f"schedules/{name}.yml:{line}" for name, (_, lines) in sorted(BROKEN.items()) for line in lines]
    assert err.splitlines()[:-1] == said
    assert (code, err.splitlines()[-1]) == (2, f"Not verified: {len(said)} errors.")
