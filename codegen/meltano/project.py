"""What meltano.yml and its `include_paths` declare: plugins, mappings, jobs, environments and schedules."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, has_errors, quoted
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, named
from codegen.source.read import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A job.

    Attributes:
        tasks: each what `meltano run` gets.
        as_written: the tasks in the shape that meltano.yml has: a text, or a list of texts and of lists of texts.
    """

    name: str
    tasks: tuple[str, ...]
    location: Location
    as_written: str | list[str | list[str]] = field(default_factory=list, compare=False)


@dataclass(frozen=True)
class Section:
    """What one file has under `schedules`: a list, if it is as it should be."""

    path: Path
    node: Node


@dataclass(eq=False)
class MeltanoProject:
    """What schedules can use, and those that Meltano itself has. Files that have not changed give the same one.

    Attributes:
        plugins: the names of each type, such as `extractors`.
        mappings: the names of the mappings of mappers, which `meltano run` takes like plugins.
        broken_jobs: jobs whose tasks cannot be read, with the reason.
        environments: the `state_id_suffix` of each; empty for none.
        default_environment: the one that runs where none is named; empty for none.
        schedules: in the order in which Meltano has them: its main file first.
        database_uri: where Meltano keeps its runs; empty for its default, a file in the project.
        is_readable: whether meltano.yml could be read at all; if not, nothing is known to be missing.
    """

    plugins: dict[str, set[str]] = field(default_factory=dict)
    mappings: set[str] = field(default_factory=set)
    jobs: dict[str, Job] = field(default_factory=dict)
    broken_jobs: dict[str, str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    schedules: list[Section] = field(default_factory=list)
    default_environment: str = ""
    database_uri: str = ""
    is_readable: bool = True

    def names_for_run(self) -> set[str]:
        """Everything that `meltano run` takes: plugins, mappings and jobs."""
        return set().union(*self.plugins.values()) | self.mappings | self.jobs.keys()


_UNREADABLE = MeltanoProject(is_readable=False)


def read_meltano_project(root: Path, folder: Path) -> tuple[MeltanoProject | None, list[Diagnostic]]:
    """Read a Meltano project.

    Args:
        root: the Dagpress project, to which the places in messages are relative.
        folder: the folder of meltano.yml.

    Returns:
        The project, or nothing where there is no meltano.yml; and what is wrong with its files.
    """
    main = folder / "meltano.yml"
    if not main.exists():
        return None, []
    name = _name(root, main)
    document, diagnostics = read_yaml(main, name, strict=False)
    if not isinstance(document, MapNode):
        if not has_errors(diagnostics):
            what = named(document) if document else "empty"
            diagnostics.append(
                Diagnostic(rules.MELTANO_PROJECT, f"meltano.yml must be a map, got {what}", Location(name))
            )
        return _UNREADABLE, diagnostics
    parts = [(main, document)]
    for path in _included(folder, main, document):
        part, problems = read_yaml(path, _name(root, path), strict=False)
        diagnostics += problems
        if isinstance(part, MapNode):
            parts.append((path, part))
    return _project_of(tuple(parts)), [*diagnostics, *_check_include_paths(folder, document)]


@lru_cache(maxsize=64)
def _project_of(parts: tuple[tuple[Path, MapNode], ...]) -> MeltanoProject:
    """The project that these files declare, the main one first."""
    _, document = parts[0]
    default_environment, database_uri = (
        "".join(_texts(document.get(key))) for key in ("default_environment", "database_uri")
    )
    project = MeltanoProject(default_environment=default_environment, database_uri=database_uri)
    for path, part in parts:
        _collect(part, path, project)
    return project


def meltano_files(folder: Path) -> list[Path]:
    """The files of the Meltano project in a folder: meltano.yml and, as far as that can be read, what it includes."""
    main = folder / "meltano.yml"
    document, _ = read_yaml(main, main.name, strict=False)
    return [main, *_included(folder, main, document)] if isinstance(document, MapNode) else [main]


def _name(root: Path, path: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _patterns(document: MapNode) -> list[Scalar]:
    node = document.get("include_paths")
    return [item for item in _items(node) if isinstance(item, Scalar) and item.text]


def _included(folder: Path, main: Path, document: MapNode) -> list[Path]:
    """The files that the glob patterns match, each once and in order (meltano/core/project_files.py)."""
    found = (path for pattern in _patterns(document) for path in sorted(_glob(folder, pattern.text)))
    return [path for path in dict.fromkeys(found) if path != main and path.is_file()]


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except (NotImplementedError, ValueError):  # an absolute pattern, or an empty one
        return []


def _check_include_paths(folder: Path, document: MapNode) -> Iterator[Diagnostic]:
    node = document.get("include_paths")
    if node is not None and not isinstance(node, ListNode):
        message = f"`include_paths` must be a list, got {named(node)}"
        yield Diagnostic(rules.INCLUDE_PATHS, message, node.location, "start it with a dash")
    for pattern in _patterns(document):
        if not _glob(folder, pattern.text):
            message = f"no file matches {quoted(pattern.text)}"
            yield Diagnostic(rules.INCLUDE_PATHS, message, pattern.location, "remove it")


def _collect(document: MapNode, path: Path, project: MeltanoProject) -> None:
    """Add what one file declares. A section that is null, or of another shape, declares nothing, as in Meltano."""
    plugins = document.get("plugins")
    for plugin_type, entry in plugins.entries.items() if isinstance(plugins, MapNode) else ():
        for plugin in _maps(entry.value):
            project.plugins.setdefault(plugin_type, set()).update(_texts(plugin.get("name")))
            for mapping in _maps(plugin.get("mappings")):
                project.mappings.update(_texts(mapping.get("name")))
    for environment in _maps(document.get("environments")):
        suffix = "".join(_texts(environment.get("state_id_suffix")))
        project.environments.update(dict.fromkeys(_texts(environment.get("name")), suffix))
    for job in _maps(document.get("jobs")):
        for name in _texts(job.get("name")):
            # Of two jobs with one name, Meltano takes the first (meltano/core/task_sets_service.py, `get`).
            if name not in project.jobs and name not in project.broken_jobs:
                _add_job(name, job, project)
    if (schedules := document.get("schedules")) is not None:
        project.schedules.append(Section(path, schedules))


def _add_job(name: str, job: MapNode, project: MeltanoProject) -> None:
    tasks = job_tasks(job.get("tasks"))
    if isinstance(tasks, str):
        hint = " (it has `task`: did you mean `tasks`?)" if job.get("task") else ""
        project.broken_jobs[name] = tasks + hint
    else:
        project.jobs[name] = Job(name, tuple(tasks), job.location, _as_written(job.get("tasks")))


def job_tasks(node: Node | None) -> list[str] | str:
    """The tasks in every shape that Meltano accepts (meltano/core/task_sets.py), or what is wrong with them.

    A text is one task; so is a text in a list; so is a list of texts in a list.
    """
    if isinstance(node, Scalar) and node.kind != "null":
        return [node.text] if node.text.strip() else "its task is empty"
    if not isinstance(node, ListNode) or not node.items:
        return "it has no tasks"
    tasks = []
    for item in node.items:
        words = (
            [word.text for word in _items(item) if isinstance(word, Scalar)]
            if isinstance(item, ListNode)
            else _texts(item)
        )
        if not words or not " ".join(words).strip():
            return f"the task in line {item.location.line} is {named(item)}"
        tasks.append(" ".join(words))
    return tasks


def _as_written(node: Node | None) -> str | list[str | list[str]]:
    if isinstance(node, Scalar):
        return node.text
    return [
        item.text if isinstance(item, Scalar) else [word for n in _items(item) for word in _texts(n)]
        for item in _items(node)
    ]


def _texts(node: Node | None) -> list[str]:
    return [node.text] if isinstance(node, Scalar) and node.kind != "null" else []


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _maps(node: Node | None) -> list[MapNode]:
    return [item for item in _items(node) if isinstance(item, MapNode)]
