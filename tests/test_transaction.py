"""The transaction of everything that writes into a project: concurrency, waiting, and the boundary."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from git_repository import git, isolate_git
from pages import Pages, text_of
from processes import held
from project_builder import EXTRACT_LOAD, dagpress, files_of, refusal, write
from races import MOVED, PLUGINS, race

from codegen import process
from codegen.sync.lock import LockedError, lock
from codegen.web.shell import workspace

_DAGPRESS = Path(sys.executable).parent / "dagpress"
_HOURLY = EXTRACT_LOAD.replace("@daily", "@hourly")
_HOLD = """
import sys
from pathlib import Path
from codegen.sync.lock import lock
with lock(Path(sys.argv[1]), 0, print):
    print("held", flush=True)
    input()
"""


@pytest.mark.slow
def test_concurrent_writers_leave_consistent_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, pages and hooks: each does what it reports. `make races` runs 60 rounds."""
    isolate_git(monkeypatch, tmp_path)
    assert list(race(tmp_path, 2)) == [[], []]


@pytest.mark.slow
def test_a_waiting_command_names_the_lock_holder_and_fails_after_the_limit(tmp_path: Path) -> None:
    """Once, on stderr. No file is written, and git sees no lock file."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    before = files_of(tmp_path)
    with held(tmp_path) as holder:
        command = [str(_DAGPRESS), "--project", str(tmp_path), "--lock-timeout", "2", "generate"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    hint = "run this again when it has finished, or wait longer with `--lock-timeout SECONDS`"
    whose = f"another dagpress command in this project (process {holder}: sh -c 'echo held; read -r line')"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"Waiting for {whose}...",
        f"Error: No files written: {whose} did not finish within 2 seconds ({hint})",
    ]
    assert files_of(tmp_path) == before


def test_only_commands_that_write_wait_for_the_lock(tmp_path: Path) -> None:
    """The lock is for the git work tree, since its projects can share files."""
    git(tmp_path, "init", "--quiet", "--template=")
    project = write(tmp_path / "project", {"meltano.yml": PLUGINS, "schedules/a.yml": EXTRACT_LOAD})
    before = files_of(project)
    add = ("schedule", "add", "b", "tap", "target", "@daily")
    with held(tmp_path):
        for command in (("import",), ("export",), ("init",), add, ("schedule", "remove", "a")):
            with pytest.raises(click.ClickException, match="did not finish within 0 seconds"):
                dagpress(project, "--lock-timeout", "0", *command)
        assert dagpress(project, "--lock-timeout", "0", "validate")[0] == 0
        assert dagpress(project, "--lock-timeout", "0", "import", "--dry-run")[0] == 0
    assert files_of(project) == before


def test_a_page_that_cannot_get_the_lock_keeps_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "_LOCK_SECONDS", 0.1)
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    pages = Pages(tmp_path)
    before = files_of(tmp_path)
    with held(tmp_path) as holder:
        page = pages.post("/save", {"new": "mine", "was:new": "", "text": _HOURLY, "base": ""}, status=503)
        assert f"(process {holder}: " in text_of(page, "[role=alert]")
        assert text_of(page, "textarea[name=text]") == " ".join(_HOURLY.split())
        assert page.select_one("input[name=new][value=mine]")
        for address in ("/generate", "/delete/a.yml"):
            assert "No files written: another" in text_of(pages.post(address, {}, status=503), "main")
    assert files_of(tmp_path) == before


@pytest.mark.slow
def test_parallel_hooks_are_locked(tmp_path: Path) -> None:
    """Children of the lock holder take the inner lock in turn; others wait for all of them."""
    git(tmp_path, "init", "--quiet")
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    generate = [str(_DAGPRESS), "--project", str(tmp_path), "--lock-timeout", "0", "generate"]
    with ExitStack() as own:
        own.enter_context(lock(tmp_path, 0, print))()
        with subprocess.Popen([sys.executable, "-c", _HOLD, tmp_path], stdin=-1, stdout=-1, text=True) as first:
            assert first.stdout
            assert first.stdout.readline() == "held\n"
            second = subprocess.run(generate, capture_output=True, text=True, check=False)
            assert second.returncode == 2
            assert f"(process {first.pid}: " in second.stderr
            own.close()
            with pytest.raises(
                click.ClickException, match=rf"\(process {first.pid}: .* did not finish within 0 seconds"
            ):
                dagpress(tmp_path, *generate[3:])
            first.communicate("\n")
    assert dagpress(tmp_path, *generate[3:])[0] == 0


def test_a_process_that_shuts_down_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "ending", threading.Event())
    process.end_all()
    with held(tmp_path), pytest.raises(LockedError, match="is shutting down"), lock(tmp_path, 60, print):
        pass


def test_remove_deletes_an_unreadable_schedule_file(tmp_path: Path) -> None:
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    os.mkfifo(tmp_path / "schedules/b.yml")
    assert dagpress(tmp_path, "schedule", "remove", "b", "--no-generate")[:2] == (0, "deleted schedules/b.yml\n")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("generated_dags", "dags"),
        ("generated_dags/team", "dags"),
        ("generated_dags/team/b.py", "dags/b.py"),
        ("schedules/team/b.yml", "b.yml"),
        ("schedules/team", "team"),
    ],
)
@pytest.mark.parametrize("where", ["the git work tree", "the project"])
def test_a_symlink_to_the_outside_is_never_followed_on_write(
    tmp_path: Path, link: str, target: str, where: str
) -> None:
    """For a file and its parent folders; outside means outside the git work tree, or without git, the project."""
    outside = write(tmp_path / "outside", {"b.yml": EXTRACT_LOAD, "team/b.yml": EXTRACT_LOAD})
    (outside / "dags").mkdir()
    project = write(tmp_path / "project", {"schedules/a.yml": EXTRACT_LOAD})
    if not link.startswith("schedules"):
        write(project, {"schedules/team/b.yml": EXTRACT_LOAD})
    (project / link).parent.mkdir(parents=True, exist_ok=True)
    (project / link).symlink_to(outside / target)
    if where == "the git work tree":
        git(project, "init", "--quiet")
    before = files_of(tmp_path), files_of(outside)
    for command in (("set", "b", "--interval", "@hourly"), ("remove", "b")) if link.startswith("schedules") else ():
        assert "unknown schedule `b`" in refusal(project, "schedule", *command)
    code, out, err = dagpress(project, "generate")
    assert (code, out) == (2, "")
    assert f"{link}:1:1: symlink: this symlink points outside {where} (replace the symlink with" in err
    assert (files_of(tmp_path), files_of(outside)) == before


def test_a_symlink_within_the_git_work_tree_is_followed(tmp_path: Path) -> None:
    """As from a project in a monorepo to a common DAGs folder."""
    project = write(tmp_path / "project", {"schedules/a.yml": EXTRACT_LOAD})
    (tmp_path / "dags").mkdir()
    (project / "generated_dags").symlink_to("../dags")
    git(tmp_path, "init", "--quiet")
    assert dagpress(project, "generate")[:2] == (
        0,
        "created generated_dags/a.py\ncreated schedules/schedule.schema.json\n",
    )
    assert (tmp_path / "dags/a.py").exists()


def test_a_meltano_project_outside_is_not_changed(tmp_path: Path) -> None:
    """`import` reads it, and `import --move` writes nothing."""
    project = write(tmp_path / "project", {"dagpress.toml": 'meltano_project = "../meltano"\n'})
    write(tmp_path / "meltano", {"meltano.yml": PLUGINS + MOVED})
    before = files_of(tmp_path)
    code, out, err = dagpress(project, "import", "--move")
    assert (code, out) == (2, "")
    assert "../meltano/meltano.yml:1:1: not-written: this file is outside the project (move it inside, or" in err
    assert files_of(tmp_path) == before
    assert dagpress(project, "import")[0] == 0


@pytest.mark.parametrize(
    ("link", "target"), [("generated_dags/a.py", "../.git/hooks/pre-commit"), ("generated_dags", ".git/x")]
)
def test_nothing_is_written_into_the_git_directory(tmp_path: Path, link: str, target: str) -> None:
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    git(tmp_path, "init", "--quiet")
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(target)
    code, out, err = dagpress(tmp_path, "generate")
    assert (code, out) == (2, "")
    assert f"{link}:1:1: symlink: this symlink points outside the git work tree" in err
    assert not (tmp_path / ".git/hooks/pre-commit").exists()
    assert not (tmp_path / ".git/x").exists()


@pytest.mark.parametrize("git_file", [{".git/config": ""}, {".git": "gitdir: gone\n"}])
def test_an_invalid_git_file_is_not_a_repository(tmp_path: Path, git_file: dict[str, str]) -> None:
    project = write(tmp_path / "project", {"schedules/a.yml": EXTRACT_LOAD})
    write(tmp_path, {**git_file, "dags/.gitkeep": ""})
    (project / "generated_dags").symlink_to("../dags")
    code, out, err = dagpress(project, "generate")
    assert (code, out) == (2, "")
    assert "generated_dags:1:1: symlink: this symlink points outside the project" in err


def test_two_environments_cannot_share_a_folder(tmp_path: Path) -> None:
    """Each would overwrite the files of the other."""
    configuration = 'airflow = "3.3"\nenvironments = ["dev", "prod"]\nseparate_system_databases = true\n'
    write(
        tmp_path, {"dagpress.toml": configuration, "schedules/a.yml": EXTRACT_LOAD, "generated_dags/prod/.gitkeep": ""}
    )
    (tmp_path / "generated_dags/dev").symlink_to("prod")
    code, out, err = dagpress(tmp_path, "generate")
    assert (code, out) == (2, "")
    assert "a symlink makes this the same file as `generated_dags/" in err


def test_generate_removes_the_files_of_killed_commands(tmp_path: Path) -> None:
    """Also without other changes. Temporary files of other machines are kept."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/old/.gitkeep": "", "generated_dags/old/.gitkeep": ""})
    dagpress(tmp_path, "generate")
    host = platform.node()
    left = {f"{folder}/.dagpress-{host}-1-2.tmp": "" for folder in ("schedules", "schedules/old", "generated_dags/old")}
    write(tmp_path, {**left, "generated_dags/.dagpress-other-1-2.tmp": ""})
    assert dagpress(tmp_path, "generate")[0] == 0
    assert [path.name for path in tmp_path.rglob("*.tmp")] == [".dagpress-other-1-2.tmp"]


@pytest.mark.slow
def test_a_terminated_command_leaves_no_temporary_file(tmp_path: Path) -> None:
    """The signal arrives after the first of two files."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "schedules/b.yml": EXTRACT_LOAD})
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nreplace = Path.replace\n"
        "def slow(*paths):\n    replace(*paths)\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "Path.replace = slow\nfrom codegen.cli.main import run\nrun()\n"
    )
    command = [sys.executable, "-c", code, "--project", str(tmp_path), "generate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + 15
    assert not list(tmp_path.rglob("*.tmp"))
    assert dagpress(tmp_path, "generate")[0] == 0
