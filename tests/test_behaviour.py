"""The comparison of behaviours: a DAG does not differ from itself, and each change of a file is reported."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples import sample
from project_builder import EXTRACT_LOAD, dagpress, project_of, write
from test_cases import CASES, copy_case

from codegen import pipeline
from codegen.pipeline import Reading
from codegen.plan import dependencies_between, plan
from codegen.project import Project
from codegen.review.behaviour import Behaviour, Difference, differences
from codegen.review.dag_text import from_source
from codegen.review.effects import Kind, effects_of
from codegen.review.sources import from_plan
from codegen.sync.blocks import sources_in

# Together, they have every key of `test_every_key.py`, and arguments of Airflow.
_CASES = ["after_other_schedules", "alerts", "arguments_of_airflow", "environments_down_the_folders", "every_key"]
_CASES += ["kubernetes", "run_parameters", "runner_docker", "tasks_of_every_kind"]
# A setting of a schedule's runner, or a key of a task: deeper levels are parts of its value.
_DEPTH = 3


def _generated(project: Project, source: str, reading: Reading) -> dict[str, tuple[str, Behaviour]]:
    """Return the text and the planned behaviour of the files of one schedule; nothing if there are errors."""
    chosen = [schedule for schedule in reading.schedules if schedule.source == source]
    texts = pipeline.render(project, reading, chosen).files
    found = {}
    for schedule, text in zip(chosen, texts.values(), strict=False):
        others = dependencies_between(reading.of(schedule.deployment))[schedule.source]
        module = plan([(schedule, others)], reading.meltano, project.airflow, project.project_root_variable)
        found[schedule.dag_file] = (text, from_plan(module))
    return found


def _changed(value: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """Yield the value with one part changed, or removed if it has no other form, for each part."""
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


@pytest.mark.parametrize("name", sample(_CASES, 2))
def test_each_change_of_a_file_is_a_difference(name: str, tmp_path: Path) -> None:
    """Between two plans and between two texts. The order of variables and the like changes only the file."""
    project = project_of(copy_case(name, tmp_path / "project"))
    number = 0
    paths = {path.relative_to(CASES / name).as_posix(): path for path in (CASES / name).glob("schedules/**/[!_]*.yml")}
    for source, path in paths.items():
        document = yaml.safe_load(path.read_text())
        # Only schedules with dependencies need the others.
        absent: dict[str, str | None] = (
            {} if name == "after_other_schedules" else dict.fromkeys(paths.keys() - {source})
        )
        former = pipeline.read(project, absent)
        before = _generated(project, source, former)
        for changed in sample(_changed(document), 12):
            reading = pipeline.read(project, {**absent, source: yaml.safe_dump(changed, sort_keys=False)})
            after = _generated(project, source, reading)
            effects = effects_of(project, former, reading, [source]) if after else []
            has_effects = any(each.kind is not Kind.NOTHING for effect in effects for each in effect.sentences)
            if before.keys() == after.keys() and all(before[file][0] == after[file][0] for file in before):
                assert not has_effects, (changed, effects)
            for file in before.keys() & after.keys():
                (old, planned), (new, other) = before[file], after[file]
                if old == new:
                    assert not differences(planned, other), changed
                elif sorted(old.split("\n")) != sorted(new.split("\n")):
                    assert differences(planned, other), changed
                    assert differences(_read(old), _read(new)), changed
                    assert has_effects, (changed, effects)
                    number += 1
    assert number


def _read(text: str) -> Behaviour:
    (behaviour,) = from_source(text, sources_in(text)).values()
    return behaviour


def test_a_dag_does_not_differ_from_itself() -> None:
    for path in CASES.glob("*/generated_dags/**/*.py"):
        text = path.read_text()
        for behaviour in from_source(text, sources_in(text)).values():
            assert differences(behaviour, behaviour) == [], path


@pytest.mark.parametrize("name", sample(["alerts", "layout_of_folders", "tasks_of_every_kind", "shared_settings"], 2))
def test_a_dag_is_the_same_in_both_layouts(name: str, tmp_path: Path) -> None:
    root = copy_case(name, tmp_path / "project")
    configuration = (root / "dagpress.toml").read_text().replace('layout = "folder"\n', "")
    (root / "schedules").rename(root / "all")
    (root / "schedules").mkdir()
    (root / "all").rename(root / "schedules/all")
    schedule, folder = (
        _behaviours(write(root, {"dagpress.toml": f'layout = "{layout}"\n{configuration}'}))
        for layout in ("schedule", "folder")
    )
    assert schedule.keys() == folder.keys()
    assert schedule
    assert {name: differences(schedule[name], folder[name]) for name in schedule} == {name: [] for name in schedule}


def _behaviours(root: Path) -> dict[str, Behaviour]:
    texts = [text for name, text in pipeline.generate(project_of(root)).files.items() if name.endswith(".py")]
    return {source: each for text in texts for source, each in from_source(text, sources_in(text)).items()}


def test_a_difference_names_its_location() -> None:
    old = Behaviour({"dag_id": "a"}, {"b": {"operator": "Bash", "env": {"X": "1"}, "retries": 1}, "gone": {}})
    new = Behaviour({"dag_id": "a", "catchup": False}, {"b": {"operator": "Bash", "env": {"X": "2"}, "retries": 1}})
    assert differences(old, new) == [
        Difference(("catchup",), None, new=False),
        Difference(("env", "X"), "1", "2", "b"),
        Difference((), {}, None, "gone"),
    ]


@pytest.mark.parametrize("text", ["", "{}", "import airflow\n", "<<<<<<< HEAD\nx = 1\n", "(" * 1000])
def test_a_text_without_a_dag_has_no_behaviour(text: str) -> None:
    assert from_source(text, {""}) == {}


_RENAMED = "{}: renamed: this looks like `schedules/{}.yml` renamed: {} (to keep "
_NEW_DAG, _NEW_STATE = "Airflow treats it as a new DAG without history", "Meltano starts with a new state"
_SHARED = "env: {REGION: eu, LEVEL: info}\n"
_TASKS = "interval: '@daily'\nenv: {A: one, REGION: us}\ntasks:\n- {id: x, command: ls}\n- {id: y, command: ls}\n"


@pytest.mark.parametrize("after", ["schedule", "folder"])
@pytest.mark.parametrize("before", ["schedule", "folder"])
def test_a_renamed_schedule_is_reported(before: str, after: str, tmp_path: Path) -> None:
    """In its own file and in the file of a folder, also if the layout changes at the same time.

    A rename that only moves the state is reported, too. Equal schedules are paired one to one. A schedule that keeps
    its IDs is not reported, if it moves to another folder or if the layout changes.
    """
    old = {"a": EXTRACT_LOAD + "dag_id: x\n", "b": EXTRACT_LOAD, "c": EXTRACT_LOAD, "f": _TASKS, "m": EXTRACT_LOAD}
    new = {"d": "a", "e": "b", "g": "c", "h": "f", "../hr/m": "m"}
    files = {f"schedules/sales/{name}.yml": text for name, text in {**old, "kept": EXTRACT_LOAD}.items()}
    defaults = {f"schedules/{folder}/_defaults.yml": _SHARED for folder in ("hr", "sales")}
    write(tmp_path, {**files, **defaults, "dagpress.toml": f'layout = "{before}"\n'})
    assert dagpress(tmp_path, "generate")[0] == 0
    (tmp_path / "schedules/hr").mkdir(exist_ok=True)
    for name, former in new.items():
        (tmp_path / f"schedules/sales/{former}.yml").rename(tmp_path / f"schedules/sales/{name}.yml")
    write(tmp_path, {"dagpress.toml": f'layout = "{after}"\n'})
    code, _, err = dagpress(tmp_path, "generate")
    assert code == 0
    output = err.splitlines()[:-2]
    assert [line.partition("the history, ")[0].partition("the state, ")[0] for line in output] == [
        _RENAMED.format(_place_of(tmp_path, name, after), f"sales/{new[name]}", _NEW_STATE if name == "d" else _NEW_DAG)
        for name in ("d", "e", "g", "h")
    ]


def _place_of(root: Path, name: str, layout: str) -> str:
    if layout == "schedule":
        return f"generated_dags/sales/{name}.py:1:1"
    lines = (root / "generated_dags/sales.py").read_text().split("\n")
    return f"generated_dags/sales.py:{lines.index(f'# schedules/sales/{name}.yml') + 1}:1"


def test_an_object_from_another_module_is_a_difference(tmp_path: Path) -> None:
    """Also if it has the same name in the file."""
    task = "interval: '@daily'\ntasks: [{{id: a, uses: own.A, with: {{of: {{$import: {}.rows}}}}}}]\n"
    project = project_of(write(tmp_path, {"schedules/a.yml": task.format("one")}))
    (old, planned), (new, other) = (
        _generated(project, "schedules/a.yml", pipeline.read(project, {"schedules/a.yml": task.format(module)}))[
            "generated_dags/a.py"
        ]
        for module in ("one", "two")
    )
    assert differences(planned, other)
    assert differences(_read(old), _read(new))
