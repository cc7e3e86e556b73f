"""The statements of the README and CONTRIBUTING.md about the repository are correct."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from manual import PAGES
from project_builder import dagpress

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_FILE = re.compile(r"<!-- file: (?P<name>\S+) -->")


def test_the_guides_show_every_example() -> None:
    """Most are on the page about operators."""
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/guides").glob("*.md")]
    shown = {match["name"] for page in pages for match in _FILE.finditer(page)}
    assert {f"examples/schedules/{path.name}" for path in (ROOT / "examples/schedules").glob("*.yml")} <= shown


@pytest.mark.parametrize(("folder", "schedules"), [(".", 4), ("examples", 12)])
def test_the_committed_files_of_this_repo_are_up_to_date(folder: str, schedules: int) -> None:
    """And those of the examples, without warnings."""
    assert dagpress(ROOT / folder, "check") == (0, "", f"{schedules} schedules: all files are up to date.\n")


_PATH = re.compile(r"\]\(([^)#:]+)[^):]*\)")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_leads_to_a_file(document: str) -> None:
    """Sphinx checks those of the manual."""
    paths = _PATH.findall((ROOT / document).read_text(encoding="utf-8"))
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_readme_leads_to_every_page_of_the_manual() -> None:
    linked = _PATH.findall(README.read_text(encoding="utf-8"))
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES if page.parent != ROOT and page.name != "index.md"}
    assert {path for path in linked if path.startswith("docs/") and path.endswith(".md")} == pages
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 250


def test_the_documentation_lists_every_block_of_the_templates() -> None:
    """And no others."""
    template = (ROOT / "templates/dag.py.j2").read_text(encoding="utf-8")
    page = (ROOT / "docs/reference/templates.md").read_text(encoding="utf-8")
    table = page.split("| block |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(re.findall(r"{% block (\w+)", template))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_named_make_target_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)))
    assert targets
    command = ["make", "-n", f"PYTHON={sys.executable}", *targets]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_json_schema_that_a_schedule_names_exists() -> None:
    """The first line of each schedule has its path for editors."""
    for path in (ROOT / "schedules").rglob("*.yml"):
        named = path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "schedules/schedule.schema.json"


def test_the_architecture_lists_every_module() -> None:
    """Or its folder."""
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `(codegen/[^`]+)`", page, re.MULTILINE)
    modules = {f"codegen/{path.name}" for path in (ROOT / "codegen").glob("[a-z]*.py")}
    folders = {f"codegen/{path.parent.name}/" for path in (ROOT / "codegen").glob("*/__init__.py")}
    assert set(rooms) == modules | folders


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))
    out = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", out, re.MULTILINE)) == phony
