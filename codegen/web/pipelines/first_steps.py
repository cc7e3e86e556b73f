"""The first steps in a project without pipelines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.meltano import MeltanoProject
from codegen.migrate.items import read_items
from codegen.text.copyable import shell_command
from codegen.web.shell.workspace import Snapshot

_PLUGINS = {"extractors": "an extractor, which reads data,", "loaders": "a loader, which writes data,"}


@dataclass(frozen=True)
class Step:
    """A step, with its commands or a link.

    Attributes:
        label: the text of the link; empty without a link.
    """

    text: str
    commands: Sequence[str] = ()
    label: str = ""
    is_done: bool = False


def first_steps(snapshot: Snapshot) -> Sequence[Step]:
    """Return the steps to the first pipeline, with completed steps first."""
    meltano = snapshot.reading.meltano
    if meltano is None:
        return _project(), _plugins(snapshot), _new("Create the first pipeline.")
    begun = Step("Create a Meltano project.", is_done=True)
    if number := len(read_items(meltano)[0]):
        those, it = ("the schedule", "It") if number == 1 else (f"the {number} schedules", "Each one")
        imported = Step(f"Import {those} from meltano.yml. {it} becomes a pipeline.", ["dagpress import"])
        return begun, imported, _new("Or create a new pipeline.")
    return begun, _plugins(snapshot), _new("Create the first pipeline.")


def _project() -> Step:
    return Step(
        "Create a Meltano project, or set its directory in the configuration (`meltano_project`).", ["meltano init ."]
    )


def _plugins(snapshot: Snapshot) -> Step:
    """Return the step that adds an extractor and a loader."""
    project, meltano = snapshot.project, snapshot.reading.meltano or MeltanoProject()
    have = {kind: sorted(meltano.plugins.get(kind, ())) for kind in ("extractors", "loaders")}
    if all(have.values()):
        return Step(f"Add plugins to meltano.yml: {', '.join([*have['extractors'], *have['loaders']])}.", is_done=True)
    folder = os.path.relpath(project.meltano_project, project.root)
    meltano_here = ("meltano",) if folder == "." else ("meltano", "--cwd", folder)
    examples = {"extractors": "tap-github", "loaders": "target-postgres"}
    commands = [shell_command(*meltano_here, "add", name) for kind, name in examples.items() if not have[kind]]
    missing = " and ".join(_PLUGINS[kind] for kind in examples if not have[kind])
    return Step(f"Add {missing} to meltano.yml, for example:", commands)


def _new(text: str) -> Step:
    return Step(text, label="New pipeline")
