"""The numbered next steps after a command that sets something up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from codegen import rules
from codegen.cli.printer import echo
from codegen.diagnostics import Diagnostic, quoted
from codegen.loader import find_schedules
from codegen.meltano import read_meltano_project
from codegen.meltano.generator import find_generators
from codegen.migrate.importing import Import
from codegen.migrate.makefile import command_to_generate
from codegen.project import Project
from codegen.sync.changes import Change
from codegen.text.copyable import shell_command

# With more DAG files, the DAG processor takes a fifth of a core: docs/explanation/airflow-cost.md.
_MANY_FILES = 50


@dataclass
class Work:
    """The planned changes of an import or export.

    Attributes:
        changes: the changes of files, in the order of writing.
        diagnostics: the errors and warnings.
        is_generated: whether the changes include the DAG files.
        moved: the number of schedules that `--move` removes from meltano.yml.
    """

    changes: list[Change] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    is_generated: bool = False
    moved: int | None = None


def print_steps(steps: Iterable[str]) -> None:
    """Print the steps, if there are any."""
    for number, step in enumerate(steps, start=1):
        if number == 1:
            echo("Next steps:", err=True)
        echo(f"{number}. {step[0].upper()}{step[1:]}", err=True)


def steps_to_first_schedule(project: Project) -> Iterator[str]:
    """Yield the next step in a project without schedules."""
    if find_schedules(project.root, project.schedules, exclude=project.exclude)[0]:
        return
    meltano, _ = read_meltano_project(project.root, project.meltano_project)
    words = ["dagpress", "schedule", "add", "NAME"]
    for option in ("extractor", "loader"):
        names = meltano.plugins.get(f"{option}s", ()) if meltano else ()
        words += [f"--{option}", min(names, default=option.upper())]
    yield f"Add a schedule: `{shell_command(*words, '--interval', '@daily')}`."


def steps_after_adding(root: Path, name: str, *, is_generated: bool) -> Iterator[str]:
    """Yield the next steps after a schedule was added."""
    if not is_generated:
        yield f"Generate the DAG file: `{command_to_generate(root)}`."
    yield f"Run it once on this machine: `{shell_command('dagpress', 'schedule', 'run', names=[name])}`."
    yield "Review and commit the files."


def steps_after_import(plan: Import, work: Work, project: Project) -> Iterator[str]:
    """Yield the next steps for the user."""
    if work.diagnostics:
        yield "Review the warnings above."
    if any(d.code == rules.SECRET_NOT_COPIED.code for d in work.diagnostics):
        yield "On the workers, set the secrets that were not copied."
    if plan.imported and not work.is_generated:
        yield f"Generate the DAG files: `{command_to_generate(project.root)}`."
    if work.changes:
        yield "Review and commit the files."
    top = PurePosixPath(project.relative(project.schedules))
    if sum(PurePosixPath(each.file).parent == top for each in plan.imported) > _MANY_FILES:
        yield 'For fewer DAG files, move the schedules into folders and set `layout = "folder"`.'
    is_done = len(plan.imported) == (work.moved or 0)
    generators = [os.path.relpath(path, project.root) for path in find_generators(project.meltano_project)]
    if generators:
        names = [path.replace(os.sep, "/") for path in generators]
        yield from _steps_of_generators(plan, names, is_begun=bool(work.moved), is_done=is_done)
    if not is_done and work.moved is None:
        yield "Remove the imported schedules from meltano.yml: `dagpress import --move`."
    elif not is_done:
        yield "Fix the reported problems that keep schedules in meltano.yml."


def _steps_of_generators(plan: Import, generators: Sequence[str], *, is_begun: bool, is_done: bool) -> Iterator[str]:
    """Yield the steps to compare with Meltano's generator, and to remove it when no schedule needs it."""
    if not is_begun:
        # The generator makes no DAGs for schedules that were removed from meltano.yml.
        yield "Compare the DAGs with the ones that Meltano's generator makes: `dagpress verify --against meltano`."
    files = ", ".join(map(quoted, generators))
    if not plan.left:
        yield f"Remove {files} from Airflow's DAGs folder: it defines the same DAG IDs."
        return
    yield f"Keep {files} for the schedules that were not imported: {', '.join(map(quoted, plan.left))}."
    if not is_done:
        yield "First remove the imported schedules from meltano.yml: until then, it also defines their DAG IDs."
