"""The locks and the state IDs of a task, and the `meltano el` that replaces a `meltano run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from project_builder import as_yaml, project_of, write

from codegen import pipeline
from codegen.plan.states import states_of
from codegen.plan.steps import Step, readable_steps, unordered_steps

_MELTANO: dict[str, Any] = {
    "environments": [
        {"name": "dev"},
        {"name": "prod", "state_id_suffix": "eu"},
        {"name": "test", "state_id_suffix": "$USER"},
    ],
    "plugins": {
        "extractors": [{"name": "tap-b"}, {"name": "tap-a"}, {"name": "shop"}],
        "loaders": [{"name": "target-x"}, {"name": "lake"}],
        "mappers": [{"name": "mapper", "mappings": [{"name": "hide"}]}],
        "utilities": [{"name": "dbt"}],
    },
    "jobs": [
        {"name": "load all", "tasks": ["tap-b lake"]},
        {"name": "broken", "tasks": ['tap-a "lake']},
        {"name": "both", "tasks": ["tap-b target-x dbt:run", "shop lake"]},
    ],
}


def _step(folder: Path, task: object, meltano: object = _MELTANO, **keys: object) -> Step:
    """Return the step of a schedule with one task, or with an extractor and a loader if the task is None."""
    what = {"tasks": [task]} if task else {"extractor": "tap-a", "loader": "target-x"}
    files = {"schedules/a.yml": as_yaml({"interval": "@daily", **what, **keys})}
    write(folder, {**files, "meltano.yml": as_yaml(meltano)} if meltano else files)
    reading = pipeline.read(project_of(folder))
    (step,) = unordered_steps(reading.schedules[0], reading.meltano)
    return step


@pytest.mark.parametrize(
    ("task", "locks"),
    [
        ("tap-b target-x tap-a lake", ("tap-a", "tap-b")),
        ("shop hide lake", ("shop",)),
        ("--full-refresh both dbt:test", ("dbt:shared", "shop", "tap-b")),
        ("dbt:run dbt", ("dbt:shared",)),
        ("dbt:deps dbt:run", ("dbt",)),
        ({"id": "c", "command": "meltano invoke dbt deps && meltano invoke dbt:run"}, ("dbt",)),
        ({"run": "dbt:run", "before_run": ["invoke dbt:deps"]}, ("dbt",)),
        ("new target-x", ("new",)),
        ("{{ params.tap }} target-x", ("shop", "tap-a", "tap-b", "{{ params.tap }}")),
        ({"id": "c", "command": "cd x\nmeltano --log-level=debug run both >log"}, ("dbt:shared", "shop", "tap-b")),
        ({"id": "c", "command": "meltano invoke tap-new --discover"}, ("tap-new",)),
        ({"id": "c", "command": ".meltano/run/bin run tap-a lake"}, ("tap-a",)),
        ({"id": "c", "command": "meltano run $TAP lake", "env": {"TAP": "shop"}}, ("shop",)),
        ({"id": "c", "command": "meltano run 'load all'"}, ("tap-b",)),
        (
            {"run": "dbt:run", "before_run": ["run {{ params.tap }} lake"]},
            ("dbt:shared", "shop", "tap-a", "tap-b", "{{ params.tap }}"),
        ),
        ("broken", ("broken",)),
        ({"id": "c", "command": "./load.sh tap-a"}, ()),
        ({"run": "dbt:run", "before_run": ["invoke shop --discover"]}, ("dbt:shared", "shop")),
        ({"run": "tap-b lake", "before_run": ["config set shop a b", "select shop a"]}, ("meltano.yml", "tap-b")),
    ],
)
def test_a_task_locks_its_extractors(task: object, locks: tuple[str, ...], tmp_path: Path) -> None:
    assert _step(tmp_path, task).locks == locks


def test_without_a_meltano_project_plugin_types_follow_the_names_of_singer(tmp_path: Path) -> None:
    assert _step(tmp_path, "tap-z other target-y dbt:run", meltano=None).locks == ("dbt:shared", "other", "tap-z")


@pytest.mark.parametrize(
    ("keys", "state_id"),
    [
        ({"environment": "dev"}, "dev:tap-a-to-lake"),
        ({"environment": "dev", "state_id_suffix": "us"}, "dev:tap-a-to-lake:us"),
        ({"environment": "prod"}, "prod:tap-a-to-lake:eu"),
        ({"environment": "prod", "state_id_suffix": "us"}, "prod:tap-a-to-lake:us"),
    ],
)
@pytest.mark.parametrize("run", ["tap-a lake", "tap-a lake --state-id-suffix={suffix}"])
def test_a_plain_pair_in_a_known_environment_runs_as_el(
    keys: dict[str, str], state_id: str, run: str, tmp_path: Path
) -> None:
    if "{suffix}" in run and "state_id_suffix" in keys:
        run, keys = run.format(suffix=keys["state_id_suffix"]), {**keys, "state_id_suffix": "hidden"}
    step = _step(tmp_path, run.removesuffix(" --state-id-suffix={suffix}"), **keys, full_refresh=True)
    words = f"meltano --environment={keys['environment']} el tap-a lake --state-id={state_id} --full-refresh"
    assert (step.calls, step.locks) == ((tuple(words.split()),), ())


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        ("tap-a lake", {}),
        ("tap-a lake", {"environment": "staging"}),
        ("tap-a lake", {"environment": "{{ params.environment }}"}),
        ("tap-a lake", {"environment": "dev", "state_id_suffix": "{{ ds }}"}),
        ("tap-a lake", {"environment": "test"}),
        ("tap-a lake", {"environment": "dev", "env": {"MELTANO_RUN_STATE_ID_SUFFIX": "us"}}),
        ("tap-a lake --force", {"environment": "dev"}),
        ("tap-a hide lake", {"environment": "dev"}),
        ("both", {"environment": "dev"}),
        ("tap-a other", {"environment": "dev"}),
    ],
)
def test_a_run_that_el_cannot_replace_is_kept(task: str, keys: dict[str, object], tmp_path: Path) -> None:
    step = _step(tmp_path, task, **keys)
    assert "run" in step.calls[0]
    assert step.locks


def test_an_extractor_and_a_loader_lock_nothing(tmp_path: Path) -> None:
    assert _step(tmp_path, None).locks == ()


def test_a_transformation_locks_dbt(tmp_path: Path) -> None:
    meltano = {"plugins": {**_MELTANO["plugins"], "transformers": [{"name": "dbt"}]}}
    assert _step(tmp_path, None, meltano, transform="run").locks == ("dbt",)


@pytest.mark.parametrize(
    ("task", "state_ids"),
    [
        ("tap-a lake tap-b target-x", ["dev:tap-a-to-lake:own", "dev:tap-b-to-target-x:own"]),
        ("both --state-id-suffix=eu", ["dev:tap-b-to-target-x:eu", "dev:shop-to-lake:eu"]),
        ("--no-state-update both", []),
        ("dbt:run", []),
        ({"run": "tap-a lake", "env": {"MELTANO_ENVIRONMENT": "prod"}}, ["prod:tap-a-to-lake:own"]),
        ({"id": "c", "command": "meltano run tap-a lake"}, ["dev:tap-a-to-lake:own"]),
        ({"id": "c", "command": "cd /x && X=1 meltano --environment prod run shop lake"}, ["prod:shop-to-lake:own"]),
        ({"id": "c", "command": "meltano el tap-a lake --state-id=kept; echo done"}, ["kept"]),
        (
            {"id": "c", "command": 'meltano run tap-a lake --state-id-suffix "$X"', "env": {"X": "y"}},
            ["dev:tap-a-to-lake:y"],
        ),
        ({"id": "c", "command": "if true; then meltano run tap-a lake | tee log; fi"}, ["dev:tap-a-to-lake:own"]),
        # Each has another state ID or state backend than the text suggests.
        ({"id": "c", "command": "meltano run tap-a lake $OPTIONS"}, []),
        ({"id": "c", "command": ". ./variables; meltano run tap-a lake"}, []),
        ({"id": "c", "command": "MELTANO_DATABASE_URI=sqlite:///own.db meltano run tap-a lake"}, []),
    ],
)
def test_the_state_ids_of_a_task_match_meltano(task: object, state_ids: list[str], tmp_path: Path) -> None:
    meltano = {**_MELTANO, "default_environment": "dev"}
    files = {"schedules/a.yml": as_yaml({"interval": "@daily", "tasks": [task], "state_id_suffix": "own"})}
    reading = pipeline.read(project_of(write(tmp_path, {**files, "meltano.yml": as_yaml(meltano)})))
    schedule, meltano_project = reading.schedules[0], reading.meltano
    states = states_of(readable_steps(schedule, meltano_project), schedule, meltano_project)
    assert [state.id for state in states] == state_ids
