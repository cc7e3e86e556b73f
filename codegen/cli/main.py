"""The `dagpress` command: options, exit codes and exception handling."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo
from codegen.diagnostics import DagpressError, nearest, quoted

_EPILOG = """\b
Examples:
  dagpress generate                 write generated_dags/ from schedules/
  dagpress check                    check that generated_dags/ is up to date (for CI)
  dagpress next carbon__duckdb      show the next runs of a schedule
  dagpress import                   write schedules/ from meltano.yml
  dagpress serve                    edit the schedules in a browser

\b
Exit codes: 0 success, even with warnings; 1 drift, or warnings with --strict; 2 invalid input or usage;
3 a bug in Dagpress.

\b
Manual: `dagpress manual` lists the pages; start with `dagpress manual quickstart`.
"""


# The module and the help line of each command, so that `--help` imports no command.
_COMMANDS = {
    "generate": ("generation", "Generate the DAG files from the schedules."),
    "check": ("generation", "Check that the generated files are up to date, and show the differences."),
    "diff": ("generation", "Show what `generate` would change, as a diff."),
    "validate": ("generation", "Validate the schedules without checking generated files."),
    "verify": ("verification", "Load the DAG files in the project's Airflow and report errors."),
    "list": ("inspection", "List the schedules, what they run, and when."),
    "show": ("inspection", "Show the effective values of a schedule, or its DAG file."),
    "next": ("inspection", "Show the next runs of a schedule."),
    "calendar": ("calendar", "Show the number of runs in each hour of a week."),
    "init": ("setup", "Set up Dagpress in a Meltano project."),
    "import": ("importing", "Write a schedule file for each schedule in meltano.yml."),
    "export": ("importing", "Write the schedules back to meltano.yml."),
    "schema": ("inspection", "Print the JSON Schema or the reference of the keys."),
    "rule": ("rule", "List the codes of errors and warnings, or explain codes."),
    "manual": ("manual", "List the pages of the manual, or print one in Markdown."),
    "schedule": ("scheduling", "Add, set, remove, list and run schedules."),
    "add": ("orchestration", "Install Airflow for this project, or add the project files."),
    "invoke": ("orchestration", "Run an Airflow command for this project."),
    "serve": ("serving", "Serve the Pipelines page to view, edit and save schedules in a browser."),
    "completion": ("completion", "Print the shell completion script."),
}


# Threshold of the garbage collector; Python's default of 700 costs up to a tenth of the run time.
_GC_THRESHOLD = 50_000


class _Commands(click.Group):
    """The commands, imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"codegen.cli.{_COMMANDS[cmd_name][0]}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # the exit code
        """Run the command and report errors that have a message for the user."""
        try:
            return super().invoke(ctx)
        except DagpressError as error:
            if error.output:
                echo(error.output.rstrip("\n"), err=True)
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if not error.filename:
                raise
            raise click.ClickException(f"{quoted(str(error.filename))}: {error.strerror}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = nearest(args[0], _COMMANDS)
            raise click.UsageError(f"{error.message} ({hint})" if hint else error.message, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="The project directory.  [default: the nearest project, from the current directory up to the git root]",
)
@click.option(
    "--lock-timeout",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another command that is writing to the project.",
)
@click.version_option(package_name="dagpress", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context, project: Path | None, lock_timeout: int) -> None:  # noqa: ARG001  # `writing` uses it
    """Generate static Airflow DAG files from Meltano schedules in YAML."""
    # Imports the facts about Airflow, which `--help` does not need.
    from codegen.project import nearest_project  # noqa: PLC0415

    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise click.ClickException("the working directory was removed (change to another one)") from error
    context.obj = project or nearest_project(here)
    if os.environ.get("NO_COLOR"):
        context.color = False


def run() -> None:
    """Run the command line and exit with its exit code."""
    # Almost all objects live until the end, so a collection rarely frees any.
    gc.set_threshold(_GC_THRESHOLD)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # For characters outside the terminal's encoding.
            stream.reconfigure(errors="backslashreplace")
    if "_DAGPRESS_COMPLETE" in os.environ:
        # A completion request of a shell: importing the module registers its classes with click.
        import_module("codegen.cli.completion")
    try:
        code = main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        echo(text.getvalue(), err=True, nl=False)
        code = ExitCode.BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        echo("Interrupted.", err=True)
        code = 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does. Redirecting stdout avoids a second error at exit. Click uses the
        # same exit code if it gets the error first.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception:  # noqa: BLE001  # any other exception is a bug
        echo(traceback.format_exc(), err=True, nl=False)
        echo("This is a bug in Dagpress. Please report it with the traceback above.", err=True)
        code = ExitCode.BUG
    sys.exit(int(code or 0))
