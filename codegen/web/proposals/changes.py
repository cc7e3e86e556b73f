"""The changes in a proposal since its base commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen import git, pipeline
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic
from codegen.files import text_of
from codegen.proposals.files import is_schedule_file, pipeline_folders, uncommitted_files
from codegen.review.effects import Effect, effects_of
from codegen.sync.changes import Change
from codegen.web.shell.workspace import Snapshot


@dataclass(frozen=True)
class Changes:
    """The changes in a proposal.

    Attributes:
        files: the changed files.
        sources: the changed schedule files, as paths in the project.
        effects: the effects of the changes on the pipelines.
        uncommitted: the files with uncommitted changes.
        errors: the errors in the changed schedules.
        has_conflicts: whether the base branch has conflicting changes.
    """

    files: Sequence[Change]
    sources: Sequence[str]
    effects: Sequence[Effect]
    uncommitted: Sequence[str]
    errors: Sequence[Diagnostic]
    has_conflicts: bool


def changes_of(snapshot: Snapshot, base: str) -> Changes:
    """Return the changes in the worktree of a proposal since its merge base with the commit `base`."""
    root = snapshot.project.root
    folders = pipeline_folders(snapshot.project)
    start = git.run(root, "merge-base", base, "HEAD").strip()
    uncommitted = sorted(uncommitted_files(root, folders))
    listed = git.run(root, "diff", "--name-only", "--no-renames", "--relative", "-z", start, "--", *folders)
    names = sorted({name for name in listed.split("\0") if name} | {*uncommitted})
    texts = {name: git.committed_text(root, name, start) for name in names}
    changes = [change for name, text in texts.items() if (change := Change.between(name, text, _text(root, name)))]
    sources = {name: text for name, text in texts.items() if is_schedule_file(snapshot.project, name)}
    before = pipeline.read(snapshot.project, sources, cache=Cache(snapshot.reading.cache))
    return Changes(
        changes,
        [*sources],
        effects_of(snapshot.project, before, snapshot.reading, sources),
        uncommitted,
        [each for each in snapshot.diagnostics if each.is_error and each.location.path in sources],
        not git.succeeds(root, "merge-tree", "--write-tree", base, "HEAD"),
    )


def _text(root: Path, name: str) -> str | None:
    path = root / name
    return text_of(path) if path.exists() else None
