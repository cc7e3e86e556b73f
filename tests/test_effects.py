"""The effects of a change in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from examples import fewer
from hypothesis import given
from project_builder import as_yaml, project_of, write
from strategies import SCHEDULES

from codegen import pipeline
from codegen.project import Project
from codegen.review.effects import Kind, effects_of

_RANDOM = "q7Gd93kLmZxPw2VbNcR8sTfYhJ4u6AaE1  # dagpress: ignore[possible-secret] a test"
_HIDDEN = "(hidden: it looks like a secret)"
_NOW = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
_MELTANO = """\
version: 1
default_environment: dev
environments: [{name: dev}, {name: prod}]
plugins:
  extractors: [{name: tap-gitlab}, {name: tap-shop}]
  loaders: [{name: target-postgres}, {name: target-snowflake}]
  utilities: [{name: dbt-postgres}]
jobs: [{name: refresh, tasks: [tap-gitlab target-postgres]}, {name: load, tasks: [tap-shop target-postgres]}]
"""
_PAIR = "extractor: tap-gitlab\nloader: target-postgres\n"
_DAILY = f"{_PAIR}interval: '@daily'\n"
_HEAD, _RUN = "interval: '@daily'\ntasks:\n", "- {id: run, run: 'dbt-postgres:run'}\n"
_LOAD = "`tap-gitlab_target-postgres`"
_TASKS = (
    f"{_HEAD}- {{id: get, command: ./get.sh}}\n- tap-gitlab target-postgres\n- {{id: check, python: checks.rows}}\n"
)
_LOADS = "loads `tap-gitlab` into `target-postgres` with Meltano"
_LOADED_AGAIN = "everything is loaded again, unless that state already exists."
_NOT_LOADED = "the rows already in `target-postgres` are not loaded into `target-snowflake`."
_MAY_FAIL = "it may skip rows, or fail on a bookmark that it does not know."
_ONLY_LAYOUT = "The runs stay the same: only comments or layout change."
_NEW_DAG = "Airflow treats it as a new DAG without history: the history so far stays with `meltano_a`."
# The text of `schedules/a.yml` before and after a change, and the sentences, with titles for other pipelines.
_CHANGES: Mapping[str, tuple[str | None, str | None, list[str]]] = {
    "comments": (_DAILY, f"# Daily.\n{_DAILY}", [_ONLY_LAYOUT]),
    "a default": (
        _DAILY,
        f"{_DAILY}owner: airflow\n",
        ["The runs stay the same: the same settings are written differently."],
    ),
    "another way to write a start": (
        _DAILY,
        f"{_PAIR}interval: 0 0 * * *\n",
        ["Schedule unchanged, every day at 00:00 (UTC): the interval is only written differently."],
    ),
    "start": (
        f"{_PAIR}interval: 0 6 * * 1-5\ntimezone: Europe/Berlin\n",
        f"{_PAIR}interval: 0 7 * * 1-5\ntimezone: Europe/Berlin\n",
        ["Schedule: every weekday at 06:00 (Europe/Berlin) → every weekday at 07:00 (Europe/Berlin)."],
    ),
    "timezone": (
        _DAILY,
        f"{_DAILY}timezone: Europe/Berlin\n",
        ["Schedule: every day at 00:00 (UTC) → every day at 00:00 (Europe/Berlin)."],
    ),
    "manual": (
        _DAILY,
        f"{_PAIR}interval: '@manual'\n",
        ["No longer runs by itself: manual runs only."],
    ),
    "after another": (
        _DAILY,
        f"{_PAIR}after: other\n",
        ["Schedule: every day at 00:00 (UTC) → after `other`.", "`other`: A successful run now also starts `a`."],
    ),
    "a start to come": (
        _DAILY,
        f"{_DAILY}start_date: 2027-01-01\n",
        ["First runs on Fri 2027-01-01 00:00 UTC.", "Start date: 1970-01-01 → 2027-01-01."],
    ),
    "an end that has passed": (
        _DAILY,
        f"{_DAILY}end_date: 2020-01-01\n",
        ["No longer runs by itself: its end date has passed.", "End date: not set → 2020-01-01."],
    ),
    "state": (
        _DAILY,
        f"{_DAILY}state_id: gitlab\n",
        [f"`tap-gitlab` uses another state, `gitlab` instead of `a`: {_LOADED_AGAIN}"],
    ),
    "name": (
        _DAILY,
        f"{_DAILY}name: gitlab\n",
        [
            f"`gitlab`: {_NEW_DAG}",
            f"`gitlab`: `tap-gitlab` uses another state, `gitlab` instead of `a`: {_LOADED_AGAIN}",
            "`gitlab`: Name: a → gitlab.",
        ],
    ),
    "loader": (
        _DAILY,
        _DAILY.replace("postgres", "snowflake"),
        [
            f"`tap-gitlab` continues with the same state, `a`: {_NOT_LOADED}",
            f"Runs: {_LOADS} → loads `tap-gitlab` into `target-snowflake` with Meltano.",
        ],
    ),
    "extractor": (
        _DAILY,
        _DAILY.replace("gitlab", "shop"),
        [
            f"`tap-shop` continues with the state of `tap-gitlab`, `a`: {_MAY_FAIL}",
            f"Runs: {_LOADS} → loads `tap-shop` into `target-postgres` with Meltano.",
        ],
    ),
    "catch-up and full refresh": (
        _DAILY,
        f"{_DAILY}catchup: true\nfull_refresh: true\n",
        [
            "Catches up on missed runs, such as those while it was paused.",
            "Every run loads everything again and ignores the saved state.",
            f"Runs: {_LOADS} → {_LOADS} (full refresh).",
        ],
    ),
    "a new DAG that catches up": (
        _DAILY,
        f"{_DAILY}dag_id: b\ncatchup: true\nstart_date: 2026-11-25\n",
        [
            _NEW_DAG,
            "Once unpaused, it catches up on 3 runs, from Wed 2026-11-25 00:00 UTC to Fri 2026-11-27 00:00 UTC.",
            "Start date: 1970-01-01 → 2026-11-25.",
        ],
    ),
    "alerts": (
        f"{_DAILY}on_success: {{slack: '#news'}}\n",
        f"{_DAILY}on_failure: [{{slack: '#alerts'}}, {{email: a@example.com}}]\n",
        ["Alerts when a run fails: nobody → #alerts and a@example.com.", "Alerts when a run succeeds: #news → nobody."],
    ),
    "other keys": (
        f"{_DAILY}retries: 2\nenv: {{A: '1'}}\nparams: {{days: 7}}\n",
        f"{_DAILY}retries: 4\nenv: {{A: '2', B: '{'x' * 80}'}}\nparams: {{days: 14}}\n",
        [
            "Parameters, `days`: 7 → 14.",
            "Retries: 2 → 4.",
            "Environment variables, `A`: 1 → 2.",
            "Environment variables, `B`: changed.",
        ],
    ),
    "tasks": (
        _TASKS,
        f"{_HEAD}- {{id: check, python: checks.all_rows, retries: 3}}\n- {{id: fetch, command: ./get.sh}}\n{_RUN}",
        [
            "Task `check`: calls `checks.rows` → calls `checks.all_rows`.",
            "Task `get` is now `fetch`: its history in Airflow stays with `get`.",
            "New task `run`, after `fetch`: `meltano run dbt-postgres:run`.",
            "Removed task `tap-gitlab_target-postgres`: `meltano run tap-gitlab target-postgres`.",
            "Retries: 1 → 3.",
        ],
    ),
    "what looks like a secret": (
        f"{_HEAD}- id: b\n  python: x.{_RANDOM}\n  pool: {_RANDOM}\n",
        f"{_HEAD}- id: b\n  python: x.y{_RANDOM}\n  pool: y{_RANDOM}\n",
        [f"Runs: calls {_HIDDEN} → calls {_HIDDEN}.", "Pool: changed."],
    ),
    "order of tasks": (
        _TASKS,
        f"{_HEAD}- {{id: check, python: checks.rows}}\n- {{id: get, command: pwd}}\n- tap-gitlab target-postgres\n",
        [
            "Task `get` runs a different shell command.",
            f"Order of the tasks: `get`, {_LOAD}, `check` → `check`, `get`, {_LOAD}.",
        ],
    ),
    "what a task waits for": (
        _TASKS,
        _TASKS.replace("checks.rows", "checks.rows, after: [get], retries: 2"),
        [
            "Task `tap-gitlab_target-postgres` no longer waits for `get`.",
            "Task `check` now waits for `get` and no longer waits for `tap-gitlab_target-postgres`.",
            "Retries (of `check`): 1 → 2.",
        ],
    ),
    "job": (
        "job: refresh\ninterval: '@daily'\ndag_id: a\n",
        "job: load\ninterval: '@daily'\ndag_id: a\n",
        [
            "Runs the job: `refresh` → `load`.",
            "Runs: `meltano run tap-gitlab target-postgres` → `meltano run tap-shop target-postgres`.",
        ],
    ),
    "new": (
        None,
        f"{_DAILY}catchup: true\nstart_date: 2026-11-26\n",
        [
            f"New: {_LOADS} every day at 00:00 (UTC).",
            "Once unpaused, it catches up on 2 runs, from Thu 2026-11-26 00:00 UTC to Fri 2026-11-27 00:00 UTC.",
            "Then runs on Sat 2026-11-28 00:00 UTC.",
            "Alerts nobody when a run fails.",
        ],
    ),
    "new, with a run that is due": (
        None,
        _DAILY,
        [
            f"New: {_LOADS} every day at 00:00 (UTC).",
            "Runs as soon as it is unpaused, then on Sat 2026-11-28 00:00 UTC.",
            "Alerts nobody when a run fails.",
        ],
    ),
    "new, with a start to come": (
        None,
        f"{_DAILY}start_date: 2027-01-01\n",
        [
            f"New: {_LOADS} every day at 00:00 (UTC).",
            "First runs on Fri 2027-01-01 00:00 UTC.",
            "Alerts nobody when a run fails.",
        ],
    ),
    "deleted": (
        _DAILY,
        None,
        [
            f"Removed: {_LOADS} every day at 00:00 (UTC).",
            "Airflow hides the DAG `meltano_a`: its run history and Meltano's state are kept.",
        ],
    ),
    "errors before": (
        "interval: never\n",
        _DAILY,
        ["It had errors before, so the changes are unknown."],
    ),
    "errors after": (_DAILY, "interval: never\n", []),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with another pipeline, to which tests add pipelines without writing files."""
    files = {"schedules/other.yml": f"{_DAILY}state_id: other\n", "meltano.yml": _MELTANO}
    return project_of(write(tmp_path_factory.mktemp("words"), files))


@pytest.mark.parametrize("name", _CHANGES)
def test_a_change_has_the_expected_sentences(name: str, project: Project) -> None:
    before, after, expected = _CHANGES[name]
    assert _sentences(project, {"schedules/a.yml": before}, {"schedules/a.yml": after}) == expected


def _sentences(project: Project, *texts: Mapping[str, str | None], changed: str = "schedules/a.yml") -> list[str]:
    before, after = (pipeline.read(project, overlay) for overlay in texts)
    return [
        f"{effect.title}: {sentence.text}" if effect.title != "`a`" else sentence.text
        for effect in effects_of(project, before, after, [changed], _NOW)
        for sentence in effect.sentences
    ]


def test_equal_sentences_are_shown_once(tmp_path: Path) -> None:
    """For several environments, and for the pipelines with the same defaults. A renamed file is the same pipeline."""
    schedule = f"{_PAIR}environments: {{{{prod: {{{{interval: '{{}}', retries: 7}}}}}}}}\n"
    names = [f"schedules/x/p{number}.yml" for number in range(7)]
    files = {**dict.fromkeys(names, schedule.format("@hourly")), "schedules/x/_defaults.yml": "interval: '@daily'\n"}
    configuration = 'environments = ["dev", "prod"]\nstate_id_suffix = {prod = "prod"}\n'
    project = project_of(write(tmp_path, {**files, "dagpress.toml": configuration, "meltano.yml": _MELTANO}))
    defaults = "interval: '@daily'\nretries: 3\npool: warehouse\n"
    assert _sentences(project, {}, {"schedules/x/_defaults.yml": defaults}, changed="schedules/x/_defaults.yml") == [
        "7 pipelines (`p0`, `p1`, `p2`, `p3`, `p4` and 2 more), in dev: Retries: 1 → 3.",
        "7 pipelines (`p0`, `p1`, `p2`, `p3`, `p4` and 2 more), in dev and prod: Pool: not set → warehouse.",
    ]
    assert _sentences(project, {}, {names[0]: schedule.format("@weekly")}, changed=names[0]) == [
        "`p0`, in prod: Schedule: every hour (UTC) → every Sunday at 00:00 (UTC)."
    ]
    moved = {names[0]: None, "schedules/p0.yml": f"{schedule.format('@hourly')}interval: '@daily'\n"}
    assert _sentences(project, {}, moved, changed="schedules/p0.yml") == [
        "`p0`, in dev and prod: File: `schedules/x/p0.yml` → `schedules/p0.yml`."
    ]
    renamed = {names[0]: None, "schedules/x/new.yml": f"{schedule.format('@hourly')}"}
    assert _sentences(project, {}, renamed, changed="schedules/x/new.yml")[0] == (
        "`new`, in dev and prod: Airflow treats it as a new DAG without history: the history so far stays with "
        "`meltano_p0`."
    )


@fewer(3)
@given(SCHEDULES.map(dict[str, Any].popitem), SCHEDULES.map(dict[str, Any].popitem))
def test_each_change_of_a_file_has_a_sentence(project: Project, one: tuple[str, Any], other: tuple[str, Any]) -> None:
    """For equal files, the only sentence is that nothing changes."""
    before, after = (pipeline.read(project, {"schedules/a.yml": as_yaml(values)}) for _, values in (one, other))
    old, new = (
        pipeline.render(project, each, [schedule for schedule in each.schedules if schedule.name == "a"]).files
        for each in (before, after)
    )
    if old and new:
        effects = effects_of(project, before, after, ["schedules/a.yml"])
        kinds = {sentence.kind for effect in effects for sentence in effect.sentences}
        assert kinds == {Kind.NOTHING} if old == new else kinds - {Kind.NOTHING}
