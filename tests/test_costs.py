"""Costs grow linearly with the number of schedules, counted in function calls, which do not depend on the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import pytest
from project_builder import EXTRACT_LOAD, project_of, write

from codegen import pipeline
from codegen.loader import find_schedules
from codegen.pipeline import Reading
from codegen.project import Project
from codegen.sync.changes import Change
from codegen.sync.comparison import compare
from codegen.sync.parts import Action
from codegen.sync.transaction import transaction

_FEW = 60


def _write(project: Project, reading: Reading) -> None:
    files = [Change(each.dag_file, Action.CREATE, "", "x") for each in reading.schedules]
    with transaction(project.root, 1, print) as own:
        assert own.apply(files)[1] == []


def _compare(project: Project, reading: Reading) -> None:
    files = {each.dag_file: "x" for each in reading.schedules}
    compare(files, project.root, project.generated_dags)


def _select(project: Project, reading: Reading) -> None:
    names = [each.name for each in reading.schedules]
    paths = [each.dag_file for each in reading.schedules]
    pipeline.select(project, reading, [*names, *paths])


_WORK: dict[str, Callable[[Project, Reading], object]] = {
    "discovery": lambda project, _: find_schedules(project.root, project.schedules),
    "comparison": _compare,
    "selection": _select,
    "transaction": _write,
}


def _calls(work: Callable[[], object]) -> int:
    """Return the number of function calls."""
    found = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Project, Reading]]:
    """A project with a few schedules, one with twice as many, and their readings."""
    after = EXTRACT_LOAD.replace('interval: "@daily"', "after: s0")
    found = []
    for number in (_FEW, 2 * _FEW):
        files = {f"schedules/s{n}.yml": after if n else EXTRACT_LOAD for n in range(number)}
        project = project_of(write(tmp_path_factory.mktemp("project"), files))
        found.append((project, pipeline.read(project)))
    return found


@pytest.mark.parametrize("work", _WORK)
def test_twice_the_schedules_take_twice_the_calls(projects: list[tuple[Project, Reading]], work: str) -> None:
    """Searching a list for each schedule, or a folder for each file, would take four times as many."""
    # Trigger late imports first.
    _WORK[work](*projects[0])
    few, many = (_calls(partial(_WORK[work], *each)) for each in projects)
    assert many < 2.5 * few
