"""Child processes: each ends with all its children, and does not inherit private variables of Dagpress."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from git_repository import hook, isolate_git, repository_of
from processes import has_ended, wait_for_process
from project_builder import write

from codegen import process
from codegen.git import run
from codegen.meltano.invocation import MeltanoError, listed_schedules, set_up_system_database

# Calls `run` as a command does; `{}` is the shell script.
_PARENT = "from codegen import process; process.run(['sh', '-c', {!r}], limit=99)"


@pytest.mark.slow
def test_a_program_is_killed_with_its_children_at_the_limit(tmp_path: Path) -> None:
    """Also if it ignores SIGTERM. The error names the program, the limit and a fix."""
    trap = 'trap "" TERM; '
    script = f"{trap}sh -c '{trap}echo $$ > grandchild; sleep 99; :' & echo $$ > child; wait; sleep 99; :"
    with pytest.raises(process.ProcessError, match=r"`slow` did not end within 1 seconds \(run it in a terminal"):
        process.run(["sh", "-c", script], limit=1, name="slow", cwd=tmp_path, on_line=print)
    assert has_ended(tmp_path / "child")
    assert has_ended(tmp_path / "grandchild")


def test_a_program_with_endless_output_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with `on_line`; a daemon of the program cannot keep writing."""
    monkeypatch.setattr(process, "_MAX_OUTPUT_BYTES", 1 << 20)
    for command in ("exec yes", "yes >&2 & wait"):
        with pytest.raises(process.ProcessError, match=r"`sh` printed more than 1 MB \(run it in a terminal"):
            process.run(["sh", "-c", command], limit=60, on_line=lambda _: None)
    started = time.monotonic()
    assert process.run(["sh", "-c", "yes & echo done"], limit=60).code == 0
    assert time.monotonic() - started < 30


def test_a_cancelled_program_is_killed(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with pytest.raises(process.ProcessError, match="`sh` was cancelled"):
        process.run(
            ["sh", "-c", "echo $$ > child; touch begun; sleep 99; :"], limit=60, cwd=tmp_path, is_cancelled=begun.exists
        )
    assert has_ended(tmp_path / "child")


def test_a_daemon_that_keeps_the_output_open_is_not_awaited(tmp_path: Path) -> None:
    """It keeps running, unless no process may remain."""
    script = "sleep 99 & echo $! > daemon; echo done"
    for ends_group in (False, True):
        started = time.monotonic()
        done = process.run(["sh", "-c", script], limit=60, cwd=tmp_path, ends_group=ends_group)
        assert time.monotonic() - started < 30
        assert (done.code, done.stdout) == (0, "done\n")
        pid = int((tmp_path / "daemon").read_text())
        if not ends_group:
            os.kill(pid, signal.SIGKILL)
        assert has_ended(tmp_path / "daemon")


def test_a_program_gets_input_and_returns_output_and_exit_code(tmp_path: Path) -> None:
    """Invalid UTF-8 is replaced in any locale. A signal is an exit code as in the shell."""
    script = r"cat; printf 'b\377d \303\274\r\n'; echo wrong >&2; exit 7"
    done = process.run(["sh", "-c", script], limit=60, cwd=tmp_path, stdin="ü\udc80\n", env={"LC_ALL": "C", **PATH})
    assert done == process.Output(7, "ü?\nb\ufffdd ü\r\n", "wrong\n")
    merged = process.run(["sh", "-c", "echo out; echo err >&2; kill -9 $$"], limit=60, merged=True)
    assert merged == process.Output(137, "out\nerr\n", "")


PATH = {"PATH": os.environ["PATH"]}


def test_lines_are_shown_while_the_program_runs(tmp_path: Path) -> None:
    """The program waits until its line was received."""
    script = "echo first; while [ ! -e seen ]; do sleep 0.05; done; echo last"
    seen: list[str] = []

    def see(line: str) -> None:
        seen.append(line)
        (tmp_path / "seen").touch()

    assert process.run(["sh", "-c", script], limit=60, cwd=tmp_path, on_line=see).stdout == "first\nlast\n"
    assert seen[0] == "first"


def test_a_program_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(process.ProcessError, match="`no-such` does not start: No such file or directory: no-such"):
        process.run(["no-such"], limit=1)
    with pytest.raises(process.ProcessError, match=r"does not start: No such file or directory: .*gone"):
        process.run(["true"], limit=1, cwd=tmp_path / "gone")


# Gets the signal `{0}` after the start of the child and before its handle is stored.
_EARLY = """
import os
from codegen import process
begin = process.start
process.start = lambda *words, **options: (begin(*words, **options), os.kill(os.getpid(), {0}))[0]
process.run(['sh', '-c', 'echo $$ > new; mv new child; sleep 99; :'], limit=99)
"""


@pytest.mark.slow
def test_a_second_signal_kills_a_child_that_ignores_the_first(tmp_path: Path) -> None:
    code = _PARENT.format('trap "" TERM; echo $$ > child; sleep 99; :')
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=-1) as parent:
        wait_for_process(tmp_path / "child")
        parent.terminate()
        time.sleep(0.3)
        parent.terminate()
        parent.communicate(timeout=60)
    assert has_ended(tmp_path / "child")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_child_starts_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _EARLY.format(int(number))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode in {128 + number, -number}
    assert not (tmp_path / "child").exists() or has_ended(tmp_path / "child")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_parent_and_child(tmp_path: Path, number: signal.Signals) -> None:
    """A terminal sends Ctrl+C only to the parent, since the child has its own session."""
    code = _PARENT.format("echo $$ > child; sleep 99; :")
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=-1) as parent:
        wait_for_process(tmp_path / "child")
        parent.send_signal(number)
        parent.communicate(timeout=60)
    assert parent.returncode in {128 + number, -number}
    assert has_ended(tmp_path / "child")


def test_no_child_inherits_the_login_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither git hooks nor Meltano, `schedule run` or Airflow, whatever variables the caller passes."""
    monkeypatch.setenv("DAGPRESS_TOKEN", "made-up-secret")
    monkeypatch.setenv("OTHER", "kept")
    isolate_git(monkeypatch, tmp_path)
    repository = repository_of(tmp_path / "repository")
    hook(repository, "pre-commit", "env > seen")
    run(repository, "commit", "--allow-empty", "--message=x", hooks="")
    write(tmp_path, {".meltano/run/bin": "#!/bin/sh\nenv > seen\n"})
    set_up_system_database(tmp_path)
    for seen in (repository / "seen", tmp_path / "seen"):
        text = seen.read_text()
        assert "OTHER=kept" in text
        assert "DAGPRESS" not in text
    assert process.stream(["sh", "-c", "env > streamed"], env=os.environ, cwd=tmp_path) == 0
    assert "DAGPRESS" not in (tmp_path / "streamed").read_text()
    code = "import os; from codegen import process; process.replace(['/usr/bin/env'], os.environ)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "OTHER=kept" in done.stdout
    assert "DAGPRESS" not in done.stdout


@pytest.mark.slow
def test_a_meltano_that_does_not_end_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {".meltano/run/bin": "#!/bin/sh\nsleep 99\n"})
    with pytest.raises(MeltanoError, match=r"`meltano schedule list` did not end within 1 seconds \(run it"):
        listed_schedules(tmp_path, limit=1)
