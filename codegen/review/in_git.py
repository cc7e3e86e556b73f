"""Finds files of a project that are missing in git, and so in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from codegen import git, rules
from codegen.cache import Cache
from codegen.configuration.file import REQUIREMENTS
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.files import exists, is_file, text_of, walk
from codegen.meltano import meltano_files
from codegen.pipeline import Generation
from codegen.project import Project
from codegen.sync.changes import Change
from codegen.text.conflict import conflict_in
from codegen.text.copyable import shell_command

# The second one is after `git add --intent-to-add`.
_UNTRACKED = {"??", " A"}
# Deleted on one side of a merge, changed on the other.
_HALF_DELETED = {"DU", "UD"}
# With more files, the command names their folders.
_MAX_FILES = 10


def check_in_git(project: Project, generation: Generation) -> list[Diagnostic]:
    """Return the errors for untracked, ignored and, in a commit hook, unstaged files.

    No errors without a git repository, or if git ignores the whole project.
    """
    try:
        return list(_unseen(project, generation)) if generation.files else []
    except git.GitError:
        return []


def resolved_files(project: Project, done: Sequence[Change]) -> Sequence[str]:
    """Return the files that are unmerged in git but have no conflict markers left, and the files written with them."""
    folders = _folders(project)
    try:
        unmerged = git.unmerged(project.root, [*folders, *_own_files(project)])
        codes = git.statuses(project.root, folders) if unmerged else {}
    except git.GitError:
        unmerged, codes = set(), {}
    open_conflicts = {name for name in unmerged if conflict_in(text_of(project.root / name)) is not None}
    resolved = {change.name for change in done if change.conflict} | unmerged - open_conflicts
    # The commit that concludes the merge needs them, too.
    return sorted(resolved | {change.name for change in done if change.name in codes}) if resolved else ()


def kept_sources(project: Project, resolved: Sequence[str]) -> list[str]:
    """Return the schedule files, among resolved ones, that one side of the merge deleted."""
    try:
        codes = git.statuses(project.root, [project.relative(project.schedules)]) if resolved else {}
    except git.GitError:
        codes = {}
    return [name for name in resolved if codes.get(name) in _HALF_DELETED and exists(project.root / name)]


def git_add(project: Project, names: Sequence[str]) -> str:
    """Return the `git add` command for some files, relative to the working directory."""
    if len(names) > _MAX_FILES:
        found = {folder: [name for name in names if name.startswith(f"{folder}/")] for folder in _folders(project)}
        others = set(names).difference(*found.values())
        names = [*sorted(others), *(folder for folder, inside in found.items() if inside)]
    return shell_command("git", "add", names=(os.path.relpath(project.root / name) for name in names))


def git_rm(project: Project, name: str) -> str:
    """Return the `git rm` command for a file, relative to the working directory."""
    return shell_command("git", "rm", names=[os.path.relpath(project.root / name)])


def _unseen(project: Project, generation: Generation) -> Iterator[Diagnostic]:
    index = git.committing_index(project.root)
    deciding = _own_files(project, generation)
    codes = git.statuses(project.root, [*_folders(project), *deciding], ignored=True, index=index)
    sources = _sources(generation)
    own = sorted(codes.keys() & (sources | generation.files.keys() | deciding))
    ignored = [name for name in own if codes[name] == "!!"]
    if ignored and not sources.isdisjoint(ignored) and sources <= set(ignored):
        return
    rules_by_name = git.ignore_rules(project.root, ignored) if ignored else {}
    for rule in dict.fromkeys(rules_by_name.values()):
        names = [name for name in ignored if rules_by_name.get(name) == rule]
        what = f"git ignores this file{_more(names)}, by {quoted(rule.pattern)} at {rule.place}"
        yield _diagnostic(project, names, what, "remove that line, then run ")
    untracked = [name for name in own if codes[name] in _UNTRACKED]
    if untracked:
        yield _diagnostic(project, untracked, f"git does not track this file{_more(untracked)}", "run ")
    # A deleted file no longer belongs to a schedule.
    unstaged = [name for name in {*own, *(n for n, code in codes.items() if code[1] == "D")} if codes[name][1] in "MTD"]
    if index and unstaged:
        what = f"the commit does not include the changes of this file{_more(unstaged)}"
        yield _diagnostic(project, sorted(unstaged), what, "run ")


def _sources(generation: Generation) -> set[str]:
    chosen = {schedule.source for schedule in generation.selection.schedules}
    files = [file for file in generation.reading.files if file.name in chosen]
    return {file.name for file in files} | {name for file in files for _, name in file.defaults}


def _diagnostic(project: Project, names: Sequence[str], message: str, hint: str) -> Diagnostic:
    return Diagnostic(rules.NOT_IN_GIT, message, Location(names[0]), f"{hint}`{git_add(project, names)}`")


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _folders(project: Project) -> list[str]:
    return [project.relative(folder) for folder in (project.schedules, project.generated_dags)]


def _own_files(project: Project, generation: Generation | None = None) -> set[str]:
    """Return the other files that CI needs: configuration, templates, `$f` files, Meltano project and requirements."""
    cache = generation.reading.cache if generation else Cache()
    chosen = {schedule.source for schedule in generation.selection.schedules} if generation else set()
    files = [
        *(project.root / name for name in (generation.reading.included_files(chosen) if generation else ())),
        project.root / project.at["airflow"].path,
        project.root / REQUIREMENTS,
        *(Path(entry.path) for entry in walk(project.templates, project.boundary) if entry.name.endswith(".j2")),
        *meltano_files(project.root, project.meltano_project, cache),
    ]
    # Git rejects paths outside the repository, and paths through a symlink.
    real = (Path(os.path.realpath(file.parent), file.name) for file in files if is_file(file))
    inside = (file for file in real if project.boundary.folder in file.parents)
    return {os.path.relpath(file, project.root).replace(os.sep, "/") for file in inside}
