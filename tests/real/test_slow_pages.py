"""The slow pages of the manual are correct: they are played with a real Airflow and a real Meltano."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments import ROOT
from git_repository import isolate_git
from manual_player import SLOW_PAGES, Machine, chapters, environments_of, make_machine

pytestmark = pytest.mark.slow

_CHAPTERS = [
    pytest.param((page, number), id=f"{page.relative_to(ROOT).with_suffix('').as_posix()}-{number}")
    for page in SLOW_PAGES
    for number in range(len(chapters(page)))
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return make_machine(tmp_path_factory.mktemp("machine"))


@pytest.mark.parametrize("chapter", _CHAPTERS)
def test_a_slow_page_is_correct(
    chapter: tuple[Path, int],
    machine: Machine,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """`--regen-all` rewrites its outputs."""
    isolate_git(monkeypatch, tmp_path)
    page, number = chapter
    written = chapters(page)[number]
    for environment in environments_of(written):
        if environment.unsupported:
            pytest.skip(environment.unsupported)
        assert environment.is_ready(), f"{environment.name} is not built, or out of date: run `make environments`"
    true = machine.play(written, tmp_path)
    if request.config.getoption("regen_all"):
        page.write_text(page.read_text(encoding="utf-8").replace(written, true), encoding="utf-8")
    else:
        assert written == true
