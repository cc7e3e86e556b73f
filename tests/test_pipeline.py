"""What is remembered between two readings of a project is never what it was before a change."""

from __future__ import annotations

import gc
import shutil
import weakref
from typing import TYPE_CHECKING

from project_builder import EXTRACT_LOAD, project_of, write
from versions import NEWEST_2

from codegen import pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.schema import Schedule

_MELTANO = "version: 1\njobs:\n- {name: refresh, tasks: [tap-a target-a]}\n"
_TEMPLATE = '{% extends "dagpress/dag.py.j2" %}{% block imports %}{{ super() }}# %s\n{% endblock %}'
_BEFORE = {
    "dagpress.toml": "",
    "meltano.yml": _MELTANO,
    "schedules/_defaults.yml": "retries: 1\n",
    "schedules/first.yml": EXTRACT_LOAD,
    "schedules/job.yml": 'job: refresh\ninterval: "@daily"\n',
    "schedules/last.yml": EXTRACT_LOAD.replace('interval: "@daily"', "after: first"),
}
# Each changes a file that another depends on.
_CHANGES = (
    ("schedules/first.yml", EXTRACT_LOAD + "owner: me\n"),
    ("schedules/first.yml", EXTRACT_LOAD + "dag_id: another\n"),
    ("schedules/_defaults.yml", "retries: 2\n"),
    ("schedules/last.yml", EXTRACT_LOAD + "after: job\n"),
    ("meltano.yml", _MELTANO.replace("tap-a target-a", "tap-b target-b")),
    ("dagpress.toml", f'airflow = "{NEWEST_2}"\n'),
    ("dagpress.toml", f'airflow = "{NEWEST_2}"\nenvironments = ["dev"]\n'),
    ("schedules/first.yml", EXTRACT_LOAD + "environments: {dev: {owner: you}}\n"),
    ("templates/dag.py.j2", _TEMPLATE.replace("%s", "one")),
    ("templates/dag.py.j2", _TEMPLATE.replace("%s", "two")),
)


def test_a_reading_after_a_change_is_that_of_a_new_project(tmp_path: Path) -> None:
    root = write(tmp_path / "project", _BEFORE)
    before = pipeline.generate(project_of(root))
    for number, (name, text) in enumerate(_CHANGES):
        write(root, {name: text})
        after = pipeline.generate(project_of(root))
        copy = shutil.copytree(root, tmp_path / f"copy_{number}")
        new = pipeline.generate(project_of(copy))
        assert (after.files, after.diagnostics) == (new.files, new.diagnostics)
        assert after.files
        assert after.files != before.files
        before = after


def test_a_reading_with_an_overlay_leaves_no_trace(tmp_path: Path) -> None:
    root = write(tmp_path, _BEFORE)
    before = pipeline.generate(project_of(root))
    overlay = {"schedules/first.yml": "a: [\n", "schedules/job.yml": None, "meltano.yml": ""}
    assert not pipeline.generate(project_of(root), overlay=overlay).files
    after = pipeline.generate(project_of(root))
    assert (after.files, after.diagnostics) == (before.files, before.diagnostics)


def test_drafts_are_not_remembered_for_ever(tmp_path: Path) -> None:
    """Whoever types into a server that runs for weeks does not fill its memory."""
    project = project_of(write(tmp_path, _BEFORE))

    def schedule_of(draft: str) -> weakref.ref[Schedule]:
        schedules = pipeline.read(project, {"schedules/first.yml": draft}).schedules
        return weakref.ref(next(each for each in schedules if each.source == "schedules/first.yml"))

    first = schedule_of(EXTRACT_LOAD + "owner: typed_first\n")
    gc.collect()
    assert first()
    for number in range(5):
        schedule_of(f"{EXTRACT_LOAD}# {number}{'x' * 500_000}\n")
    gc.collect()
    assert not first()
