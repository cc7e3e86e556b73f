"""The command line: output, streams and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from debian import install
from project_builder import EXTRACT_LOAD, completed, dagpress, write
from terminal import printed_on_a_terminal

from codegen.cli import main as cli
from codegen.cli.main import main

DAGPRESS = Path(sys.executable).parent / "dagpress"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three schedules, one of each kind."""
    return write(
        tmp_path,
        {
            "meltano.yml": "jobs:\n- name: refresh\n  tasks: [tap-gitlab target-postgres]\n"
            "plugins: {extractors: [{name: tap-gitlab}], loaders: [{name: target-postgres}]}\n",
            "schedules/gitlab.yml": EXTRACT_LOAD + "owner: data\ntimezone: Europe/Berlin\nretry_delay: 90m\n",
            "schedules/job.yml": "job: refresh\ninterval: 0 6 * * 1-5\n",
            "schedules/manual.yml": 'tasks: [tap-gitlab target-postgres]\ninterval: "@manual"\n',
        },
    )


def _call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run([DAGPRESS, *arguments], capture_output=True, text=True, check=False, env=env)


def test_list_prints_a_table_of_commands_and_times(project: Path) -> None:
    code, out, err = dagpress(project, "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "gitlab", "job", "manual"]
    assert "tap-gitlab -> target-postgres  meltano_gitlab" in out
    assert "job refresh                    meltano_job_refresh" in out


def test_list_shows_the_valid_schedules_if_another_is_broken(project: Path) -> None:
    """The exit code reports the broken one."""
    write(project, {"schedules/broken.yml": "interval: [\n"})
    code, out, err = dagpress(project, "list")
    assert code == 2
    assert "gitlab" in out
    assert err.startswith("schedules/broken.yml:2:1: yaml-syntax: ")


def test_show_prints_every_value_with_its_default(project: Path) -> None:
    """With the keys and values of the YAML."""
    data = json.loads(dagpress(project, "show", "gitlab", "--format", "json")[1])
    assert data["retry_delay"] == "90m"
    assert data["owner"] == "data"
    assert data["start_date"] == "1970-01-01"
    assert data["dag_id"] == "meltano_gitlab"
    assert "retry_delay: 90m\n" in dagpress(project, "show", "gitlab")[1]


@pytest.mark.parametrize("name", ["job", "meltano_job_refresh", "schedules/job.yml"])
def test_a_schedule_can_be_named_by_its_dag_or_its_file(project: Path, name: str) -> None:
    """Airflow shows the DAG ID, and shells complete the file."""
    assert json.loads(dagpress(project, "show", name, "--format", "json")[1])["name"] == "job"


def test_show_prints_the_time_of_h_and_the_values_that_meltano_adds(project: Path) -> None:
    """The time of an `H`, the state ID and the tags."""
    write(project, {"schedules/hashed.yml": EXTRACT_LOAD.replace("@daily", "H 4 * * *") + "doc: |\n  One.\n  Two.\n"})
    out = dagpress(project, "show", "hashed")[1]
    cron = next(line for line in dagpress(project, "show", "hashed", "--dag")[1].splitlines() if "schedule=" in line)
    assert f"interval: H 4 * * * -> {cron.split(chr(34))[1]}\n" in out
    assert "state_id: hashed\n" in out
    assert "tags:\n- meltano\n- tap-gitlab\n- target-postgres\n" in out
    assert "doc: |\n  One.\n  Two.\n" in out


@pytest.mark.parametrize("command", ["show", "next"])
def test_an_unknown_name_is_an_error_with_a_suggestion(project: Path, command: str) -> None:
    with pytest.raises(click.ClickException, match=r"unknown schedule `gitlub` \(did you mean `gitlab`\?\)"):
        dagpress(project, command, "gitlub")


def test_the_pages_of_errors_are_named_before_those_of_warnings(project: Path) -> None:
    """A command names three pages at most; the warnings of the first file do not displace the error of the last."""
    warnings = EXTRACT_LOAD + "catchup: true\nmax_retry_delay: 5m\ndocker: {image: elt}\nbefore_run: lock --all\n"
    write(project, {"schedules/a.yml": warnings, "schedules/z.yml": EXTRACT_LOAD + "retrys: 3\n"})
    lines = dagpress(project, "validate")[2].splitlines()
    codes = list(dict.fromkeys(line.split(": ")[1] for line in lines[:-2]))
    assert codes.index("unknown-key") >= 3
    assert lines[-2].startswith("For details, run `dagpress rule unknown-key ")


@pytest.mark.parametrize("command", ["show", "next"])
def test_a_command_for_a_broken_schedule_prints_its_errors(project: Path, command: str) -> None:
    """And not the errors of other schedules."""
    write(project, {"schedules/broken.yml": "interval: [\n", "schedules/other.yml": "interval: [\n"})
    code, out, err = dagpress(project, command, "broken")
    assert (code, out) == (2, "")
    message, details = err.splitlines()
    assert message.startswith("schedules/broken.yml:2:1: yaml-syntax: ")
    assert details == "For details, run `dagpress rule yaml-syntax`."
    assert dagpress(project, command, "gitlab")[0] == 0


def test_next_counts_in_the_timezone_of_the_schedule(project: Path) -> None:
    """Midnight stays midnight across a DST change."""
    _, out, err = dagpress(project, "next", "gitlab", "-n", "3", "--after", "2027-03-27T12:00:00")
    assert err == "gitlab: every day at 00:00 (Europe/Berlin)\n"
    assert out == "Sun 2027-03-28 00:00 CET\nMon 2027-03-29 00:00 CEST\nTue 2027-03-30 00:00 CEST\n"


def test_next_skips_a_weekend(project: Path) -> None:
    """Times in JSON have their UTC offset."""
    out = dagpress(project, "next", "job", "--format", "json", "-n", "2", "--after", "2026-11-27T06:00:00")[1]
    assert json.loads(out) == ["2026-11-30T06:00:00+00:00", "2026-12-01T06:00:00+00:00"]


def test_next_of_a_manual_schedule_says_that_it_is_manual(project: Path) -> None:
    """It prints no runs, and the reason."""
    assert dagpress(project, "next", "manual") == (0, "", "manual: manual runs only\n")


def test_next_respects_the_start_and_the_end(project: Path) -> None:
    """Start and end date are inclusive."""
    dates = "start_date: 2030-01-02\nend_date: 2030-01-03\n"
    write(project, {"schedules/short.yml": EXTRACT_LOAD + dates})
    out = dagpress(project, "next", "short", "--after", "2029-01-01")[1]
    assert out == "Wed 2030-01-02 00:00 UTC\nThu 2030-01-03 00:00 UTC\n"
    assert (
        "It has no runs after 2031-01-01 00:00+00:00." in dagpress(project, "next", "short", "--after", "2031-01-01")[2]
    )


def test_generate_prints_the_written_files_as_json(project: Path) -> None:
    """On stdout, with the diagnostics."""
    write(project, {"schedules/typo.yml": EXTRACT_LOAD.replace("gitlab", "gitlub")})
    code, out, _ = dagpress(project, "generate", "--format", "json")
    report = json.loads(out)
    assert code == 0
    assert dagpress(project, "generate", "--strict")[0] == 1
    assert {"file": "generated_dags/typo.py", "action": "create", "others": []} in report["files"]
    assert report["diagnostics"] == [
        {
            "severity": "warning",
            "code": "unknown-extractor",
            "message": "meltano.yml has no extractor `tap-gitlub`",
            "hint": "did you mean `tap-gitlab`?",
            "file": "schedules/typo.yml",
            "line": 1,
            "column": 12,
            "others": [],
        }
    ]
    assert (project / "generated_dags/typo.py").exists()


def test_check_prints_github_annotations(project: Path) -> None:
    """Warnings and drift are shown at the lines of a pull request."""
    write(project, {"schedules/typo, 100%.yml": "dag_id: x\n" + EXTRACT_LOAD.replace("gitlab", "gitlub")})
    code, out, _ = dagpress(project, "check", "--format", "github")
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == (
        "::warning file=schedules/typo%2C 100%25.yml,line=2,col=12,title=unknown-extractor::"
        "meltano.yml has no extractor `tap-gitlub` (did you mean `tap-gitlab`?)"
    )
    assert any(line.startswith("::error file=generated_dags/gitlab.py,line=1,col=1,title=missing::") for line in lines)


@pytest.mark.parametrize("layout", ["schedule", "folder"])
def test_equal_messages_and_equal_changes_are_grouped(tmp_path: Path, layout: str) -> None:
    """With the number and the first of the other locations. Changes are equal if they differ only in names."""
    names = [f"schedules/{'ab'[number // 4]}/shop-{number}.yml" for number in range(8)]
    body = EXTRACT_LOAD + "env: {SHOP: NAME}\nstart_dat: 2026-01-01\n"
    write(
        tmp_path, {name: body.replace("NAME", Path(name).stem) for name in names} | {"schedules/own.yml": EXTRACT_LOAD}
    )
    write(tmp_path, {"dagpress.toml": f'layout = "{layout}"\n'})
    _, _, err = dagpress(tmp_path, "validate")
    message = "unknown-key: `start_dat` is not a key of a schedule (did you mean `start_date`?)"
    places = [f"{name}:5:1" for name in names]
    assert err.startswith(f"{places[0]}: {message} (and 7 more: {', '.join(places[1:6])}, ...)\nFor details, ")
    assert err.endswith("`.\n8 errors.\n")
    write(tmp_path, {name: (tmp_path / name).read_text().replace("start_dat", "start_date") for name in names})
    assert dagpress(tmp_path, "generate")[0] == 0
    files, shown, lines = _places_of(tmp_path, names, layout)
    # A value with the name of the schedule, a value without it, and another value in another schedule.
    write(tmp_path, {name: (tmp_path / name).read_text().replace("{SHOP: ", "{SHOP: new-") for name in names})
    write(tmp_path, {"schedules/_defaults.yml": "owner: data\n", "schedules/own.yml": EXTRACT_LOAD + "owner: me\n"})

    _, out, err = dagpress(tmp_path, "check")
    assert [line for line in out.splitlines() if line.startswith(("+++", "and"))] == [
        f"+++ b/{files[0]}",
        f"and in 7 other DAGs: {', '.join(shown[1:6])}, ...",
        "+++ b/generated_dags/own.py",
    ]
    assert out.count("@@ schedules/a/shop-0.yml") == (2 if layout == "folder" else 0)
    what = "DAG" if layout == "folder" else "file"
    message = f"this {what} is not up to date, or was edited by hand (run `dagpress generate`, which overwrites it)"
    more = f"{message} (and {7 if layout == 'folder' else 8} more: {lines[1]}, "
    assert err.startswith(f"{lines[0]}: changed: {more}")
    first, *_ = dagpress(tmp_path, "check", "--format", "github")[1].splitlines()
    path, line, _ = lines[0].split(":")
    assert first.startswith(f"::error file={path},line={line},col=1,title=changed::{more}")
    report = json.loads(dagpress(tmp_path, "check", "--format", "json")[1])
    assert sum(1 + len(group["others"]) for group in report["diagnostics"]) == 9
    assert [(group["file"], group["others"]) for group in report["files"]] == [
        (files[0], list(dict.fromkeys(files))[1:]),
        ("generated_dags/own.py", []),
    ]


def _places_of(root: Path, names: Sequence[str], layout: str) -> tuple[list[str], list[str], list[str]]:
    """Return the DAG file of each schedule, the words of a patch for its DAG, and the location of its messages."""
    if layout == "schedule":
        files = [name.replace("schedules", "generated_dags").replace(".yml", ".py") for name in names]
        return files, files, [f"{file}:1:1" for file in files]
    files = [f"generated_dags/{Path(name).parent.name}.py" for name in names]
    lines = [
        (root / file).read_text().split("\n").index(f"# {name}") + 1 for file, name in zip(files, names, strict=True)
    ]
    shown = [f"{file} ({Path(name).stem})" for file, name in zip(files, names, strict=True)]
    return files, shown, [f"{file}:{line}:1" for file, line in zip(files, lines, strict=True)]


@pytest.mark.parametrize("command", ["generate", "validate", "check"])
def test_every_reporting_command_prints_github_annotations(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each error is at its line; its path starts at the root of the repository. The log names the rule's page."""
    project = write(tmp_path / "elt", {"schedules/broken.yml": EXTRACT_LOAD + "retrys: 3\n"})

    def annotated() -> str:
        code, out, err = dagpress(project, command, "--format", "github")
        assert (code, err) == (2, "For details, run `dagpress rule unknown-key`.\n")
        return out.partition(",line=4,col=1,title=unknown-key::")[0]

    assert annotated() == "::error file=schedules/broken.yml"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert annotated() == "::error file=elt/schedules/broken.yml"
    write(project, {".git/HEAD": ""})
    assert annotated() == "::error file=schedules/broken.yml"


def test_an_error_in_a_default_is_reported_for_the_schedules_below(project: Path) -> None:
    """A command for one schedule prints the errors of its defaults."""
    write(project, {"schedules/shop/_defaults.yml": "ownr: x\n", "schedules/shop/orders.yml": EXTRACT_LOAD})
    code, _, err = dagpress(project, "show", "orders")
    assert code == 2
    assert err.startswith("schedules/shop/_defaults.yml:1:1: unknown-key: ")
    assert dagpress(project, "show", "gitlab")[0] == 0


def test_the_nearest_project_is_used(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one with a table in pyproject.toml."""
    inner = write(project / "inner", {"pyproject.toml": '[tool.dagpress]\nairflow = "3.3"\nschedules = "pipelines"\n'})
    write(inner, {"pipelines/own.yml": EXTRACT_LOAD})
    monkeypatch.chdir(inner)
    result = CliRunner().invoke(main, ["list", "--format", "json"], standalone_mode=False)
    assert [row["name"] for row in json.loads(result.stdout)] == ["own"]


def test_validate_does_not_check_generated_files(project: Path) -> None:
    """Valid schedules pass, whatever is in generated_dags/."""
    write(project, {"generated_dags/gitlab.py": "mine = True\n"})
    assert dagpress(project, "validate") == (0, "", "3 schedules, no problems.\n")
    write(project, {"schedules/x.yml": "interval: x\n"})
    assert dagpress(project, "validate")[0] == 2


def test_the_summaries_in_the_help_match_the_commands() -> None:
    """The help has its own copy of them, so that it does not import the commands."""
    context = click.Context(main)
    commands = cli._COMMANDS  # noqa: SLF001
    for name, (_, line) in commands.items():
        command = main.get_command(context, name)
        assert command
        assert command.name == name
        assert (command.help or "").split("\n")[0] == line
    listed = set(main.list_commands(context))
    modules = {module for module, _ in commands.values()}
    defined = {c.name for module in modules for c in sys.modules[f"codegen.cli.{module}"].COMMANDS}
    assert listed == defined


def _modules_after(*arguments: str) -> set[str]:
    """Return the names of all modules that a command imports."""
    code = (
        "import sys; from codegen.cli.main import main; "
        f"main({list(arguments)}, standalone_mode=False); print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(out.splitlines()[-1].split())


def test_the_help_imports_no_dependencies_of_commands() -> None:
    loaded = _modules_after("--help")
    assert "click" in loaded
    assert not loaded & {"black", "jinja2", "yaml", "croniter"}


def test_validating_plain_schedules_imports_no_jinja_and_no_croniter(tmp_path: Path) -> None:
    """Importing either takes longer than validating many schedules."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})
    assert not _modules_after("--project", str(tmp_path), "validate") & {"jinja2", "croniter", "dateutil"}


@pytest.mark.slow
def test_check_does_not_import_black(project: Path) -> None:
    """The built-in templates are in black's format. Modules of the page and of rare keys are not imported either."""
    loaded = _modules_after("--project", str(project), "check")
    assert "jinja2" in loaded
    assert not loaded & {"black", "httpx2", "starlette", "pathspec", "packaging"}


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--help"], 0, "Exit codes: 0 success, even with warnings; 1 drift, or warnings with --strict;"),
        (["generate", "--help"], 0, "Errors block the"),
        (["--version"], 0, f"dagpress {version('dagpress')}"),
        (["generat"], 2, "No such command 'generat'. (did you mean `generate`?)"),
        (["completion", "--help"], 0, '  eval "$(dagpress completion bash)"       in ~/.bashrc\n'),
        (["--project", "no/such/folder", "check"], 2, "does not exist"),
        (["next", "x", "--count", "0"], 2, "not in the range"),
        (["next"], 2, "Missing argument"),
    ],
)
def test_help_exits_with_0_and_a_usage_error_with_2(
    arguments: Sequence[str],
    code: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["dagpress", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.run()
    printed = capsys.readouterr()
    assert end.value.code == code, printed.err
    assert expected in printed.out + printed.err


def test_the_program_is_called_dagpress() -> None:
    """And returns the exit code, as a separate process."""
    result = _call()
    assert (result.returncode, result.stderr.startswith("Usage: dagpress ")) == (2, True)


@pytest.mark.slow
def test_an_internal_error_exits_with_3(project: Path) -> None:
    """Not with the code for invalid input."""
    code = (
        "import codegen.cli.main as m, codegen.pipeline as p\n"
        "def bug(*_): raise ZeroDivisionError\n"
        f"p.read = bug; import sys; sys.argv = ['dagpress', '--project', {str(project)!r}, 'validate']; m.run()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert "This is a bug in Dagpress" in result.stderr


@pytest.mark.slow
def test_a_closed_pipe_is_not_an_error(project: Path) -> None:
    """`dagpress diff | head -1` prints no error."""
    write(project, {f"schedules/s{n}.yml": EXTRACT_LOAD for n in range(200)})
    command = f"set -o pipefail; {DAGPRESS} --project {project} diff | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("--- ")
    assert result.stderr == ""
    assert result.returncode == 1


@pytest.mark.slow
def test_many_files_show_their_progress_on_a_terminal(tmp_path: Path) -> None:
    """It ends at the total; a pipe does not get it."""
    project = write(tmp_path, {f"schedules/s{number}.yml": EXTRACT_LOAD for number in range(200)})
    printed = printed_on_a_terminal(DAGPRESS, "--project", str(project), "generate")
    assert "Rendering" in printed
    assert "100%" in printed
    assert "Rendering" not in dagpress(project, "check")[2]


@pytest.mark.slow
def test_a_terminal_gets_colours_but_no_control_characters_of_a_file(project: Path) -> None:
    """NO_COLOR turns colours off."""
    dagpress(project, "generate")
    with (project / "generated_dags/gitlab.py").open("a", newline="") as file:
        file.write("# \x1b[2J \x1b[8m \u202e \x07\tend\r::error::x\x85\n")
    arguments = ("--project", str(project), "diff")
    shown = "\\x1b[2J \\x1b[8m \\u202e \\x07\tend\\r::error::x\\x85"
    printed = printed_on_a_terminal(DAGPRESS, *arguments)
    assert shown in printed
    assert "\x1b[31m" in printed
    assert "\x1b" not in printed_on_a_terminal(DAGPRESS, *arguments, NO_COLOR="1")
    piped = _call(*arguments).stdout
    assert shown in piped
    assert "\x1b[31m" not in piped


def test_completion_completes_commands_and_names(project: Path) -> None:
    """Names are quoted for bash."""
    assert "complete" in dagpress(project, "completion", "bash")[1]
    write(project, {f"schedules/{name}.yml": EXTRACT_LOAD for name in ("-x", "$(x)", "~y", "z z")})
    words = f"dagpress --project {project} show "
    result = _call(_DAGPRESS_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="4")
    assert {r"plain,\$\(x\)", "plain,gitlab", r"plain,\~y", r"plain,z\ z"} <= set(result.stdout.splitlines())
    assert "-x" not in result.stdout
    assert completed("dagpress ge") == ["generate"]


@pytest.mark.slow
def test_fish_shows_the_full_description(tmp_path: Path) -> None:
    """Also with a comma. Click truncates it to 45 characters."""
    install("fish", ("fish",), ("fish",))
    script = 'dagpress completion fish | source; complete --do-complete "dagpress li"'
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["fish", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "list\tList the schedules, what they run, and when.\n"


@pytest.mark.parametrize(
    ("key", "slip"), [("interval", "intervall"), ("interval", "cron"), ("extractor", "extracter"), ("loader", "target")]
)
def test_a_misspelled_key_is_one_error(tmp_path: Path, key: str, slip: str) -> None:
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD.replace(f"{key}:", f"{slip}:")})
    code, _, err = dagpress(tmp_path, "validate")
    message, _, count = err.splitlines()
    assert code == 2
    assert f"unknown-key: `{slip}` is not a key of a schedule (did you mean `{key}`?)" in message
    assert count == "1 error."
