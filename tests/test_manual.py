"""The manual is correct: its files and generated parts are up to date, and its commands print the shown output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from environments import ROOT
from git_repository import isolate_git
from jsonschema import validate
from manual import PAGES, Reader, blocks
from output_schemas import OUTPUTS, output_schema
from project_builder import dagpress, refusal

# Output and text diagrams.
_PROSE = {"text", "diff"}


def _id(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_a_page_matches_its_files_and_the_output_of_its_commands(
    page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`make goldens` updates its outputs, files and generated parts."""
    isolate_git(monkeypatch, tmp_path)
    true = Reader(tmp_path).read(page)
    if request.config.getoption("regen_all"):
        page.write_text(true, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == true


def test_every_block_of_a_page_is_checked() -> None:
    """A block is a file of the repository, written into a project, run, or has a reason not to be."""
    untried = [
        (page.name, language, text)
        for page in PAGES
        for language, directive, text in blocks(page.read_text(encoding="utf-8"))
        if not directive and language not in {"sh", "console", *_PROSE}
    ]
    assert untried == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_column_of_a_table_has_a_header(page: Path) -> None:
    """Screen readers announce it."""
    headers = re.findall(r"^(\|.*)\n\|(?: ?-+ ?\|)+$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [header for header in headers if "" in [cell.strip() for cell in header.strip("|").split("|")]] == []


# Parts of messages that the pages quote without a command that prints them, and the folder with their source.
_QUOTED = [
    ("set it to the directory that contains meltano.yml", "templates"),
    ("flock not found: install util-linux (macOS: brew install flock)", "templates"),
    ("Waiting for the lock on ", "templates"),
    (" creates DAGs from Meltano's schedules", "codegen/airflow"),
    (" requires Python ", "codegen/airflow"),
    ("another dagpress command in this project", "codegen/sync"),
    (" is not in this Airflow", "codegen/review"),
    (" requires the argument ", "codegen/review"),
    (" use the same state IDs, such as ", "codegen/validate"),
    ("the Pipelines page requires ", "codegen/cli"),
    ("The request came through an untrusted proxy", "codegen/web/shell"),
    ("This host name is not allowed", "codegen/web/shell"),
]


@pytest.mark.parametrize(("part", "folder"), _QUOTED)
def test_a_quoted_message_is_one_of_the_product(part: str, folder: str) -> None:
    sources = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".j2"}]
    assert any(part in path.read_text(encoding="utf-8") for path in sources)
    assert any(part in page.read_text(encoding="utf-8") for page in PAGES)


_REPORT = "generate, check, validate, verify, import, export"


@pytest.mark.parametrize(
    ("case", "command", "name"),
    [
        ("environments", "check", _REPORT),
        ("severities", "validate", _REPORT),
        ("severities_that_cannot_be", "list", _REPORT),
        ("environments", "list", "list"),
        ("layout_of_folders", "list", "list"),
        ("environments_down_the_folders", "show overrides -e prod --explain", "show --explain"),
        ("environments", "next orders -e prod", "next"),
        ("environments", "calendar -e prod", "calendar"),
        ("typo", "rule", "rule"),
        ("typo", "rule cycle", "rule CODE"),
    ],
)
def test_an_output_matches_its_schema(case: str, command: str, name: str) -> None:
    """So programs can rely on the schemas of the page."""
    _, out, _ = dagpress(ROOT / "tests/cases" / case, *command.split(), "--format", "json")
    assert json.loads(out)
    validate(json.loads(out), output_schema(OUTPUTS[name]))


def test_the_manual_command_lists_and_prints_the_pages() -> None:
    """Without the comments for the tests."""
    names = {path.stem: path for path in PAGES if path.parent.name in {"guides", "reference", "explanation"}}
    _, listed, _ = dagpress(ROOT, "manual")
    assert {line.split()[0] for line in listed.splitlines()[1:]} == set(names)
    code, page, _ = dagpress(ROOT, "manual", "operators")
    assert code == 0
    assert page == re.sub(r"(?m)^<!-- .* -->\n", "", names["operators"].read_text(encoding="utf-8"))
    assert "<!--" not in page
    assert refusal(ROOT, "manual", "operator") == "unknown page `operator` (did you mean `operators`?)"


def test_the_guides_show_every_example() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES if path.parent.name == "guides")
    examples = {f"examples/schedules/{path.name}" for path in (ROOT / "examples/schedules").glob("*.yml")}
    assert examples <= set(re.findall(r"<!-- file: (\S+) -->", pages))


_PATH = re.compile(r"\]\(([^)#:]+)[^):]*\)")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_leads_to_a_file(document: str) -> None:
    """Sphinx checks those of the manual."""
    paths = _PATH.findall((ROOT / document).read_text(encoding="utf-8"))
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_readme_leads_to_every_page_of_the_manual() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES if page.parent != ROOT and page.name != "index.md"}
    assert {path for path in _PATH.findall(readme) if path.startswith("docs/") and path.endswith(".md")} == pages
    assert len(readme.splitlines()) <= 250


def test_the_documentation_lists_every_block_of_the_templates() -> None:
    template = (ROOT / "templates/dag.py.j2").read_text(encoding="utf-8")
    page = (ROOT / "docs/reference/templates.md").read_text(encoding="utf-8")
    table = page.split("| block |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(re.findall(r"{% block (\w+)", template))


def test_the_architecture_lists_every_module() -> None:
    """Or its folder."""
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `(codegen/[^`]+)`", page, re.MULTILINE)
    modules = {f"codegen/{path.name}" for path in (ROOT / "codegen").glob("[a-z]*.py")}
    folders = {f"codegen/{path.parent.name}/" for path in (ROOT / "codegen").glob("*/__init__.py")}
    assert set(rooms) == modules | folders
