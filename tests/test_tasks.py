"""Tasks as a graph: the arrows are those of the YAML, and what is not Airflow's knows of every kind of task."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pytest
from examples import fewer
from hypothesis import given
from project_builder import as_yaml, dagpress, project_of, write
from strategies import graphs
from versions import NEWEST

from codegen import pipeline
from codegen.airflow_facts.trigger_rules import TRIGGER_RULES, runs
from codegen.plan import between, plan


def edges_of(tasks: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What each task waits for by the YAML: of a group, for those that nothing in it waits for."""
    members: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        members.setdefault(task.get("group", ""), []).append(task)
    last = {
        group: {task["id"] for task in those if not any(task["id"] in other["after"] for other in those)}
        for group, those in members.items()
        if group
    }
    return {task["id"]: {each for name in task["after"] for each in last.get(name, {name})} for task in tasks}


@fewer(2)
@given(tasks=graphs())
def test_the_arrows_are_those_of_the_yaml(tasks: list[dict[str, Any]]) -> None:
    """In the plan, and in its text: the check of an own template finds each arrow that is lost."""
    with TemporaryDirectory() as folder:
        schedule = {"interval": "@daily", "tasks": [{**task, "run": "dbt:run"} for task in tasks]}
        template = {"templates/dag.py.j2": '{% extends "dagpress/dag.py.j2" %}'}
        project = project_of(write(Path(folder), {"schedules/s.yml": as_yaml(schedule), **template}))
        assert not pipeline.generate(project).diagnostics
        schedules = pipeline.read(project).schedules
    (dag,) = plan(
        [*zip(schedules, between(schedules).values(), strict=True)], None, NEWEST, "MELTANO_PROJECT_ROOT"
    ).dags
    assert {task.task_id: set(task.upstream) for task in dag.tasks} == edges_of(tasks)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a `meltano` that tells how it was called."""
    return write(
        tmp_path,
        {
            "meltano.yml": "plugins:\n  extractors: [{name: tap-a}]\n  loaders: [{name: target-b}]\n",
            ".meltano/run/bin": '#!/bin/sh\necho "$PWD $A $*"\n',
        },
    )


def _run(project: Path, capfd: pytest.CaptureFixture[str], text: str, *options: str) -> tuple[int, list[str], str]:
    """Run a schedule; its exit code, what its programs print, and what is said of the tasks."""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{text}"})
    capfd.readouterr()
    code, _, err = dagpress(project, "schedule", "run", "s", *options)
    return code, capfd.readouterr().out.splitlines(), err


def test_run_executes_commands_and_what_comes_before_a_run(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command has the project's `meltano`, its folder and the variables; further options go to the run alone."""
    tasks = """\
environment: prod
env: {A: one}
before_run: [select tap-a "a b"]
tasks:
- run: tap-a target-b
- id: report
  env: {A: two}
  command: |
    values=(x y)
    echo "${#values[@]} of $A in $PWD"
    meltano invoke tap-a
    false | true
    echo never
- {id: never, command: echo never}
"""
    code, out, err = _run(project, capfd, tasks, "--dry-run")
    assert out == [
        f"{project} one --environment=prod select tap-a a b",
        f"{project} one --environment=prod run --dry-run tap-a target-b",
        f"2 of two in {project}",
        f"{project} two invoke tap-a",
    ]
    assert code == 1
    assert "[2/3] report: a shell command\n" in err


def test_run_skips_what_airflow_would_skip(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A task for a failure, and what waits for it; and not what runs in any case."""
    tasks = """\
tasks:
- {id: load, command: echo load}
- {id: alert, command: echo alert, after: [load], trigger_rule: one_failed}
- {id: told, command: echo told, after: [alert]}
- {id: tidy, command: echo tidy, after: [alert, load], trigger_rule: none_failed}
"""
    code, out, err = _run(project, capfd, tasks)
    assert (code, out) == (0, ["load", "tidy"])
    assert "[2/4] alert: a shell command (skipped: one_failed)\n" in err
    assert "[3/4] told: a shell command (skipped: all_success)\n" in err


def test_run_leaves_python_to_airflow(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is run, and the message says what can."""
    with pytest.raises(click.ClickException, match="run `airflow dags test meltano_s`"):
        _run(project, capfd, "tasks: [{id: never, command: echo never}, {python: quality.checks.rows}]\n")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("rule", TRIGGER_RULES)
def test_a_task_that_waits_for_nothing_runs_by_any_rule(rule: str) -> None:
    assert runs(rule, 0, 0)


def test_a_schedule_with_other_steps_is_no_job_of_meltano(project: Path) -> None:
    """`export` says so and loses nothing, and the list in Meltano's form says what it leaves out."""
    write(
        project,
        {
            "schedules/mixed.yml": "interval: '@daily'\ntasks:\n- tap-a target-b\n- {id: report, command: make}\n",
            "schedules/grouped.yml": "interval: '@daily'\nbefore_run: [select tap-a x]\n"
            "tasks:\n- {run: tap-a target-b, group: load}\n",
        },
    )
    code, out, err = dagpress(project, "export")
    assert code == 0
    assert "schedules/mixed.yml:4:25: not-exported: `mixed` cannot become a Meltano job: `report` has `command`" in err
    assert "schedules/grouped.yml:2:13: not-exported: Meltano has no equivalent of `before_run`" in err
    assert "schedules/grouped.yml:4:32: not-exported: Meltano has no equivalent of `group` of a task" in err
    text = (project / "meltano.yml").read_text()
    assert "grouped" in text
    assert "mixed" not in text
    _, out, err = dagpress(project, "schedule", "list")
    assert "[@daily] job mixed: mixed → ['tap-a target-b']\n" in out
    assert "mixed: left out tasks without `run`: report\n" in err


def test_show_has_every_value_of_a_task(project: Path) -> None:
    """In the form in which it was written."""
    tasks = """\
tasks:
- id: check
  python: quality.checks.rows
  op_kwargs:
    table: readings
    limits:
    - 1
    - 2.5
    - true
    - null
  group: quality
  trigger_rule: all_done
  retry_delay: 10m
- id: list
  command: |-
    ls
    ls -l
"""
    write(project, {"schedules/s.yml": f"interval: '@daily'\n{tasks}"})
    assert tasks in dagpress(project, "show", "s")[1]
