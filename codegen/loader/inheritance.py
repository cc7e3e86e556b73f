"""Merges a schedule into the `_defaults.yml` files above it: maps merge, lists and values replace, null removes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.loader.discovery import Overlay, SourceFile, find_schedules
from codegen.loader.environments import check_environments, environments_of, for_environment
from codegen.loader.silencers import Silencer, read_silencers
from codegen.source.nodes import ListNode, MapNode, Scalar, is_null, merge, named, without_nulls
from codegen.source.read import parse_yaml, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Document:
    """A schedule file with its defaults merged in; each value keeps the place that it came from.

    Attributes:
        merged: with the nulls that remove a value, and with the values that each value hides.
        deployment: the environment, if the project has any.
    """

    source: SourceFile
    merged: MapNode
    deployment: str = ""

    @property
    def name(self) -> str:
        """The schedule's name, also of an invalid schedule."""
        return _schedule_name(self.source, self.root)

    @cached_property
    def root(self) -> MapNode:
        """The values of the schedule."""
        return without_nulls(self.merged)


@dataclass(frozen=True)
class Loaded:
    """The content of a folder of schedules.

    Attributes:
        files: every schedule file.
        documents: one for each file that is a map, and for each environment that has it.
        others: the names of the schedules in the other files.
        silencers: the comments that silence warnings, also in files of defaults.
        diagnostics: about the files.
    """

    files: list[SourceFile]
    documents: list[Document]
    others: set[str]
    silencers: list[Silencer]
    diagnostics: list[Diagnostic]


def load_schedules(  # noqa: PLR0913  # the keys of the configuration about them
    root: Path,
    folder: Path,
    overlay: Overlay | None = None,
    environments: Sequence[str] = (),
    *,
    base: bool = False,
    exclude: tuple[str, ...] = (),
    cache: Cache | None = None,
) -> Loaded:
    """Read every schedule below a folder of a project, for each of its environments.

    Args:
        root: the project.
        folder: the folder.
        overlay: texts that replace those of schedule files.
        environments: those of the project.
        base: whether to ignore the environments.
        exclude: gitignore patterns of files that are not schedules.
        cache: the results of an earlier reading.
    """
    overlay, cache = overlay or {}, cache or Cache()
    files, diagnostics = find_schedules(root, folder, overlay, exclude)
    defaults = _Defaults(cache)
    loaded = Loaded(files, [], set(), [], diagnostics)
    for file in files:
        inherited = defaults.merged(file.defaults)
        own, silencers, problems = _read_map(cache, file.path, file.name, "a schedule", overlay.get(file.name))
        loaded.silencers.extend(silencers)
        loaded.diagnostics.extend(problems)
        # Without its defaults, keys would be reported as missing that are not.
        if own is not None and not defaults.is_broken(file):
            those, found = cache(file.name, _documents, file, inherited, own, tuple(environments), base=base)
            loaded.documents.extend(those)
            loaded.diagnostics.extend(found)
        else:
            loaded.others.add(_schedule_name(file, own))
    loaded.silencers.extend(defaults.silencers)
    loaded.diagnostics.extend(defaults.diagnostics)
    return loaded


def _documents(
    file: SourceFile, inherited: MapNode | None, own: MapNode, environments: tuple[str, ...], *, base: bool
) -> tuple[Sequence[Document], Sequence[Diagnostic]]:
    """The documents of a file, and the diagnostics about the environments that it names."""
    merged = merge(inherited, own) if inherited else own
    problems = list(check_environments(merged, environments))
    if base or not environments:
        return [Document(file, merged)], problems
    names = environments_of(merged, environments)
    return [Document(file, for_environment(merged, name), name) for name in names], problems


def _schedule_name(file: SourceFile, root: MapNode | None) -> str:
    name = root.get("name") if root else None
    return name.text if isinstance(name, Scalar) and not is_null(name) else file.path.stem


class _Defaults:
    """Reads each defaults file once, and each chain of them is merged once."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._chains: dict[tuple[tuple[Path, str], ...], MapNode | None] = {(): None}
        self._broken: set[Path] = set()
        self.silencers: list[Silencer] = []
        self.diagnostics: list[Diagnostic] = []

    def is_broken(self, file: SourceFile) -> bool:
        """Whether one of its files of defaults is not a map."""
        return any(path in self._broken for path, _ in file.defaults)

    def merged(self, files: tuple[tuple[Path, str], ...]) -> MapNode | None:
        if files not in self._chains:
            outer = self.merged(files[:-1])
            inner, silencers, problems = _read_map(self._cache, *files[-1], "a file of defaults", may_be_empty=True)
            self.silencers += silencers
            self.diagnostics += problems
            if inner is None and has_errors(problems):
                self._broken.add(files[-1][0])
            self._chains[files] = self._cache(files, merge, outer, inner) if outer and inner else inner or outer
        return self._chains[files]


def _read_map(  # noqa: PLR0913  # what it reads, and how
    cache: Cache, path: Path, name: str, what: str, text: str | None = None, *, may_be_empty: bool = False
) -> tuple[MapNode | None, Sequence[Silencer], Sequence[Diagnostic]]:
    text, diagnostics = read_text(path, name, text)
    if text is None:
        return None, (), diagnostics
    return cache(name, _parse_map, text, name, what, may_be_empty=may_be_empty)


def _parse_map(
    text: str, name: str, what: str, *, may_be_empty: bool
) -> tuple[MapNode | None, Sequence[Silencer], Sequence[Diagnostic]]:
    node, diagnostics = parse_yaml(text, name)
    if isinstance(node, MapNode):
        silencers, problems = read_silencers(text, name)
        return node, silencers, [*diagnostics, *problems]
    if node is None or is_null(node):
        if not may_be_empty and not has_errors(diagnostics):
            hint = "write a schedule, or delete it"
            diagnostics = [*diagnostics, Diagnostic(rules.EMPTY_FILE, "the file is empty", Location(name), hint)]
        return None, (), diagnostics
    problem = f"{what} must be a map of keys, got {named(node)}"
    hint = "a file has one schedule: remove the dash" if isinstance(node, ListNode) else "write `key: value` lines"
    return None, (), [*diagnostics, Diagnostic(rules.NOT_A_MAP, problem, node.location, hint)]
