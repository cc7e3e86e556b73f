"""`dagpress init` and `dagpress add files airflow`: the files that they add to a Meltano project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from click.testing import CliRunner
from project_builder import dagpress, files_of, project_of, refusal, write
from versions import NEWEST, NEWEST_2

from codegen.cli import setup
from codegen.cli.main import main
from codegen.project import project_to_set_up

HOOKS = Path(__file__).parent.parent / ".pre-commit-hooks.yaml"
MELTANO_YML = """\
plugins:
  extractors: [{name: tap-gitlab}]
  loaders: [{name: target-postgres}]
schedules:
- name: gitlab
  extractor: tap-gitlab
  loader: target-postgres
  transform: skip
  interval: '@daily'
"""
SOURCE = "git+https://git.example.com/data/dagpress.git@v1.2.3"
ADDED = {
    "dagpress.toml",
    "dagpress.mk",
    "Makefile",
    ".github/workflows/dagpress.yml",
    ".pre-commit-config.yaml",
    ".gitattributes",
    ".gitignore",
    "requirements-dagpress.txt",
    "schedules/gitlab.yml",
    "schedules/schedule.schema.json",
    "generated_dags/gitlab.py",
}


@pytest.mark.parametrize("command", [("init",), ("add", "files", "airflow")])
def test_init_adds_dagpress_to_a_meltano_project(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With its schedules and up-to-date DAG files. A second run changes nothing."""
    write(tmp_path, {"meltano.yml": MELTANO_YML})
    code, out, err = dagpress(tmp_path, *command, "--from", SOURCE)
    assert code == 0
    assert "--from" not in err
    assert files_of(tmp_path).keys() == {"meltano.yml", *ADDED}
    assert set(out.split("\n")) >= {f"created {name}" for name in ADDED}
    assert dagpress(tmp_path, "check")[0] == 0
    before = files_of(tmp_path)
    assert dagpress(tmp_path, *command)[0] == 0
    assert files_of(tmp_path) == before
    assert "Generate the DAG files: `make dags`.\n" in dagpress(tmp_path, "import", "--no-generate")[2]
    (tmp_path / "Makefile").unlink()
    (tmp_path / "generated_dags/gitlab.py").unlink()
    assert "Run `dagpress generate` and commit the result.\n" in dagpress(tmp_path, "check")[2]


def test_existing_files_are_kept_and_completed(tmp_path: Path) -> None:
    """Their content is unchanged; lines that cannot be added are printed."""
    own = {
        "Makefile": "all:\n",
        ".github/workflows/dagpress.yml": "mine\n",
        "pyproject.toml": f'[tool.dagpress]\nairflow = "{NEWEST_2}"\ngenerated_dags = "my dags"\n',
        "dagpress.mk": "mine\n",
        "requirements-dagpress.txt": "dagpress\n",
    }
    longer = {
        ".pre-commit-config.yaml": "# Ours.\nrepos:\n  - repo: meta  # 1\n    hooks: [{id: x}]\nfail_fast: true\n",
        ".gitattributes": "*.sh text eol=lf\r\nschedules/** text eol=lf\r\n",
        ".gitignore": "/__pycache__\n*.log",
    }
    write(tmp_path, {"meltano.yml": MELTANO_YML, **own})
    for name, text in longer.items():
        (tmp_path / name).write_bytes(text.encode())
    code, _, err = dagpress(tmp_path, "init", "--from", SOURCE)
    assert code == 0
    files = {name: data.decode() for name, data in files_of(tmp_path).items()}
    assert {name: files[name] for name in own} == own
    assert "dagpress.toml" not in files
    assert err == (
        "1 schedule imported.\n"
        "Next steps:\n"
        f"1. Add `{SOURCE}` to requirements-dagpress.txt, which installs Dagpress from another source.\n"
        "2. Add the line `include dagpress.mk` to Makefile.\n"
        "3. Review and commit the files.\n"
        "4. Remove the imported schedules from meltano.yml: `dagpress import --move`.\n"
    )
    marks = "linguist-generated gitlab-generated"
    lines = f'schedules/schedule.schema.json {marks}\r\n"my dags/**" text eol=lf {marks}\r\n'
    assert files[".gitattributes"] == longer[".gitattributes"] + lines
    assert files[".gitignore"] == longer[".gitignore"] + "\n.dagpress/\n"
    head, tail = longer[".pre-commit-config.yaml"].split("fail_fast")
    assert files[".pre-commit-config.yaml"].startswith(f"{head}  - repo: local\n")
    assert files[".pre-commit-config.yaml"].endswith(f"fail_fast{tail}")
    write(tmp_path, {".pre-commit-config.yaml": "- no map\n"})
    assert "Add this to `repos` in .pre-commit-config.yaml:\n- repo: local\n" in dagpress(tmp_path, "init")[2]
    assert files_of(tmp_path)[".pre-commit-config.yaml"] == b"- no map\n"


def test_a_project_without_schedules_gets_the_command_that_adds_one(tmp_path: Path) -> None:
    """The command has the plugins of the project, and works. With a schedule, there is no such step."""
    plugins = MELTANO_YML.partition("schedules:")[0]
    write(tmp_path, {"meltano.yml": plugins})
    _, _, err = dagpress(tmp_path, "init", "--airflow", NEWEST, "--from", SOURCE)
    command = "dagpress schedule add NAME --extractor tap-gitlab --loader target-postgres --interval @daily"
    assert err.endswith(f"meltano.yml has no schedules.\nNext steps:\n1. Add a schedule: `{command}`.\n")
    assert dagpress(tmp_path, *command.split()[1:])[0] == 0
    assert dagpress(tmp_path, "init")[2] == "meltano.yml has no schedules.\n"


def test_without_a_source_of_dagpress_no_workflow_is_written(tmp_path: Path) -> None:
    """The first next step explains it. A source with a secret is rejected."""
    write(tmp_path, {"meltano.yml": MELTANO_YML})
    assert "written to a file in git" in refusal(tmp_path, "init", "--from", "git+https://ada:hunter2@example.com/x")
    _, out, err = dagpress(tmp_path, "init")
    assert "\nNext steps:\n1. To write the CI workflow, run `dagpress init --from SOURCE`" in err
    assert "workflows" not in out
    assert dagpress(tmp_path, "init", "--from", SOURCE)[1] == (
        "created requirements-dagpress.txt\ncreated .github/workflows/dagpress.yml\n"
    )


@pytest.mark.parametrize(
    ("record", "requirement"),
    [
        (None, "dagpress==1.2.3"),
        ({"url": "file:///src/dagpress", "dir_info": {}}, ""),
        (
            {"url": "https://example.com/dagpress.whl", "archive_info": {}},
            "dagpress @ https://example.com/dagpress.whl",
        ),
        (
            {"url": "https://example.com/d.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "dagpress @ git+https://example.com/d.git@abc",
        ),
    ],
)
def test_ci_installs_the_dagpress_that_wrote_its_workflow(
    tmp_path: Path, record: object, requirement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As recorded by pip."""
    own = SimpleNamespace(version="1.2.3", read_text=lambda _: record and json.dumps(record))
    monkeypatch.setattr(setup, "distribution", lambda _: own)
    write(tmp_path, {"meltano.yml": MELTANO_YML})
    dagpress(tmp_path, "init")
    path = tmp_path / "requirements-dagpress.txt"
    assert (path.read_text().splitlines()[-1] if path.exists() else "") == requirement


def test_init_writes_no_file_that_meltano_would_overwrite(tmp_path: Path) -> None:
    """`include_paths` matches files of Dagpress; the pattern in the message matches only Meltano's."""
    text = f'include_paths: ["**/*.yml"]\n{MELTANO_YML}'
    root = write(tmp_path, {"meltano.yml": text, "plugins/more.yml": "plugins: {}\n"})
    before = files_of(root)
    code, _, err = dagpress(root, "init")
    assert (code, files_of(root)) == (2, before)
    assert "included-schedules" in err
    instead = err.split("write `")[1].split("`")[0]
    write(root, {"meltano.yml": text.replace("**/*.yml", instead)})
    assert dagpress(root, "init")[0] == 0
    assert "more.yml" in str(list(root.glob(instead)))


@pytest.mark.parametrize(
    ("pip_url", "version"),
    [
        ("apache-airflow==2.10.5", "2.10"),
        ("apache-airflow[postgres]==3.1.8 psycopg2", "3.1"),
        ("apache-airflow==2.1.2", "2.10"),
    ],
)
def test_the_configured_airflow_is_the_pinned_one(tmp_path: Path, pip_url: str, version: str) -> None:
    """If it is supported. An option overrides it."""
    text = f"plugins: {{utilities: [{{name: airflow, pip_url: '{pip_url}'}}]}}\n"
    write(tmp_path, {"meltano.yml": text})
    assert dagpress(tmp_path, "init")[0] == 0
    assert project_of(tmp_path).airflow == version
    (tmp_path / "dagpress.toml").unlink()
    assert dagpress(tmp_path, "init", "--airflow", NEWEST_2)[0] == 0
    assert project_of(tmp_path).airflow == NEWEST_2
    assert f'Airflow {NEWEST_2} (set airflow = "{NEWEST}" there instead)' in refusal(
        tmp_path, "init", "--airflow", NEWEST
    )


def test_a_project_without_schedules_gets_its_folders(tmp_path: Path) -> None:
    """With a file in each, since git does not track empty folders."""
    write(tmp_path, {"meltano.yml": "schedules:\n"})
    assert dagpress(tmp_path, "init")[0] == 0
    assert (tmp_path / "schedules/.gitkeep").exists()
    assert (tmp_path / "generated_dags/.gitkeep").exists()


def test_a_meltano_project_in_another_folder_is_configured(tmp_path: Path) -> None:
    """With a relative path, which works in every clone."""
    write(tmp_path, {"meltano/meltano.yml": MELTANO_YML, "airflow/README.md": ""})
    assert dagpress(tmp_path / "airflow", "init", str(tmp_path / "meltano"))[0] == 0
    assert 'meltano_project = "../meltano"\n' in (tmp_path / "airflow/dagpress.toml").read_text()
    assert dagpress(tmp_path / "airflow", "check")[0] == 0


@pytest.mark.parametrize(
    ("configuration", "here", "begun"),
    [
        (None, "team/elt", "team/elt"),
        (None, "team/elt/extract", "team/elt"),
        (None, "team", "."),
        ("", "team/elt/extract", "team/elt"),
        ("", "team", "."),
        ('meltano_project = "team/elt"\n', "team/elt/extract", "."),
    ],
)
def test_init_uses_the_nearest_meltano_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: str | None, here: str, begun: str
) -> None:
    """Not the project above, unless it is for the same Meltano project."""
    write(tmp_path, {".git/HEAD": "", "meltano.yml": "", "team/elt/meltano.yml": "", "team/elt/extract/x": ""})
    if configuration is not None:
        write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n{configuration}'})
    monkeypatch.chdir(tmp_path / here)
    assert project_to_set_up(Path.cwd()) == tmp_path / begun
    assert project_to_set_up(tmp_path) == tmp_path


def test_init_creates_a_project_below_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project above is unchanged."""
    above = f'airflow = "{NEWEST_2}"\n'
    write(tmp_path, {".git/HEAD": "", "meltano.yml": "", "dagpress.toml": above, "elt/meltano.yml": MELTANO_YML})
    monkeypatch.chdir(tmp_path / "elt")
    result = CliRunner().invoke(main, ["init"], standalone_mode=False)
    assert result.return_value == 0
    assert (tmp_path / "elt/generated_dags/gitlab.py").exists()
    assert not (tmp_path / "schedules").exists()


def test_init_without_a_meltano_project_is_an_error(tmp_path: Path) -> None:
    """No file is written."""
    with pytest.raises(click.ClickException, match=r"no meltano.yml"):
        dagpress(tmp_path, "init")
    assert files_of(tmp_path) == {}


@pytest.mark.slow
def test_the_workflow_and_the_hook_check_the_project(tmp_path: Path) -> None:
    """The workflow prints GitHub annotations; the hook is the one of this repository, but runs the installed program.

    Both are at the root of the repository, which can have several projects, and pass our linters.
    """
    write(tmp_path, {"data/elt/meltano.yml": MELTANO_YML, "meltano/meltano.yml": MELTANO_YML, ".git/HEAD": ""})
    write(tmp_path, {"air flow/README": "", "meltano.yml": MELTANO_YML})
    for folder, path in (("data/elt", "."), ("air flow", "../meltano"), (".", ".")):
        dagpress(tmp_path / folder, "init", str(tmp_path / folder / path), "--from", SOURCE)
    assert not list(tmp_path.glob("*/**/.github"))
    workflows, hooks = {}, []
    for name in ("dagpress-data-elt.yml", "dagpress-air-flow.yml", "dagpress.yml"):
        text = (tmp_path / ".github/workflows" / name).read_text()
        workflow = workflows[name] = yaml.safe_load(text.replace("\non:", "\nwhen:"))
        commands = {
            name: [step["run"] for step in job["steps"] if "run" in step] for name, job in workflow["jobs"].items()
        }
        installed = "pip install -r requirements-dagpress.txt"
        assert commands == {
            "check": [installed, "dagpress check --format github"],
            "verify": [installed, "dagpress add orchestrator airflow", "dagpress verify --format github"],
        }
        # It runs code of a pull request.
        assert "secrets" not in "".join(text.split("# This job runs code")[1].splitlines()[1:])
        assert [workflow["permissions"], *(job["permissions"] for job in workflow["jobs"].values())] == [
            {},
            {"contents": "read"},
            {"contents": "read"},
        ]
    hooks = [repo["hooks"][0] for repo in yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]]
    (ours,) = (hook for hook in yaml.safe_load(HOOKS.read_text()) if hook["id"] == "dagpress-check")
    assert hooks == [
        {**ours, "language": "system", "name": f"The DAG files{where} are up to date", "entry": entry}
        for where, entry in (
            (" in data/elt", "dagpress --project data/elt check"),
            (" in air flow", "dagpress --project 'air flow' check"),
            ("", "dagpress check"),
        )
    ]
    assert "entry: dagpress --project 'air flow' check\n" in (tmp_path / ".pre-commit-config.yaml").read_text()
    of_two = workflows["dagpress-air-flow.yml"]
    paths = ["air flow/**", "meltano/**", ".github/workflows/dagpress-air-flow.yml"]
    assert [trigger["paths"] for trigger in of_two["when"].values()] == [paths, paths]
    assert of_two["defaults"] == {"run": {"working-directory": "air flow"}}
    assert workflows["dagpress.yml"]["when"] == {"pull_request": None, "push": {"branches": ["main", "master"]}}
    files = [f".github/workflows/{name}" for name in workflows]
    for tool in (
        ["zizmor", "--offline", "--quiet", *files],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files],
        ["pre-commit", "validate-config", ".pre-commit-config.yaml"],
    ):
        program = Path(sys.executable).with_name(tool[0])
        done = subprocess.run([program, *tool[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
