"""A cache between two readings of a project never returns outdated results."""

from __future__ import annotations

import gc
import os
import shutil
import weakref
from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, dagpress, project_of, write
from versions import NEWEST_2

from codegen import pipeline
from codegen.cache import Cache
from codegen.files import stamps
from codegen.sync.header import with_header
from codegen.web.shell.workspace import Workspace

_MELTANO = "version: 1\ninclude_paths: [more/*.yml]\njobs:\n- {name: refresh, tasks: [tap-a target-a]}\n"
_MORE = "jobs:\n- {name: more, tasks: [tap-a target-a]}\n"
_TEXT = 'interval: "@daily"\ntasks:\n- {id: a, uses: BashOperator, with: {bash_command: {$f: ../texts/a.sh}}}\n'
_HEADER = with_header("schedules/first.yml", "")
_TEMPLATE = '{% extends "dagpress/dag.py.j2" %}{% block imports %}{{ super() }}# %s\n{% endblock %}'
_BEFORE = {
    "dagpress.toml": "",
    "meltano.yml": _MELTANO,
    "schedules/_defaults.yml": "retries: 1\n",
    "schedules/first.yml": EXTRACT_LOAD,
    "schedules/job.yml": 'job: refresh\ninterval: "@daily"\n',
    "schedules/last.yml": EXTRACT_LOAD.replace('interval: "@daily"', "after: first"),
}
_OTHERS = {
    "more/jobs.yml": _MORE,
    "texts/a.sh": "echo 1\n",
    "texts/b.sh": "echo 3\n",
    "schedules/more.yml": 'job: more\ninterval: "@daily"\n',
    "schedules/text.yml": _TEXT,
}
# Each changes a file on which another depends, some of them without changing its size; None deletes it.
_CHANGES = (
    ("schedules/first.yml", EXTRACT_LOAD + "owner: me\n"),
    ("schedules/first.yml", EXTRACT_LOAD + "dag_id: another\n"),
    ("schedules/_defaults.yml", "retries: 2\n"),
    ("schedules/last.yml", EXTRACT_LOAD + "after: job\n"),
    ("schedules/last.yml", EXTRACT_LOAD + "params: {days: 1}\n"),
    ("schedules/last.yml", EXTRACT_LOAD + "params: {days: {default: 1}}\n"),
    ("meltano.yml", _MELTANO.replace("tap-a target-a", "tap-b target-b")),
    ("more/jobs.yml", _MORE.replace("tap-a", "tap-b")),
    ("more/a.yml", _MORE.replace("tap-a", "tap-c")),
    ("more/a.yml", None),
    ("texts/a.sh", "echo 2\n"),
    ("schedules/text.yml", _TEXT.replace("a.sh", "b.sh")),
    ("texts/b.sh", "echo 4\n"),
    ("generated_dags/first.py", f"{_HEADER}a = 2\n"),
    ("generated_dags/first.py", f"{_HEADER}a = 1\n"),
    ("generated_dags/other.py", f"{_HEADER}a = 2\n"),
    ("generated_dags/other.py", None),
    ("schedules/more.yml", None),
    ("dagpress.toml", f'airflow = "{NEWEST_2}"\n'),
    ("dagpress.toml", f'airflow = "{NEWEST_2}"\nenvironments = ["dev"]\n'),
    ("schedules/first.yml", EXTRACT_LOAD + "environments: {dev: {owner: you}}\n"),
    ("templates/dag.py.j2", _TEMPLATE.replace("%s", "one")),
    ("templates/dag.py.j2", _TEMPLATE.replace("%s", "two")),
)


def test_a_snapshot_after_a_change_equals_that_of_a_new_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the change keeps the size and the mtime of the file."""
    root = write(tmp_path / "project", {**_BEFORE, **_OTHERS})
    assert dagpress(root, "generate")[0] == 0
    workspace = Workspace(root)
    before = workspace.snapshot()
    for number, (name, text) in enumerate(_CHANGES):
        if text is None:
            (root / name).unlink()
        else:
            write(root, {name: text})
            os.utime(root / name, (0, 0))
        after = workspace.snapshot()
        new = Workspace(shutil.copytree(root, tmp_path / f"copy_{number}")).snapshot()
        assert (after.changes, after.diagnostics) == (new.changes, new.diagnostics)
        assert after.is_compared
        assert (after.changes, after.diagnostics) != (before.changes, before.diagnostics), name
        before = after
    # A file can change twice within the time resolution of the file system.
    for tick, is_same in ((0, True), (10**15, False)):
        monkeypatch.setattr(stamps, "_TICK", tick)
        before = workspace.snapshot()
        assert (workspace.snapshot() is before) == is_same


def test_a_reading_with_an_overlay_does_not_affect_the_next(tmp_path: Path) -> None:
    project, cache = project_of(write(tmp_path, _BEFORE)), Cache()
    before = pipeline.generate(project, pipeline.read(project, cache=cache))
    overlay = {"schedules/first.yml": "a: [\n", "schedules/job.yml": None, "meltano.yml": ""}
    draft = pipeline.read(project, overlay, cache=Cache(cache))
    assert {each.source for each in draft.schedules} == {"schedules/last.yml"}
    after = pipeline.generate(project, pipeline.read(project, cache=cache))
    assert (after.files, after.diagnostics) == (before.files, before.diagnostics)


def test_a_reading_reuses_unchanged_results(tmp_path: Path) -> None:
    root, cache = write(tmp_path, _BEFORE), Cache()
    first, *others = pipeline.read(project_of(root), cache=cache).schedules
    write(root, {"schedules/first.yml": EXTRACT_LOAD + "owner: me\n"})
    again = pipeline.read(project_of(root), cache=Cache(cache)).schedules
    assert again[0] != first
    assert [each is other for each, other in zip(again[1:], others, strict=True)] == [True, True]


def test_a_cache_drops_drafts_and_deleted_files(tmp_path: Path) -> None:
    """So the memory of a server that runs for weeks does not grow."""
    root, cache = write(tmp_path, _BEFORE), Cache()
    kept = weakref.ref(pipeline.read(project_of(root), cache=cache).schedules[0])
    draft = pipeline.read(project_of(root), {"schedules/first.yml": EXTRACT_LOAD + "owner: x\n"}, cache=Cache(cache))
    typed = weakref.ref(draft.schedules[0])
    del draft
    gc.collect()
    assert kept()
    assert not typed()
    (root / "schedules/first.yml").unlink()
    cache = Cache(cache)
    assert pipeline.read(project_of(root), cache=cache).schedules
    cache.forget_earlier()
    gc.collect()
    assert not kept()
