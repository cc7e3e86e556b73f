"""Compares the DAG files of two deployment environments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from codegen import pipeline
from codegen.diagnostics import Diagnostic, has_errors
from codegen.pipeline import Reading
from codegen.plan import dependencies_between
from codegen.project import Project
from codegen.review.behaviour import Behaviour, differences
from codegen.review.sources import behaviour_of
from codegen.schema import Schedule
from codegen.sync.changes import Change, parts_of
from codegen.sync.parts import Action, Part


@dataclass(frozen=True)
class Comparison:
    """How the DAG files of two environments differ; empty if the project has errors.

    Attributes:
        parts: the changes of the DAGs that are in both environments, and of the heads of their files.
        missing: each schedule file that is missing in one environment, with that environment.
    """

    parts: Sequence[Part]
    missing: Sequence[tuple[str, str]]
    diagnostics: Sequence[Diagnostic]


def compare_environments(
    project: Project, reading: Reading, schedules: Sequence[Schedule], one: str, other: str
) -> Comparison:
    """Compare some schedules in two environments; the names of the environments do not count."""
    if has_errors(reading.diagnostics):
        return Comparison((), (), reading.diagnostics)
    # Without an environment, since the generated files contain its name.
    sides = [
        replace(reading, schedules=[replace(each, deployment="") for each in reading.of(deployment)])
        for deployment in (one, other)
    ]
    chosen = [{each.source for each in schedules if each.deployment == deployment} for deployment in (one, other)]
    before, after = (_behaviours(project, *side) for side in zip(sides, chosen, strict=True))
    differing = {source for source in before if source in after and differences(before[source], after[source])}
    texts = []
    for side in sides:
        files = {each.dag_file for each in side.schedules if each.source in differing}
        generation = pipeline.render(project, side, [each for each in side.schedules if each.dag_file in files])
        if has_errors(generation.diagnostics):
            return Comparison((), (), generation.diagnostics)
        texts.append(generation.files.items())
    changes = [
        Change(name, Action.UPDATE, old, new, old_name=old_name)
        for (old_name, old), (name, new) in zip(*texts, strict=True)
        if old != new
    ]
    parts = [part for part in parts_of(changes) if part.block.source in differing or not part.is_dag]
    missing = [(source, other) for source in before if source not in after]
    missing += [(source, one) for source in after if source not in before]
    return Comparison(parts, missing, reading.diagnostics)


def _behaviours(project: Project, reading: Reading, sources: Collection[str]) -> dict[str, Behaviour]:
    others = dependencies_between(reading.schedules)
    planned = (each for each in reading.schedules if each.source in sources)
    return {each.source: behaviour_of(project, reading, each, others[each.source]) for each in planned}
