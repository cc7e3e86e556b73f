"""What the README and CONTRIBUTING.md say of the repository is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, dagpress, write
from versions import NEWEST

from codegen.schema.export import schema_line

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
AIRFLOW = ROOT / "docs" / "airflow.md"
REFERENCE = ROOT / "docs" / "reference.md"
_FILE = re.compile(r"<!-- file: (?P<name>\S+) -->")


def test_the_guides_show_every_example() -> None:
    """Most are on the page about operators."""
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/guides").glob("*.md")]
    shown = {match["name"] for page in pages for match in _FILE.finditer(page)}
    assert {f"examples/schedules/{path.name}" for path in (ROOT / "examples/schedules").glob("*.yml")} <= shown


@pytest.mark.parametrize(("folder", "schedules"), [(".", 4), ("examples", 12)])
def test_the_committed_files_of_this_repo_are_current(folder: str, schedules: int) -> None:
    """What CI asks of every project, asked of this one, and of the examples; neither has a warning."""
    assert dagpress(ROOT / folder, "check") == (0, "", f"{schedules} schedules: all files are current.\n")


def test_every_command_is_in_the_table() -> None:
    """Nothing that the program has is missing in the README, and nothing is there that it has not."""
    text = README.read_text(encoding="utf-8")
    help_text = dagpress(ROOT, "--help")[1]
    commands = re.findall(r"^  ([a-z]+)  ", help_text, re.MULTILINE)
    assert re.findall(r"^\| `dagpress ([a-z]+)", text, re.MULTILINE) == commands


def test_the_switch_to_a_file_for_each_folder_works(tmp_path: Path) -> None:
    """Its commands, word for word: the DAGs stay, and an editor finds the JSON Schema."""
    section = README.read_text(encoding="utf-8").split("### One file for each folder")[1]
    commands = section.split("```sh\n")[1].split("```")[0]
    schedules = {f"schedules/sales-{name}.yml": schema_line("") + EXTRACT_LOAD for name in ("orders", "customers")}
    project = write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', **schedules})
    dagpress(project, "generate")
    moving, generate, adding = commands.partition("dagpress generate\n")
    assert generate
    for script in (f"git init -q && git add . && {moving}", adding):
        subprocess.run(["bash", "-ec", script], cwd=project, check=True, capture_output=True)
        dagpress(project, "generate")
    assert [path.name for path in (project / "generated_dags").iterdir()] == ["sales.py"]
    assert dagpress(project, "check")[:2] == (0, "")
    for path in (project / "schedules/sales").iterdir():
        assert path.read_text(encoding="utf-8") == schema_line("sales/a.yml") + EXTRACT_LOAD


def test_every_block_of_the_templates_is_told() -> None:
    """The table has each of them, and no other."""
    template = (ROOT / "templates/dag.py.j2").read_text(encoding="utf-8")
    page = (ROOT / "docs/reference/templates.md").read_text(encoding="utf-8")
    table = page.split("| block |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(re.findall(r"{% block (\w+)", template))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(document: str) -> None:
    """`make -n` knows each of them."""
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)))
    assert targets
    command = ["make", "-n", f"PYTHON={sys.executable}", *targets]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_schema_that_a_schedule_names_is_there() -> None:
    """An editor finds the JSON Schema from the first line of each schedule."""
    for path in (ROOT / "schedules").rglob("*.yml"):
        named = path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "schedules/schedule.schema.json"


def test_every_module_is_in_the_table_of_rooms() -> None:
    """A newcomer finds each module, or its folder, in CONTRIBUTING.md."""
    rooms = re.findall(r"^\| `(codegen/[^`]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    modules = {f"codegen/{path.name}" for path in (ROOT / "codegen").glob("[a-z]*.py")}
    folders = {f"codegen/{path.parent.name}/" for path in (ROOT / "codegen").glob("*/__init__.py")}
    assert set(rooms) == modules | folders


def test_every_target_is_in_the_help() -> None:
    """`make help` lists every target that a person can call."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))
    out = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", out, re.MULTILINE)) == phony
