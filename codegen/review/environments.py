"""The DAG files of two deployment environments beside each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codegen import pipeline
from codegen.diagnostics import has_errors
from codegen.sync.files import unified_diff
from codegen.sync.header import without_checksum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codegen.diagnostics import Diagnostic
    from codegen.pipeline import Generation, Reading
    from codegen.project import Project
    from codegen.schema import Schedule


@dataclass(frozen=True)
class Comparison:
    """How the DAG files of two environments differ.

    Attributes:
        patches: one for each file that both have and that differs.
        missing: the schedule files that one of them has, each with the environment that has it not.
        diagnostics: what is wrong with the project; with an error, nothing was compared.
    """

    patches: Sequence[str]
    missing: Sequence[tuple[str, str]]
    diagnostics: Sequence[Diagnostic]


def compare_environments(
    project: Project, reading: Reading, schedules: Sequence[Schedule], one: str, other: str
) -> Comparison:
    """Compare what some schedules give in two environments.

    The checksums, and the sentence that says for which environment a file is, always differ and are left out.
    """
    generations = [_without_its_name(project, reading, schedules, deployment) for deployment in (one, other)]
    for generation in generations:
        if has_errors(generation.diagnostics):
            return Comparison((), (), generation.diagnostics)
    before, after = (_by_source(generation) for generation in generations)
    folder = project.relative(project.generated_dags)
    patches = []
    for source, (path, text) in before.items():
        if source in after:
            names = (f"a/{folder}/{one}/{path}", f"b/{folder}/{other}/{path}")
            patches.append(unified_diff(text, after[source][1], *names))
    missing = [(source, other) for source in before if source not in after]
    missing += [(source, one) for source in after if source not in before]
    return Comparison([patch for patch in patches if patch], missing, reading.diagnostics)


def _without_its_name(project: Project, reading: Reading, schedules: Sequence[Schedule], deployment: str) -> Generation:
    """What the schedules give in an environment, as if they were for none."""
    renamed = {each.source: replace(each, deployment="") for each in reading.of(deployment)}
    those = [renamed[schedule.source] for schedule in schedules if schedule.deployment == deployment]
    return pipeline.render(project, replace(reading, schedules=list(renamed.values())), those)


def _by_source(generation: Generation) -> dict[str, tuple[str, str]]:
    """Each DAG file's path below the folder of them, and its text, by its schedule file."""
    texts = zip(generation.schedules, generation.files.values(), strict=True)
    return {schedule.source: (schedule.dag_file, without_checksum(text)) for schedule, text in texts}
