"""The comparison of behaviours: a DAG does not differ from itself, and each change of a generated file is seen."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples import sample
from project_builder import EXTRACT_LOAD, dagpress, project_of, write
from test_cases import CASES, copy_case

from codegen import pipeline
from codegen.plan import between, plan
from codegen.project import Project
from codegen.review.behaviour import Behaviour, Difference, differences
from codegen.review.sources import from_plan, from_source

# Together they have every key, as `test_every_key.py` counts them, and arguments of Airflow.
_CASES = ["after_other_schedules", "alerts", "arguments_of_airflow", "environments_down_the_folders", "every_key"]
_CASES += ["kubernetes", "run_parameters", "runner_docker", "tasks_of_every_kind"]
# A setting of the runner of a schedule, or a key of a task: what lies deeper is a value of it.
_DEPTH = 3


def _generated(project: Project, source: str, overlay: Mapping[str, str | None]) -> dict[str, tuple[str, Behaviour]]:
    """The text and the planned behaviour of the files of one schedule; none where something has an error."""
    reading = pipeline.read(project, overlay)
    chosen = [schedule for schedule in reading.schedules if schedule.source == source]
    texts = pipeline.render(project, reading, chosen).files
    found = {}
    for schedule, text in zip(chosen, texts.values(), strict=False):
        others = between(reading.of(schedule.deployment))[schedule.source]
        module = plan([(schedule, others)], reading.meltano, project.airflow, project.project_root_variable)
        found[schedule.dag_file] = (text, from_plan(module))
    return found


def _changed(value: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """The value with one thing in it changed, or removed where it has no other form; for each thing."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
    elif isinstance(value, dict | list) and depth:
        for key in value if isinstance(value, dict) else range(len(value)):
            for other in _changed(value[key], depth - 1):
                changed = copy.copy(value)
                changed[key] = other
                yield changed
            changed = copy.copy(value)
            del changed[key]
            yield changed


@pytest.mark.parametrize("name", _CASES)
def test_what_changes_a_file_is_a_difference(name: str, tmp_path: Path) -> None:
    """Of two plans, and of two texts; the order of variables and the like changes the file alone."""
    project = project_of(copy_case(name, tmp_path / "project"))
    number = 0
    paths = {path.relative_to(CASES / name).as_posix(): path for path in (CASES / name).glob("schedules/**/[!_]*.yml")}
    for source, path in paths.items():
        document = yaml.safe_load(path.read_text())
        # Only schedules that wait for others need them.
        absent: dict[str, str | None] = (
            {} if name == "after_other_schedules" else dict.fromkeys(paths.keys() - {source})
        )
        before = _generated(project, source, absent)
        for changed in sample(_changed(document), 12):
            after = _generated(project, source, {**absent, source: yaml.safe_dump(changed, sort_keys=False)})
            for file in before.keys() & after.keys():
                (old, planned), (new, other) = before[file], after[file]
                if old == new:
                    assert not differences(planned, other), changed
                elif sorted(old.split("\n")) != sorted(new.split("\n")):
                    assert differences(planned, other), changed
                    assert differences(_read(old), _read(new)), changed
                    number += 1
    assert number


def _read(text: str) -> Behaviour:
    behaviour = from_source(text)
    assert behaviour
    return behaviour


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/generated_dags")))
def test_a_dag_does_not_differ_from_itself(name: str) -> None:
    for path in (CASES / name).glob("generated_dags/**/*.py"):
        behaviour = _read(path.read_text())
        assert differences(behaviour, behaviour) == []


def test_a_difference_says_where_it_is() -> None:
    old = Behaviour({"dag_id": "a"}, {"b": {"operator": "Bash", "env": {"X": "1"}, "retries": 1}, "gone": {}})
    new = Behaviour({"dag_id": "a", "catchup": False}, {"b": {"operator": "Bash", "env": {"X": "2"}, "retries": 1}})
    assert differences(old, new) == [
        Difference(("catchup",), None, new=False),
        Difference(("env", "X"), "1", "2", "b"),
        Difference((), {}, None, "gone"),
    ]


@pytest.mark.parametrize("text", ["", "{}", "import airflow\n", "<<<<<<< HEAD\nx = 1\n", "(" * 1000])
def test_what_is_no_dag_has_no_behaviour(text: str) -> None:
    assert from_source(text) is None


def test_a_rename_that_moves_the_state_alone_is_reported(tmp_path: Path) -> None:
    """And two equal schedules are paired one to one."""
    pinned = EXTRACT_LOAD + "dag_id: {}\n"
    write(
        tmp_path,
        {"schedules/a.yml": pinned.format("x"), "schedules/b.yml": EXTRACT_LOAD, "schedules/c.yml": EXTRACT_LOAD},
    )
    assert dagpress(tmp_path, "generate")[0] == 0
    for old, new in ("ad", "be", "cf"):
        (tmp_path / f"schedules/{old}.yml").rename(tmp_path / f"schedules/{new}.yml")
    code, _, err = dagpress(tmp_path, "generate")
    assert code == 0
    assert "generated_dags/d.py:1:1: renamed: this looks like `generated_dags/a.py` renamed: Meltano starts with" in err
    assert "generated_dags/e.py:1:1: renamed: this looks like `generated_dags/b.py`" in err
    assert "generated_dags/f.py:1:1: renamed: this looks like `generated_dags/c.py`" in err


def test_an_object_of_another_module_is_a_difference(tmp_path: Path) -> None:
    """Also where it has the same name in the file."""
    task = "interval: '@daily'\ntasks: [{{id: a, uses: own.A, with: {{of: {{$import: {}.rows}}}}}}]\n"
    project = project_of(write(tmp_path, {"schedules/a.yml": task.format("one")}))
    (old, planned), (new, other) = (
        _generated(project, "schedules/a.yml", {"schedules/a.yml": task.format(module)})["generated_dags/a.py"]
        for module in ("one", "two")
    )
    assert differences(planned, other)
    assert differences(_read(old), _read(new))
