"""Merges a schedule into the `_defaults.yml` files above it: maps merge, lists and values replace, null removes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.files import Boundary
from codegen.loader.discovery import Overlay, SourceFile, find_schedules
from codegen.loader.environments import check_environments, environments_of, for_environment
from codegen.loader.file_texts import included_files, with_file_texts
from codegen.loader.silencers import Silencer, read_silencers
from codegen.loader.tasks_in_text import with_tasks_in_text
from codegen.source.nodes import ListNode, MapNode, Scalar, is_null, merge, type_name, without_nulls
from codegen.source.read import parse_yaml, read_text


@dataclass(frozen=True)
class Document:
    """A schedule file with its defaults merged in; each value keeps its place."""

    source: SourceFile
    # Includes the nulls that remove values, and the values that are overridden.
    merged: MapNode
    # Empty without environments.
    deployment: str = ""

    @cached_property
    def name(self) -> str:
        """The schedule's name, even if the schedule is invalid."""
        return _schedule_name(self.source, self.root)

    @cached_property
    def root(self) -> MapNode:
        """The values of the schedule."""
        return without_nulls(self.merged)

    @cached_property
    def included_files(self) -> frozenset[str]:
        """The files in `$f` markers, as paths in the project."""
        return frozenset(included_files(self.root))


@dataclass(frozen=True)
class Loaded:
    """The content of a folder of schedules: a document for each valid file and each of its environments.

    `others` has the names of the schedules in broken files, `defaults` the inherited maps by `SourceFile.defaults`.
    """

    boundary: Boundary
    files: list[SourceFile]
    documents: list[Document]
    others: set[str]
    silencers: list[Silencer]
    diagnostics: list[Diagnostic]
    defaults: dict[tuple[tuple[Path, str], ...], MapNode] = field(default_factory=dict)

    def defaults_of(self, document: Document) -> MapNode | None:
        """Return the values that a schedule inherits from `_defaults.yml` files; None without any."""
        merged = self.defaults.get(document.source.defaults)
        return without_nulls(for_environment(merged, document.deployment)) if merged else None


def load_schedules(  # noqa: PLR0913  # the configuration keys for schedules
    root: Path,
    folder: Path,
    overlay: Overlay,
    environments: Sequence[str],
    *,
    base: bool,
    exclude: tuple[str, ...],
    cache: Cache,
) -> Loaded:
    """Read the schedules in a folder of a project, for each environment, or with `base` without environments."""
    base = base or not environments
    files, diagnostics = find_schedules(root, folder, overlay, exclude)
    loaded = Loaded(Boundary(root, folder), files, [], set(), [], diagnostics)
    chains: _Chains = {(): (None, False)}
    for file in files:
        inherited, is_broken = _inherited(file.defaults, chains, loaded, overlay, cache)
        own = _read_map(loaded, cache, file.path, file.name, overlay.get(file.name))
        # With broken defaults, inherited keys would be reported as missing.
        if own is not None and not is_broken:
            those, found = cache(file.name, _documents, file, inherited, own, tuple(environments), base=base)
            loaded.documents.extend(those)
            loaded.diagnostics.extend(found)
        else:
            loaded.others.add(_schedule_name(file, own))
    loaded.defaults.update({files: node for files, (node, _) in chains.items() if node})
    return loaded


def _documents(
    file: SourceFile, inherited: MapNode | None, own: MapNode, environments: tuple[str, ...], *, base: bool
) -> tuple[Sequence[Document], Sequence[Diagnostic]]:
    """Return the documents of a file, and the diagnostics about its environments."""
    merged = merge(inherited, own) if inherited else own
    problems = list(check_environments(merged, environments))
    if base:
        return [Document(file, merged)], problems
    names = environments_of(merged, environments)
    return [Document(file, for_environment(merged, name), name) for name in names], problems


def _schedule_name(file: SourceFile, root: MapNode | None) -> str:
    name = root.get("name") if root else None
    return name.text if isinstance(name, Scalar) and not is_null(name) else file.path.stem


# The merged files of defaults, outermost first, and whether one of them is broken.
_Chains = dict[tuple[tuple[Path, str], ...], tuple[MapNode | None, bool]]


def _inherited(
    files: tuple[tuple[Path, str], ...], chains: _Chains, loaded: Loaded, overlay: Overlay, cache: Cache
) -> tuple[MapNode | None, bool]:
    """Merge the files of defaults; each is read once."""
    if files not in chains:
        outer, is_broken = _inherited(files[:-1], chains, loaded, overlay, cache)
        before = len(loaded.diagnostics)
        path, name = files[-1]
        inner = _read_map(loaded, cache, path, name, overlay.get(name), is_defaults=True)
        is_broken = is_broken or (inner is None and has_errors(loaded.diagnostics[before:]))
        chains[files] = (cache(files, merge, outer, inner) if outer and inner else inner or outer), is_broken
    return chains[files]


def _read_map(  # noqa: PLR0913  # the file and the options of reading it
    loaded: Loaded, cache: Cache, path: Path, name: str, text: str | None = None, *, is_defaults: bool = False
) -> MapNode | None:
    text, diagnostics = read_text(path, name, text, cache)
    loaded.diagnostics.extend(diagnostics)
    if text is None:
        return None
    node, silencers, diagnostics = cache(name, _parse_map, text, name, is_defaults=is_defaults)
    loaded.silencers.extend(silencers)
    loaded.diagnostics.extend(diagnostics)
    if node and ("$f" in text or "\\" in text):
        # Not cached: the files in `$f` can change independently.
        found = with_file_texts(node, path.parent, loaded.boundary)
        return found if isinstance(found, MapNode) else node
    return node


def _parse_map(
    text: str, name: str, *, is_defaults: bool
) -> tuple[MapNode | None, Sequence[Silencer], list[Diagnostic]]:
    node, diagnostics = parse_yaml(text, name)
    if isinstance(node, MapNode):
        silencers, problems = read_silencers(text, name)
        return with_tasks_in_text(node), silencers, [*diagnostics, *problems]
    if isinstance(node, Scalar) and node.kind == "trap":
        return None, (), diagnostics
    if node is not None and not is_null(node):
        problem = (
            f"{'a file of defaults' if is_defaults else 'a schedule'} must be a map of keys, got {type_name(node)}"
        )
        hint = "a file has one schedule: remove the dash" if isinstance(node, ListNode) else "write `key: value` lines"
        diagnostics.append(Diagnostic(rules.NOT_A_MAP, problem, node.location, hint))
    elif not is_defaults and not has_errors(diagnostics):
        hint = "write a schedule, or delete it"
        diagnostics.append(Diagnostic(rules.EMPTY_FILE, "the file is empty", Location(name), hint))
    return None, (), diagnostics
