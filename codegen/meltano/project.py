"""Reads meltano.yml and its `include_paths`: plugins, mappings, jobs, environments and schedules."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors, quoted
from codegen.files import Boundary, exists, glob, is_file
from codegen.meltano.scalars import is_text
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, type_name
from codegen.source.read import parse_yaml, read_text


@dataclass(frozen=True)
class Job:
    """A job.

    Attributes:
        tasks: the arguments of a `meltano run` for each task.
        as_written: the tasks as in meltano.yml: a string, or a list of strings and lists of strings.
    """

    name: str
    tasks: tuple[str, ...]
    location: Location
    as_written: str | list[str | list[str]] = field(default_factory=list)


class Section(NamedTuple):
    """The value of `schedules` in one file, which should be a list."""

    path: Path
    node: Node


class Variable(NamedTuple):
    """An entry of an `env`, which overrides a variable of the process, for a plugin or environment, or for all."""

    name: str
    value: str
    location: Location
    environment: str = ""
    plugin: str = ""


@dataclass
class MeltanoProject:
    """The declarations in a Meltano project.

    Attributes:
        plugins: the names of the plugins, by type such as `extractors`.
        labels: the label, variant and description of plugins, by name.
        mappings: the names of mappings, which `meltano run` accepts like plugins.
        jobs: the jobs, by name.
        broken_jobs: the reasons why the tasks of jobs cannot be read, by name.
        refused_jobs: the reasons why Meltano rejects jobs although each task is a valid `meltano run`, by name.
        environments: the `state_id_suffix` of each environment; empty for none.
        default_environment: Meltano's default environment; empty for none.
        variables: the environment variables for plugins.
        include_paths: the glob patterns of additional files.
        schedules: the schedules by file, in Meltano's order, with the main file first.
        database_uri: the URI of Meltano's system database; empty for the default, a file in the project.
        is_readable: whether meltano.yml can be read; otherwise no name counts as missing.
    """

    plugins: dict[str, set[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    mappings: set[str] = field(default_factory=set)
    jobs: dict[str, Job] = field(default_factory=dict)
    broken_jobs: dict[str, str] = field(default_factory=dict)
    refused_jobs: dict[str, str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    include_paths: list[Scalar] = field(default_factory=list)
    schedules: list[Section] = field(default_factory=list)
    default_environment: str = ""
    database_uri: str = ""
    is_readable: bool = True

    @cached_property
    def names_for_run(self) -> set[str]:
        """The names that `meltano run` accepts: plugins, mappings and jobs."""
        return set().union(*self.plugins.values()) | self.mappings | self.jobs.keys()


# Options, and characters with a meaning only for a shell or for Airflow.
_INVALID_NAME = re.compile(r"^-|['\"\\\s]|\{\{|\{%")

_LABELS = ("label", "variant", "description")

_UNREADABLE = MeltanoProject(is_readable=False)


def read_meltano_project(
    root: Path, folder: Path, cache: Cache | None = None
) -> tuple[MeltanoProject | None, list[Diagnostic]]:
    """Read a Meltano project.

    Args:
        root: the Dagpress project; locations in messages are relative to it.
        folder: the Meltano project directory.
        cache: the cached results of an earlier read.

    Returns:
        The project, or None without a meltano.yml; and the problems in its files.
    """
    main = folder / "meltano.yml"
    if not exists(main):
        return None, []
    boundary = Boundary(root, folder)
    if problem := boundary.problem(main):
        return _UNREADABLE, [problem]
    name, cache = name_of(root, main), cache or Cache()
    document, diagnostics = _read(root, main, cache)
    if not isinstance(document, MapNode):
        if not has_errors(diagnostics):
            what = type_name(document) if document else "empty"
            diagnostics.append(
                Diagnostic(rules.MELTANO_PROJECT, f"meltano.yml must be a map, got {what}", Location(name))
            )
        return _UNREADABLE, diagnostics
    parts = [(main, document)]
    included, found = _included(folder, document, boundary)
    diagnostics += found
    for path in included:
        part, problems = _read(root, path, cache)
        diagnostics += problems
        if isinstance(part, MapNode):
            parts.append((path, part))
    return cache(name, _project_of, parts), diagnostics


def _read(root: Path, path: Path, cache: Cache) -> tuple[Node | None, list[Diagnostic]]:
    name = name_of(root, path)
    text, problems = read_text(path, name, cache=cache)
    if text is None:
        return None, problems
    node, problems = cache(name, parse_yaml, text, name, strict=False)
    return node, [*problems]


def _project_of(parts: Sequence[tuple[Path, MapNode]]) -> MeltanoProject:
    """Return the project declared in these files; the main file is first."""
    _, document = parts[0]
    default_environment, database_uri = (
        "".join(_texts(document.get(key))) for key in ("default_environment", "database_uri")
    )
    project = MeltanoProject(default_environment=default_environment, database_uri=database_uri)
    project.variables.extend(_variables(document))
    project.include_paths = _patterns(document)
    for path, part in parts:
        _collect(part, path, project)
    problems = {name: _why_refused(job, project) for name, job in project.jobs.items()}
    project.refused_jobs |= {name: problem for name, problem in problems.items() if problem}
    return project


def meltano_files(root: Path, folder: Path, cache: Cache) -> list[Path]:
    """Return the files of the Meltano project in a folder: meltano.yml and, if it can be read, its included files."""
    main, boundary = folder / "meltano.yml", Boundary(root, folder)
    document = _read(root, main, cache)[0] if boundary.has(main) else None
    return [main, *_included(folder, document, boundary)[0]] if isinstance(document, MapNode) else [main]


def name_of(root: Path, path: Path) -> str:
    """Return the path of a file relative to the project, also for files outside."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def _patterns(document: MapNode) -> list[Scalar]:
    node = document.get("include_paths")
    return [item for item in _items(node) if isinstance(item, Scalar) and item.text]


def _included(folder: Path, document: MapNode, boundary: Boundary) -> tuple[list[Path], list[Diagnostic]]:
    """Return the files that match the glob patterns, in order as in meltano/core/project_files.py, and the problems."""
    included: dict[Path, None] = {}
    diagnostics = list(_check_include_paths(document))
    for pattern in _patterns(document):
        matches = glob(folder, pattern.text, boundary)
        included |= dict.fromkeys(path for path in matches.paths if is_file(path) and path != folder / "meltano.yml")
        problems = [problem for path in matches.outside if (problem := boundary.problem(path))]
        diagnostics += [problem for problem in problems if problem.rule is rules.SYMLINK]
        if any(problem.rule is not rules.SYMLINK for problem in problems):
            message, hint = f"{quoted(pattern.text)} leads outside {boundary.name}", "move the files inside"
            diagnostics.append(Diagnostic(rules.UNREADABLE, message, pattern.location, hint))
        if not matches.is_complete:
            message = f"{quoted(pattern.text)} searches more than {matches.max_entries:,} files"
            diagnostics.append(Diagnostic(rules.UNREADABLE, message, pattern.location, "narrow the pattern"))
        elif not matches.paths and not problems:
            message = f"no file matches {quoted(pattern.text)}"
            diagnostics.append(Diagnostic(rules.INCLUDE_PATHS, message, pattern.location, "remove it"))
    return list(included), diagnostics


def _check_include_paths(document: MapNode) -> Iterator[Diagnostic]:
    node = document.get("include_paths")
    if node is not None and not isinstance(node, ListNode):
        message = f"`include_paths` must be a list, got {type_name(node)}"
        yield Diagnostic(rules.INCLUDE_PATHS, message, node.location, "start it with a dash")


def _collect(document: MapNode, path: Path, project: MeltanoProject) -> None:
    """Add the declarations of a file; like Meltano, ignore sections that are null or of another type."""
    plugins = document.get("plugins")
    for plugin_type, entry in plugins.entries.items() if isinstance(plugins, MapNode) else ():
        for plugin in _maps(entry.value):
            project.plugins.setdefault(plugin_type, set()).update(_texts(plugin.get("name")))
            label = ", ".join(text for key in _LABELS for text in _texts(plugin.get(key)) if text.strip())
            project.labels |= dict.fromkeys(_texts(plugin.get("name")) if label else (), label)
            project.variables.extend(_variables(plugin, plugin="".join(_texts(plugin.get("name")))))
            for mapping in _maps(plugin.get("mappings")):
                project.mappings.update(_texts(mapping.get("name")))
    for environment in _maps(document.get("environments")):
        suffix = "".join(_texts(environment.get("state_id_suffix")))
        project.environments.update(dict.fromkeys(_texts(environment.get("name")), suffix))
        project.variables.extend(_variables_of_environment(environment))
    for job in _maps(document.get("jobs")):
        for name in _texts(job.get("name")):
            # If two jobs have the same name, Meltano uses the first (meltano/core/task_sets_service.py, `get`).
            if name not in project.jobs and name not in project.broken_jobs:
                _add_job(name, job, project)
    if (schedules := document.get("schedules")) is not None:
        project.schedules.append(Section(path, schedules))


def _variables(node: MapNode, environment: str = "", plugin: str = "") -> Iterator[Variable]:
    """Yield the `env` of a project, an environment or a plugin (meltano/core/plugin_invoker.py, `env`)."""
    env = node.get("env")
    for name, entry in env.entries.items() if isinstance(env, MapNode) else ():
        if isinstance(entry.value, Scalar):
            yield Variable(name, entry.value.text, entry.value.location, environment, plugin)


def _variables_of_environment(environment: MapNode) -> Iterator[Variable]:
    name = "".join(_texts(environment.get("name")))
    yield from _variables(environment, name)
    config = environment.get("config")
    plugins = config.get("plugins") if isinstance(config, MapNode) else None
    for entry in plugins.entries.values() if isinstance(plugins, MapNode) else ():
        for plugin in _maps(entry.value):
            yield from _variables(plugin, name, "".join(_texts(plugin.get("name"))))


def _add_job(name: str, job: MapNode, project: MeltanoProject) -> None:
    """Add a job; its tasks can have any form that Meltano accepts (meltano/core/task_sets.py)."""
    node, given = job.get("tasks"), job.get("name")
    if isinstance(given, Scalar) and not is_text(given):
        project.refused_jobs[name] = f'Meltano only finds jobs with a name that is text (write `name: "{name}"`)'
    if problem := _problem_of(node):
        hint = " (it has `task`: did you mean `tasks`?)" if job.get("task") else ""
        project.broken_jobs[name] = problem + hint
    elif isinstance(node, Scalar):
        project.jobs[name] = Job(name, (node.text,), job.location, node.text)
    else:
        tasks = tuple(" ".join(_words(item)) for item in _items(node))
        as_written = [item.text if isinstance(item, Scalar) else _words(item) for item in _items(node)]
        project.jobs[name] = Job(name, tasks, job.location, as_written)


def _why_refused(job: Job, project: MeltanoProject) -> str:
    """Return the reason why Meltano rejects a job, or an empty string. It reads every word of a task as a name.

    See meltano/core/task_sets.py.
    """
    if job.name in project.refused_jobs:
        return project.refused_jobs[job.name]
    if isinstance(job.as_written, str):
        return f"Meltano reads each character of its `tasks` as a plugin (write `tasks: [{job.as_written}]`)"
    for task in job.tasks:
        for word in task.split(" "):
            if not word or _INVALID_NAME.search(word):
                return f"in the task {quoted(task)}, Meltano reads {quoted(word)} as a plugin (write only names)"
            if word in project.jobs or word in project.broken_jobs:
                return f"Meltano cannot run the job {quoted(word)} inside another job (write its tasks instead)"
    return ""


def _problem_of(tasks: Node | None) -> str:
    """Return the reason why the tasks of a job cannot be read, or an empty string."""
    if isinstance(tasks, Scalar) and tasks.kind != "null":
        return "" if tasks.text.strip() else "its task is empty"
    if not _items(tasks):
        return "it has no tasks"
    empty = next((item for item in _items(tasks) if not " ".join(_words(item)).strip()), None)
    return f"the task on line {empty.location.line} is {type_name(empty)}" if empty else ""


def _words(task: Node) -> list[str]:
    """Return the strings of a task, which is a string or a list of strings."""
    return _texts(task) or [word.text for word in _items(task) if isinstance(word, Scalar)]


def _texts(node: Node | None) -> list[str]:
    return [node.text] if isinstance(node, Scalar) and node.kind != "null" else []


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _maps(node: Node | None) -> list[MapNode]:
    return [item for item in _items(node) if isinstance(item, MapNode)]
