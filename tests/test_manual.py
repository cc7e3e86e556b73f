"""The manual is true: its files and generated parts are current, and its commands print what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments import ROOT
from git_repository import isolate_git
from manual import PAGES, Reader, blocks

# Output and pictures of text.
_PROSE = {"text", "diff"}


def _id(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_a_page_is_true(
    page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`make goldens` writes its outputs, files and generated parts again."""
    isolate_git(monkeypatch, tmp_path)
    true = Reader(tmp_path).read(page)
    if request.config.getoption("regen_all"):
        page.write_text(true, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == true


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=_id)
def test_every_block_of_a_page_is_tried(page: Path) -> None:
    """An example is a file of the repository, written into a project, run, or says why not."""
    untried = [
        (language, text)
        for language, directive, text in blocks(page.read_text(encoding="utf-8"))
        if not directive and language not in {"sh", "console", *_PROSE}
    ]
    assert untried == []
