"""Describes the effects of a change on each pipeline in sentences, by comparing the behaviour before and after.

Both states can belong to one project, as for a draft, or to two directories with the same files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from codegen.diagnostics import count, joined, quoted
from codegen.pipeline import Reading
from codegen.project import Project
from codegen.review.behaviour import without_name
from codegen.review.sentences.between import sentences_between
from codegen.review.sentences.sentence import Kind, Sentence
from codegen.review.sentences.side import Side, files_with_errors, sides_of
from codegen.schema.origins import plain_node

__all__ = ["Effect", "Kind", "Sentence", "effects_of"]

_MAX_NAMES = 5
_LAYOUT = Sentence(Kind.NOTHING, "The runs stay the same: only comments or layout change.")
_AS_BEFORE = Sentence(Kind.NOTHING, "The runs stay the same: the same settings are written differently.")
_UNKNOWN = Sentence(Kind.NOTHING, "It had errors before, so the changes are unknown.")
_Pair = tuple[Side | None, Side | None]


@dataclass(frozen=True)
class Effect:
    """The same changes of some pipelines.

    Attributes:
        pipelines: their names.
        deployments: the environments with these changes; empty in a project without any.
        sentences: the most important one first.
    """

    pipelines: Sequence[str]
    deployments: Sequence[str]
    sentences: Sequence[Sentence]

    @property
    def title(self) -> str:
        """Its pipelines and environments, such as "`a`, in dev and prod" or "7 pipelines (`a`, `b` and 5 more)"."""
        names = [quoted(name) for name in self.pipelines[:_MAX_NAMES]]
        if more := len(self.pipelines) - len(names):
            names.append(f"{more} more")
        shown = joined(names)
        shown = f"{count(len(self.pipelines), 'pipeline')} ({shown})" if len(self.pipelines) > 1 else shown
        return f"{shown}, {self.place}" if self.place else shown

    @property
    def place(self) -> str:
        """Its environments, such as `in dev and prod`; empty in a project without any."""
        return f"in {joined(self.deployments)}" if self.deployments else ""


def effects_of(
    project: Project, before: Reading, after: Reading, sources: Collection[str], now: datetime | None = None
) -> list[Effect]:
    """Return the effects of a change: on the pipelines of the changed files first, then on others.

    Args:
        project: the project of both readings, or the later one.
        before: the project before the change.
        after: the project after it.
        sources: the changed files as paths in the project, including defaults: their pipelines are always described,
            unless they have errors after the change.
        now: the current time, by default from the system clock.
    """
    own, now = _own_files(sources, before, after), now or datetime.now(timezone.utc)
    faulty = [files_with_errors(reading) for reading in (before, after)]
    names: dict[str, str] = {}
    found: dict[str, dict[Sentence, list[str]]] = {}
    for deployment in project.deployments or ("",):
        old, new = (sides_of(project, reading, deployment) for reading in (before, after))
        for source, (one, other) in _pairs(old, new, own, *faulty).items():
            names[source] = (other or one).schedule.name  # type: ignore[union-attr]  # one of them is set
            sentences = sentences_between(one, other, now)
            if one is None and source in faulty[0]:
                sentences = [_UNKNOWN]
            for sentence in sentences:
                found.setdefault(source, {}).setdefault(sentence, []).append(deployment)
    for source in names.keys() & own.keys() - found.keys():
        is_layout = _values(before, source) == _values(after, source)
        found[source] = {_LAYOUT if is_layout else _AS_BEFORE: [*project.deployments]}
    order = dict.fromkeys([*own, *sorted(names, key=names.__getitem__)])
    return _grouped([(names[source], found[source]) for source in order if source in found])


def _own_files(sources: Collection[str], *readings: Reading) -> dict[str, None]:
    """Return the schedule files among some files, and those that inherit from one of them."""
    files = [file for reading in readings for file in reading.files]
    given = {file.name for file in files}
    heirs = (file.name for file in files if not {name for _, name in file.defaults}.isdisjoint(sources))
    return dict.fromkeys([*(each for each in sources if each in given), *heirs])


def _pairs(
    old: Mapping[str, Side], new: Mapping[str, Side], own: Collection[str], *faulty: Collection[str]
) -> dict[str, _Pair]:
    """Return both sides of each pipeline that may differ, by its file; by the new file for a renamed one."""
    gone = {source: side for source, side in old.items() if source not in new and source not in faulty[1]}
    found: dict[str, _Pair] = {}
    for source, side in new.items():
        former = old.get(source) or _former(side, gone)
        if former is None or source in own or not former.is_like(side):
            found[source] = former, side
        if former:
            gone.pop(former.schedule.source, None)
    return found | {source: (side, None) for source, side in gone.items()}


def _former(side: Side, gone: Mapping[str, Side]) -> Side | None:
    """Return the pipeline among the removed ones that has its DAG ID, or its behaviour under another name."""
    schedule = side.schedule
    if found := next((each for each in gone.values() if _dag_id(each) == _dag_id(side)), None):
        return found
    sought = without_name(side.behaviour, schedule.source) if gone else ""
    return next((each for each in gone.values() if without_name(each.behaviour, each.schedule.source) == sought), None)


def _dag_id(side: Side) -> str:
    return side.schedule.dag_id_or_default


def _values(reading: Reading, source: str) -> dict[str, object]:
    """Return the values in a file and its defaults, by environment."""
    return {each.deployment: plain_node(each.merged) for each in reading.documents if each.source.name == source}


def _grouped(found: Sequence[tuple[str, Mapping[Sentence, Sequence[str]]]]) -> list[Effect]:
    """Merge equal sentences: of a pipeline in several environments, and of several pipelines."""
    groups: dict[tuple[tuple[str, ...], tuple[Sentence, ...]], list[str]] = defaultdict(list)
    for name, sentences in found:
        by_environments: dict[tuple[str, ...], list[Sentence]] = defaultdict(list)
        for sentence in sorted(sentences, key=lambda each: each.kind):
            by_environments[tuple(filter(None, sentences[sentence]))].append(sentence)
        for environments, those in by_environments.items():
            groups[environments, tuple(those)].append(name)
    return [Effect(tuple(names), *key) for key, names in groups.items()]
