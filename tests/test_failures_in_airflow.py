"""The messages for failures in Airflow, and the YAML locations of lines in generated files."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import project_of, write

from codegen import pipeline
from codegen.review.failures import failures_of
from codegen.review.source_map import SourceMap

_SCHEDULE = """\
interval: "@daily"
max_active_runs: 1
retries: 2
on_failure: {slack: "#alerts"}
tasks:
- tap-a target-b
- id: wait
  uses: FileSensor
  with:
    filepath: /x
    poke_interval: 5m
  retries: 5
- id: load
  group: loads
  uses: elt.operators.Load
  with: {rows: {$import: elt.data.rows}}
"""
# A part of a line in the generated file, and its source; the file if it is not from a key.
PLACES = {
    "import FileSensor": ["schedules/a.yml:8:9"],
    "import Load": ["schedules/a.yml:15:9"],
    "import rows": ["schedules/a.yml:16:16"],
    'task_id="wait"': ["schedules/a.yml:8:9"],
    "poke_interval=": ["schedules/a.yml:11:20"],
    "retries=5": ["schedules/a.yml:12:12"],
    '"retries": 2': ["schedules/a.yml:3:10"],
    "rows=rows": ["schedules/a.yml:16:16"],
    "bash_command=": ["schedules/a.yml:6:3"],
    "max_active_runs": ["schedules/a.yml:2:18"],
    "on_failure_callback": ["schedules/a.yml:4:13"],
    "import pendulum": ["generated_dags/a.py:15:1"],
}


def test_a_line_of_a_generated_file_has_a_location_in_the_yaml(tmp_path: Path) -> None:
    source, lines = _source_of(write(tmp_path, {"schedules/a.yml": _SCHEDULE}), "generated_dags/a.py")
    numbers = {part: _number_of(lines, part) for part in PLACES}
    assert {part: [str(each) for each in source.places_of(line)] for part, line in numbers.items()} == PLACES
    assert [str(each) for each in source.places_of(0)] == ["schedules/a.yml:1:1"]
    assert str(source.place_of("meltano_a", "wait", "filepath")) == "schedules/a.yml:10:15"


# In one file with the first: a task with the same operator, and tasks with the defaults of the folder.
_OTHERS = """interval: "@daily"
tasks:
- uses: elt.operators.Load
  with: {rows: 1}
- {id: one, command: ls, runner: docker}
- {id: two, command: ls, runner: docker, docker: {network_mode: host}}
- {id: three, command: ls, runner: docker}
"""
_DEFAULTS = """env: {REGION: eu, LEVEL: info}
docker:
  image: registry/elt:1
  network_mode: {$import: elt.data.MODE}
"""
_PLACES_IN_A_FOLDER = {
    "import Load": ["schedules/sales/a.yml:15:9", "schedules/sales/b.yml:3:9"],
    "poke_interval=": ["schedules/sales/a.yml:11:20"],
    "network_mode": ["schedules/sales/_defaults.yml:4:17"],
    '"LEVEL": ': ["schedules/sales/_defaults.yml:1:26"],
    'dag_id="meltano_b"': ["schedules/sales/b.yml:1:1"],
}


def test_a_line_of_the_file_of_a_folder_has_the_locations_of_its_schedules(tmp_path: Path) -> None:
    files = {"schedules/sales/a.yml": _SCHEDULE, "schedules/sales/b.yml": _OTHERS}
    files |= {"schedules/sales/_defaults.yml": _DEFAULTS, "dagpress.toml": 'layout = "folder"\n'}
    source, lines = _source_of(write(tmp_path, files), "generated_dags/sales.py")
    numbers = {part: _number_of(lines, part) for part in _PLACES_IN_A_FOLDER}
    found = {part: [str(each) for each in source.places_of(line)] for part, line in numbers.items()}
    assert found == _PLACES_IN_A_FOLDER
    assert [str(each) for each in source.places_of(0)] == ["schedules/sales/a.yml:1:1", "schedules/sales/b.yml:1:1"]
    # One import of several names, one of which is missing.
    line = _number_of(lines, "from elt.data import")
    missing = {name: [str(each) for each in source.places_of(line, name=name)] for name in ("MODE", "rows")}
    assert missing == {"MODE": ["schedules/sales/_defaults.yml:4:17"], "rows": ["schedules/sales/a.yml:16:16"]}


def _source_of(root: Path, name: str) -> tuple[SourceMap, list[str]]:
    generation = pipeline.generate(project_of(root))
    text = generation.files[name]
    return SourceMap(name, text, generation.selection.schedules, None), text.splitlines()


def _number_of(lines: list[str], part: str) -> int:
    return next(number for number, line in enumerate(lines, start=1) if part in line)


@pytest.mark.parametrize(
    ("error", "module", "message", "hint"),
    [
        (
            "No module named 'airflow.providers.http.notifications'",
            "airflow.providers.http.notifications",
            "`airflow.providers.http.notifications` is not in this Airflow",
            "install `apache-airflow-providers-http>=5.5.0` there",
        ),
        (
            "No module named 'airflow.providers.microsoft'",
            "airflow.providers.microsoft.azure.operators.adls",
            "`airflow.providers.microsoft.azure.operators.adls` is not in this Airflow",
            "install `apache-airflow-providers-microsoft-azure` there",
        ),
        (
            "No module named 'airflow.providers.standard.operators.bsh'",
            "airflow.providers.standard.operators.bsh",
            "`airflow.providers.standard.operators.bsh` is not in this Airflow",
            "correct the name, or install a newer `apache-airflow-providers-standard` there",
        ),
        (
            "DAG.__init__() got an unexpected keyword argument 'tag'",
            "",
            "DAG has no argument `tag` in this Airflow",
            "did you mean `tags`?",
        ),
        ("\x1b]0;title\x07", "", "\x1b]0;title\x07; its last output: said", ""),
    ],
)
def test_a_failure_names_its_fix(error: str, module: str, message: str, hint: str) -> None:
    traceback = f'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    x\nTypeError: {error}\n'
    (failure,) = failures_of(traceback, "said\n", module, "", "3.3")
    assert (failure.message.removeprefix("TypeError: "), failure.hint) == (message, hint)
