"""The shell function that prevents two tasks from using one plugin at the same time, in a real bash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from project_builder import write

from codegen.render.renderer import prelude
from codegen.runners import Work
from codegen.runners.container import command_of
from codegen.schema.model import PROJECT_ROOT_VARIABLE
from codegen.text.jinja import BASH_TEMPLATE_EXT
from codegen.text.shell import as_script


def _start(project: Path, command: str, run_id: str = "first", **env: str) -> subprocess.Popen[str]:
    """Start a command after the lines of `LOCK`, as a task in its own process group."""
    environ = {"PATH": os.environ["PATH"], "AIRFLOW_CTX_DAG_ID": "orders", "AIRFLOW_CTX_DAG_RUN_ID": run_id, **env}
    return subprocess.Popen(
        [shutil.which("bash") or "bash", "-c", prelude("LOCK", PROJECT_ROOT_VARIABLE) + command],
        cwd=project,
        env=environ,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("kill", [False, True])
def test_a_waiting_task_names_the_run_that_it_waits_for(tmp_path: Path, *, kill: bool) -> None:
    first = _start(tmp_path, "lock tap-a; echo has it; read -r line")
    assert _line(first) == "has it"
    second = _start(tmp_path, "lock tap-b tap-a; echo has it too", run_id="second")
    assert _line(second) == f"Waiting for the lock on tap-a, held by orders first, PID {first.pid}"
    if kill:
        first.kill()
    first.communicate("go on\n" if not kill else None)
    assert second.communicate()[0] == "has it too\n"
    assert second.returncode == 0


def test_a_process_that_outlives_its_task_is_named_and_holds_the_lock(tmp_path: Path) -> None:
    first = _start(tmp_path, "lock tap-a; sleep 600 & echo has it; wait")
    assert _line(first) == "has it"
    first.kill()
    first.wait()
    second = _start(tmp_path, "lock tap-a; echo has it too", run_id="second")
    waiting = _line(second)
    assert waiting == f"Waiting for the lock on tap-a, held by orders first, PID {first.pid}"
    os.killpg(int(waiting.rpartition(" ")[2]), signal.SIGKILL)
    assert _line(second) == "has it too"
    second.communicate()
    first.communicate()


def test_the_order_of_plugins_causes_no_deadlock(tmp_path: Path) -> None:
    commands = ["lock b a b; sleep 0.02; echo done", "lock a b; sleep 0.02; echo done"] * 4
    assert [one.communicate()[0].splitlines()[-1] for one in [_start(tmp_path, c) for c in commands]] == ["done"] * 8


def test_a_shared_lock_waits_for_an_exclusive_one(tmp_path: Path) -> None:
    first, second = (_start(tmp_path, "lock dbt:shared; echo has it; read -r line") for _ in range(2))
    assert [_line(first), _line(second)] == ["has it", "has it"]
    alone = _start(tmp_path, "lock dbt; echo has it alone", run_id="alone")
    assert _line(alone).startswith("Waiting for the lock on dbt, held by orders first, PID ")
    for one in (first, second):
        one.communicate("go on\n")
    assert alone.communicate()[0] == "has it alone\n"


def test_the_lock_does_not_change_the_variables_of_a_task(tmp_path: Path) -> None:
    env = {"fd": "a[$(touch pwned)]", "plugin": "p", "mode": "m", "file": "f", "folder": "d"}
    names = " ".join(f"${name}" for name in env)
    assert _start(tmp_path, f'lock a/b a_b; echo "{names}"', **env).communicate()[0] == " ".join(env.values()) + "\n"
    assert sorted(path.name for path in (tmp_path / ".meltano/run").iterdir()) == ["a:b.lock", "a_b.lock"]
    assert not (tmp_path / "pwned").exists()


def test_a_plugin_name_is_never_a_path_or_code(tmp_path: Path) -> None:
    name = "../../x $(touch y); *"
    done = _start(tmp_path / write(tmp_path, {"in/a": ""}) / "in", 'lock "$NAME"; echo done', NAME=name)
    assert done.communicate()[0] == "done\n"
    assert [path.name for path in (tmp_path / "in" / ".meltano" / "run").iterdir()] == [
        f"{name.replace('/', ':')}.lock"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_the_system_directory_of_meltano_is_respected(tmp_path: Path) -> None:
    assert _start(tmp_path, "lock tap-a", MELTANO_SYS_DIR_ROOT=str(tmp_path / "own")).communicate()[0] == ""
    assert (tmp_path / "own/run/tap-a.lock").exists()


@pytest.mark.parametrize("path", [".meltano", ".meltano/run/tap-a.lock/x"])
def test_a_read_only_project_fails_the_task_with_a_reason(path: str, tmp_path: Path) -> None:
    write(tmp_path, {path: ""})
    task = _start(tmp_path, "lock tap-a; echo ran")
    output, _ = task.communicate()
    assert task.returncode
    assert ".meltano" in output
    assert "ran" not in output


def test_a_machine_without_flock_fails_the_task_with_the_package_to_install(tmp_path: Path) -> None:
    task = _start(tmp_path, "lock tap-a; echo ran", PATH=str(tmp_path))
    output, _ = task.communicate()
    assert (task.returncode, output.splitlines()[-1]) == (
        1,
        "flock not found: install util-linux (macOS: brew install flock)",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--state-id={{ x }}"],
        ["--state-id=orders-{{ x }}:dev"],
        ["--environment", "{{ x }}"],
        ["--state-id-suffix={{ x }}-{{ x }}"],
        ["--state-id={% if x %}{{ x }}{% endif %}"],
    ],
)
@pytest.mark.parametrize("value", ["", "eu $(no) code"])
def test_an_empty_template_of_the_state_fails_the_task(words: list[str], value: str) -> None:
    """In the bash of a worker and in the `sh` of a container."""
    work = Work((("meltano", *words, "run", "tap-a"),))
    (program, option), (script,), env = command_of(work, ())
    assert as_script(work.calls, BASH_TEMPLATE_EXT) == (script, env)
    calls = 'meltano() { printf "%s|" "$@"; }\n'
    done = subprocess.run(
        [program, option, calls + script], env=dict.fromkeys(env, value), text=True, capture_output=True, check=False
    )
    words = [word.replace("{% if x %}{{ x }}{% endif %}", value).replace("{{ x }}", value) for word in words]
    expected = "".join(f"{word}|" for word in [*words, "run", "tap-a"])
    assert (done.stdout, bool(done.returncode)) == (expected if value else "", not value)
    assert value or f"the value of {words[0].partition('=')[0]} is empty" in done.stderr
