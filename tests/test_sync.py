"""Written, unchanged, pruned and rejected files, and the state after a failed write."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, as_yaml, dagpress, killed_at_replace, write
from pytest_regressions.file_regression import FileRegressionFixture

from codegen.sync.header import is_generated, with_header

_MESSAGES = Path(__file__).parent / "rules"
DAG = "generated_dags/gitlab.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A generated project with two schedules in two folders."""
    write(tmp_path, {"schedules/gitlab.yml": EXTRACT_LOAD, "schedules/shop/orders.yml": EXTRACT_LOAD})
    assert dagpress(tmp_path, "generate")[0] == 0
    return tmp_path


def test_generate_keeps_the_mtime_of_an_unchanged_file(project: Path) -> None:
    """So Airflow does not parse it again."""
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*.py")}
    code, out, err = dagpress(project, "generate")
    assert (code, out, err) == (0, "", "2 schedules: all files are up to date.\n")
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*.py")} == before
    assert len(before) == 2


def test_generate_writes_only_the_changed_file(project: Path) -> None:
    other = project / "generated_dags/shop/orders.py"
    before = other.stat().st_mtime_ns
    write(project, {"schedules/gitlab.yml": EXTRACT_LOAD + "retries: 5\n"})
    assert dagpress(project, "generate")[1] == f"updated {DAG}\n"
    assert '"retries": 5' in (project / DAG).read_text()
    assert other.stat().st_mtime_ns == before


def test_the_file_of_a_removed_schedule_is_pruned_with_its_empty_folders(project: Path) -> None:
    """The outermost folder is kept."""
    (project / "schedules/shop/orders.yml").unlink()
    assert dagpress(project, "check")[0] == 1
    assert dagpress(project, "generate")[1] == "deleted generated_dags/shop/orders.py\n"
    assert sorted(p.name for p in (project / "generated_dags").iterdir()) == ["gitlab.py"]


def test_a_renamed_schedule_with_a_state_id_is_reported(project: Path) -> None:
    """An import can pin it: the state is kept, but the DAG is still a new one."""
    write(project, {"schedules/gitlab.yml": EXTRACT_LOAD + "state_id: gitlab\n"})
    dagpress(project, "generate")
    (project / "schedules/gitlab.yml").rename(project / "schedules/issues.yml")
    code, _, err = dagpress(project, "generate")
    assert code == 0
    assert err.startswith("generated_dags/issues.py:1:1: renamed: this looks like `schedules/gitlab.yml`")
    assert "set `dag_id` to the former value" in err


def test_a_renamed_schedule_is_reported_if_its_code_is_wrapped_differently(project: Path) -> None:
    """A longer name can wrap a line."""
    write(project, {"schedules/a.yml": EXTRACT_LOAD.replace("@daily", "@hourly")})
    dagpress(project, "generate")
    (project / "schedules/a.yml").rename(project / "schedules/gitlab_issues_every_hour.yml")
    assert "this looks like `schedules/a.yml`" in dagpress(project, "generate")[2]


def test_a_hand_written_dag_is_never_touched(project: Path) -> None:
    """Files without our header, and symlinks to our files, are hand-written."""
    own = write(project, {"generated_dags/shop/own.py": "from airflow.sdk import DAG\n"}) / "generated_dags/shop/own.py"
    (project / "generated_dags/link.py").symlink_to(project / DAG)
    (project / "schedules/shop/orders.yml").unlink()
    assert dagpress(project, "generate")[0] == 0
    assert own.read_text() == "from airflow.sdk import DAG\n"
    assert (project / "generated_dags/link.py").is_symlink()


def test_a_hand_written_dag_is_not_overwritten(tmp_path: Path) -> None:
    """A schedule with the name of a hand-written file is an error, and no file is written."""
    write(tmp_path, {"schedules/gitlab.yml": EXTRACT_LOAD, "schedules/other.yml": EXTRACT_LOAD, DAG: "mine = True\n"})
    code, out, err = dagpress(tmp_path, "generate")
    assert (code, out) == (2, "")
    assert err.startswith(f"{DAG}:1:1: not-ours: ")
    assert [p.name for p in (tmp_path / "generated_dags").iterdir()] == ["gitlab.py"]
    assert (tmp_path / DAG).read_text() == "mine = True\n"


def test_check_names_each_dag_of_a_folder(tmp_path: Path) -> None:
    """At its line, or at its schedule if it is missing; else the file, if only its head, order or end differs."""
    names = {f"schedules/shop/{name}.yml": EXTRACT_LOAD for name in ("changed", "gone", "same")}
    write(tmp_path, {**names, "dagpress.toml": 'layout = "folder"\n'})
    dagpress(tmp_path, "generate")
    file = tmp_path / "generated_dags/shop.py"
    current = file.read_text()
    head, *blocks = re.split(r"(?=^# schedules/)", current, flags=re.MULTILINE)
    theirs = f"<<<<<<< HEAD\n{blocks[0]}=======\n>>>>>>> theirs\n"
    for text in (f"{current}\n", current.replace("import pendulum\n", ""), f"{head}{''.join(blocks[::-1])}"):
        file.write_text(text)
        code, _, err = dagpress(tmp_path, "check")
        assert (code, err.splitlines()[0].split(" (")[0]) == (1, f"generated_dags/shop.py:1:1: changed: {_OUTDATED}")
    file.write_text(f"{head}{theirs}{blocks[1]}{blocks[2]}")
    conflict = f"generated_dags/shop.py:{head.count(chr(10)) + 1}:1: merge-conflict: "
    assert dagpress(tmp_path, "check")[2].startswith(conflict)

    file.write_text(current)
    write(
        tmp_path,
        {
            "schedules/shop/changed.yml": EXTRACT_LOAD + "retries: 9\n",
            "schedules/shop/new.yml": EXTRACT_LOAD + "owner: me\n",
        },
    )
    (tmp_path / "schedules/shop/gone.yml").unlink()
    code, out, err = dagpress(tmp_path, "check")
    lines = {name: current.split("\n").index(f"# {name}") + 1 for name in names}
    assert [line.split(" (")[0] for line in err.splitlines() if line.count(":1: ")] == [
        f"generated_dags/shop.py:{lines['schedules/shop/changed.yml']}:1: changed: {_OUTDATED.replace('file', 'DAG')}",
        f"generated_dags/shop.py:{lines['schedules/shop/gone.yml']}:1: stale: no schedule generates this DAG any more",
        "schedules/shop/new.yml:1:1: missing: the DAG of this schedule is missing in `generated_dags/shop.py`",
    ]
    # The line numbers of the patch are those of the file.
    subprocess.run(["git", "apply", "--unidiff-zero"], cwd=tmp_path, input=out.encode(), check=True)
    assert dagpress(tmp_path, "check")[0] == 0
    assert out.count("@@ schedules/shop/") == 3


_OUTDATED = "this file is not up to date, or was edited by hand"
# As in the code; within a string, without the blank lines.
_BLOCK = "\n\n\n# schedules/shop/b.yml\n"
_DEEP = "+".join("1" * 5_000)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # A map with its own name; Python that is nested too deeply.
        (_BLOCK, "\nDOCKER = {**DOCKER, 'user': 'x'}" + _BLOCK, "py:21:1: changed: this DAG"),
        ("catchup=False", f"catchup={_DEEP}", "py:21:1: changed: this DAG"),
        (_BLOCK, f"{_BLOCK}import os\n", "py:54:1: changed: this DAG"),
        # Unterminated strings, each of which could be the start of another.
        (_BLOCK, "'\\" * 30_000 + _BLOCK, "py:21:1: changed: this DAG"),
        (_BLOCK, '"""\'\'' * 30_001 + _BLOCK, "py:1:1: changed: this file"),
        # A header with conflict markers, or truncated.
        (" b\n", " b\n=======\n# Generated by Dagpress from x/\n>>>>>>> b\n", "py:1:1: merge-conflict: "),
        ("from schedules/shop/\n", "from \n", "py:1:1: changed: this file"),
    ],
)
def test_check_names_the_dags_that_were_edited_by_hand(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """At the first changed DAG, if there is one. `generate` repairs the file, also with a renamed DAG."""
    defaults = as_yaml({"runner": "docker", "docker": {"image": "a:1", "user": "x"}})
    # A marker in a string is not a conflict.
    texts = [EXTRACT_LOAD + as_yaml({"doc_md": f"{_BLOCK}<<<<<<< HEAD\n", "env": {"NAME": name}}) for name in "abc"]
    files = {f"schedules/shop/{name}.yml": text for name, text in zip("abc", texts, strict=True)}
    write(tmp_path, {"dagpress.toml": 'layout = "folder"\n', "schedules/shop/_defaults.yml": defaults, **files})
    dagpress(tmp_path, "generate")
    file = tmp_path / "generated_dags/shop.py"
    current = file.read_text()
    edited = f"<<<<<<< a b\n{current}" if "merge" in expected else current
    file.write_text(edited.replace(old, new, 1))
    code, _, err = dagpress(tmp_path, "check")
    assert (code, err.startswith(f"generated_dags/shop.{expected}")) == (1, True), err.splitlines()[0]
    (tmp_path / "schedules/shop/c.yml").rename(tmp_path / "schedules/shop/d.yml")
    assert (dagpress(tmp_path, "generate")[0], dagpress(tmp_path, "check")[0]) == (0, 0)
    (tmp_path / "schedules/shop/d.yml").rename(tmp_path / "schedules/shop/c.yml")
    assert (dagpress(tmp_path, "generate")[0], file.read_text()) == (0, current)


def test_check_reports_missing_changed_and_stale_files(project: Path, file_regression: FileRegressionFixture) -> None:
    """Each with its code, its diff, and the command that fixes it."""
    write(project, {"schedules/new.yml": EXTRACT_LOAD + "owner: new\n", "schedules/gone.yml": EXTRACT_LOAD})
    dagpress(project, "generate")
    (project / "generated_dags/new.py").unlink()
    (project / "schedules/gone.yml").unlink()
    edited = project / DAG
    edited.write_text(edited.read_text().replace('"retries": 1', '"retries": 7'))
    write(project, {"schedules/shop/orders.yml": EXTRACT_LOAD + "retries: 9\n"})
    code, out, err = dagpress(project, "check")
    assert code == 1
    file_regression.check(err, fullpath=_MESSAGES / "drift.txt")
    assert '-        "retries": 7,\n+        "retries": 1,\n' in out


def test_the_diff_is_a_patch_that_git_applies(project: Path) -> None:
    """With created, changed and deleted files."""
    write(project, {"schedules/new.yml": EXTRACT_LOAD, "schedules/gitlab.yml": EXTRACT_LOAD + "retries: 9\n"})
    (project / "schedules/shop/orders.yml").unlink()
    code, patch, _ = dagpress(project, "diff")
    assert code == 1
    subprocess.run(["git", "apply", "--unsafe-paths"], input=patch, text=True, cwd=project, check=True)
    assert dagpress(project, "diff") == (0, "", "")


def test_an_error_in_one_schedule_writes_and_prunes_nothing(project: Path) -> None:
    """The deployed DAGs are unchanged."""
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    write(project, {"schedules/gitlab.yml": EXTRACT_LOAD + "retries: 9\n", "schedules/new.yml": "interval: x\n"})
    (project / "schedules/shop/orders.yml").unlink()
    assert dagpress(project, "generate")[0] == 2
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


def test_generate_keeps_the_permissions_of_a_file(project: Path) -> None:
    """A new file follows the umask."""
    (project / DAG).chmod(0o640)
    old = os.umask(0o022)
    try:
        write(project, {"schedules/gitlab.yml": EXTRACT_LOAD + "retries: 9\n", "schedules/new.yml": EXTRACT_LOAD})
        dagpress(project, "generate")
    finally:
        os.umask(old)
    assert (project / DAG).stat().st_mode & 0o777 == 0o640
    assert (project / "generated_dags/new.py").stat().st_mode & 0o777 == 0o644


def _run(project: Path, *prefix: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate process, which can write at most `limit` bytes into a file."""

    def set_limit() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [*prefix, sys.executable, "-m", "codegen", "--project", str(project), "generate"]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=set_limit)


@pytest.mark.slow
def test_a_full_disk_changes_no_file(project: Path, file_regression: FileRegressionFixture) -> None:
    """The first file fits and the second does not: neither is replaced, and no temporary file remains."""
    before = {path: path.read_bytes() for path in (project / "generated_dags").rglob("*") if path.is_file()}
    doc = "doc: " + "x" * 20_000 + "\n"
    write(
        project,
        {"schedules/gitlab.yml": EXTRACT_LOAD + "retries: 9\n", "schedules/shop/orders.yml": EXTRACT_LOAD + doc},
    )
    result = _run(project, limit=10_000)
    assert result.returncode == 2
    file_regression.check(result.stderr, fullpath=_MESSAGES / "not-written.txt")
    assert {path: path.read_bytes() for path in (project / "generated_dags").rglob("*") if path.is_file()} == before


def test_a_pipe_is_an_error_and_is_not_read(project: Path) -> None:
    """As a schedule, or instead of a DAG file."""
    os.mkfifo(project / "schedules/pipe.yml")
    (project / DAG).unlink()
    os.mkfifo(project / DAG)
    code, _, err = dagpress(project, "check")
    assert code == 2
    assert err.startswith("schedules/pipe.yml:1:1: unreadable: this file cannot be read: not a regular file")
    (project / "schedules/pipe.yml").unlink()
    assert f"{DAG}:1:1: unreadable: this file cannot be read: not a regular file" in dagpress(project, "check")[2]


def test_windows_line_ends_are_not_drift(project: Path) -> None:
    """Git can check out generated files with them."""
    (project / DAG).write_bytes((project / DAG).read_bytes().replace(b"\n", b"\r\n"))
    assert dagpress(project, "check")[0] == 0


def _without_rights() -> tuple[str, ...]:
    """Return a prefix that drops root's permission to read and write all files."""
    drop = ("-dac_override,-dac_read_search",)
    return (
        ("setpriv", *(f"--bounding-set={x}" for x in drop), *(f"--inh-caps={x}" for x in drop))
        if os.getuid() == 0
        else ()
    )


_ROOT_NEEDS_SETPRIV = pytest.mark.skipif(
    os.getuid() == 0 and not shutil.which("setpriv"), reason="root needs setpriv to lose its rights"
)


@pytest.mark.slow
@_ROOT_NEEDS_SETPRIV
def test_an_unreadable_file_is_an_error_that_names_it(project: Path) -> None:
    """For schedules and generated files."""
    (project / "generated_dags/other.py").write_text("mine = True\n")
    write(project, {"templates/dag.py.j2": '{% extends "dagpress/dag.py.j2" %}'})
    for name in ("generated_dags/other.py", "schedules/gitlab.yml", "templates/dag.py.j2", "templates"):
        (project / name).chmod(0)
        result = _run(project, *_without_rights())
        assert result.returncode == 2
        assert f"{name}:1:1: unreadable: this file cannot be read: Permission denied" in result.stderr
        (project / name).chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 10])
def test_a_killed_run_leaves_the_old_or_the_new_files(tmp_path: Path, number: int) -> None:
    """Whenever the process is killed, no file is incomplete. The next run removes temporary files."""
    files = {f"schedules/s{n:02}.yml": EXTRACT_LOAD for n in range(20)}
    dagpress(write(tmp_path, files), "generate")
    old = {path.name: path.read_text() for path in (tmp_path / "generated_dags").glob("*.py")}
    write(tmp_path, {name: text + "retries: 9\n" for name, text in files.items()})
    killed_at_replace(number, tmp_path, "generate")
    texts = {path.name: path.read_text() for path in (tmp_path / "generated_dags").glob("*.py")}
    new = [text for name, text in texts.items() if text != old[name]]
    assert len(new) == number - 1
    assert all('"retries": 9' in text for text in new)
    assert dagpress(tmp_path, "generate")[0] == 0
    assert dagpress(tmp_path, "check")[0] == 0
    assert list((tmp_path / "generated_dags").glob(".*")) == []


@pytest.mark.slow
@_ROOT_NEEDS_SETPRIV
def test_a_failure_after_the_first_write_reports_the_changes(project: Path) -> None:
    """A stale file that cannot be deleted does not block the other changes, and all are reported."""
    (project / "schedules/shop/orders.yml").unlink()
    write(project, {"schedules/gitlab.yml": EXTRACT_LOAD + "retries: 9\n"})
    (project / "generated_dags/shop").chmod(0o555)
    try:
        result = _run(project, *_without_rights())
    finally:
        (project / "generated_dags/shop").chmod(0o755)
    assert result.returncode == 2
    assert result.stdout == f"updated {DAG}\n"
    assert (
        "generated_dags/shop/orders.py:1:1: not-written: this file cannot be written: Permission denied"
        in result.stderr
    )
    assert result.stderr.endswith("1 file updated, then failed: 1 error.\n")


def test_a_new_file_name_with_the_old_dag_id_is_not_reported(tmp_path: Path) -> None:
    """Airflow's history depends on the DAG ID, not on the file name."""
    write(tmp_path, {"schedules/old.yml": EXTRACT_LOAD + "name: stable\n"})
    dagpress(tmp_path, "generate")
    (tmp_path / "schedules/old.yml").rename(tmp_path / "schedules/new.yml")
    assert dagpress(tmp_path, "generate")[0] == 0


def test_the_header_escapes_line_breaks_of_a_path() -> None:
    """It is a comment of one line for any path."""
    text = with_header("schedules/a\nimport os\r.yml", "x = 1\n")
    assert len(text.splitlines()) == 4
    assert is_generated(text)


_HEADER = with_header("schedules/a.yml", "")
_TEXT = "x = 1\n"


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        (f"{_HEADER}<<<<<<< HEAD\n{_TEXT}=======\ny = 1\n>>>>>>> b\n", True),
        (f"<<<<<<< HEAD\n{_HEADER}=======\n{_HEADER.replace('a.yml', 'b.yml')}>>>>>>> b\n{_TEXT}", True),
        (f"<<<<<<< HEAD\n{_HEADER}||||||| 1234567\n{_TEXT}=======\n{_HEADER}{_TEXT}>>>>>>> b\n", True),
        (f"<<<<<<< HEAD\n{_HEADER}=======\n{_TEXT}>>>>>>> b\n", False),
        (f"<<<<<<< HEAD\n{_TEXT}||||||| 1234567\n{_HEADER}=======\n{_HEADER}>>>>>>> b\n", False),
        (f"<<<<<<< HEAD\n=======\n{_HEADER}>>>>>>> b\n{_TEXT}", False),
        (
            '{\n<<<<<<< a\n"$schema": "",\n=======\n"$schema": "b",\n>>>>>>> b\n"$comment": "Generated by Dagpress',
            True,
        ),
        (f"<<<<<<<< HEAD:a.py\n{_HEADER}========\n{_HEADER}>>>>>>>> b:b.py\n{_TEXT}", True),
        (f"<<<<<<<< HEAD:a.py\n{_HEADER}========\n{_TEXT}>>>>>>>> b:b.py\n", False),
        (f"<<<<<<< HEAD\n{_HEADER}{_TEXT}", True),
        (f"<<<<<<< HEAD\n{_TEXT}{_HEADER}", False),
        (f"{_TEXT}{_HEADER}", False),
    ],
)
def test_a_file_with_conflict_markers_is_ours_if_each_branch_has_the_header(text: str, is_ours: bool) -> None:  # noqa: FBT001  # a parametrized case
    """Otherwise, a file that is hand-written in one branch would be lost."""
    assert is_generated(text) == is_ours
