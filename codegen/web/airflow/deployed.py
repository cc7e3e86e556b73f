"""Compares what Airflow has of the project's schedules with the repo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import PurePosixPath

from codegen.airflow.http_client import AirflowRestError
from codegen.airflow.rest import Session
from codegen.render.renderer import TEMPLATE
from codegen.schema import Schedule
from codegen.sync.dag_code import CodeChange, DagCode, code_of
from codegen.web.parts.patch import Patch, patch_of_dag
from codegen.web.shell.airflows import Airflows, Facts
from codegen.web.shell.safe_read import text_of
from codegen.web.shell.workspace import Snapshot

_TAG = "meltano"
# Characters: longer texts are no DAGs of ours, and a comparison of them would be slow.
_LONGEST = 400_000


class Deployed(Enum):
    """How the deployed code of a DAG compares with the repo."""

    CURRENT = "as in the repo"
    GENERATED = "as it would be generated"
    DIFFERS = "differs from the repo"
    MISSING = "not deployed"
    BROKEN = "cannot be loaded"
    ONLY_THERE = "deployed, and not in the repo"
    UNKNOWN = "its code cannot be read"
    NOT_COMPARED = "not compared yet"


@dataclass(frozen=True)
class State:
    """What Airflow has of a schedule.

    Attributes:
        problem: why it cannot be asked; then there are no facts.
        import_error: why its file cannot be loaded, as far as that was asked.
        patch: from the deployed code to that in the repo.
        is_pending: whether it is not up to date in the repo.
    """

    facts: Facts = field(default_factory=Facts)
    deployed: Deployed = Deployed.UNKNOWN
    problem: AirflowRestError | None = None
    import_error: str | None = None
    patch: Patch = field(default_factory=Patch)
    is_pending: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether its last run is still to end."""
        return self.facts.run is not None and self.facts.run.is_unfinished

    @property
    def waits(self) -> bool:
        """Whether its last run waits until the DAG is unpaused."""
        return self.is_unfinished and self.facts.dag is not None and self.facts.dag.is_paused


def state_of(airflows: Airflows, snapshot: Snapshot, schedule: Schedule) -> State:
    """What its Airflow has of a schedule, asked now."""

    def ask(session: Session) -> State:
        dag = session.dag(schedule.dag_id_or_default)
        facts = Facts(dag, session.last_runs([dag.dag_id]).get(dag.dag_id), session.source(dag)) if dag else Facts()
        state = _compare(snapshot, schedule, facts)
        if dag and not dag.has_import_errors and not dag.is_stale:
            return state
        error = _find_error(session.import_errors(), snapshot, schedule)
        return replace(state, deployed=Deployed.BROKEN, import_error=error) if error else state

    try:
        return airflows.ask(schedule, ask)
    except AirflowRestError as error:
        return State(problem=error)


def states_of(airflows: Airflows, snapshot: Snapshot, schedules: Iterable[Schedule]) -> list[tuple[Schedule, State]]:
    """What their Airflows have of schedules; it may be some seconds old."""
    schedules = list(schedules)
    # A template of the project's own may give its DAGs other tags.
    tag = None if (snapshot.project.templates / TEMPLATE).exists() else _TAG
    facts = airflows.facts(schedules, tag)
    return [(schedule, _state_after(snapshot, schedule, facts[schedule.key])) for schedule in schedules]


def _state_after(snapshot: Snapshot, schedule: Schedule, facts: Facts | AirflowRestError) -> State:
    return State(problem=facts) if isinstance(facts, AirflowRestError) else _compare(snapshot, schedule, facts)


def _compare(snapshot: Snapshot, schedule: Schedule, facts: Facts) -> State:
    """Compare the deployed code of a schedule with that in the repo and that which `generate` would write there."""
    change = snapshot.change_of(schedule.dag_file, schedule.source)
    state = State(facts, _without_text(facts) or Deployed.DIFFERS, is_pending=change is not None)
    if state.deployed is not Deployed.DIFFERS or facts.source is None:
        return state
    there = _plain(facts.source)
    here = _plain(text_of(snapshot.project.root, snapshot.project.root / schedule.dag_file) or "")
    if here == there:
        return replace(state, deployed=Deployed.CURRENT)
    # Others of its folder change on their own.
    deployed, own = (code_of(text, schedule.source) for text in (there, here))
    state = replace(state, deployed=_comparison(deployed, own, change))
    if not (deployed and own) or state.deployed is not Deployed.DIFFERS:
        return state
    is_long = len(own.block.text) + len(deployed.block.text) > _LONGEST
    return state if is_long else replace(state, patch=patch_of_dag(schedule.dag_file, deployed, own))


def _comparison(deployed: DagCode | None, own: DagCode | None, change: CodeChange | None) -> Deployed:
    """How the deployed code of a schedule compares with the repo, and with the change that `generate` makes there."""
    if _is_alike(deployed, own):
        return Deployed.CURRENT
    if change and _is_alike(deployed, change.after):
        return Deployed.GENERATED
    return Deployed.DIFFERS if own else Deployed.ONLY_THERE


def _is_alike(one: DagCode | None, other: DagCode | None) -> bool:
    return one is not None and other is not None and one.is_like(other)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _without_text(facts: Facts) -> Deployed | None:
    """What a deployed file is whose text says nothing, or that has none."""
    if facts.dag and facts.dag.has_import_errors:
        return Deployed.BROKEN
    if facts.dag is None or facts.dag.is_stale:
        return Deployed.MISSING
    if not facts.is_complete:
        return Deployed.NOT_COMPARED
    return Deployed.UNKNOWN if facts.source is None else None


def _find_error(errors: Mapping[str, str], snapshot: Snapshot, schedule: Schedule) -> str | None:
    """Why the file of a schedule cannot be loaded, among what Airflow says of files, whose paths begin anywhere."""
    # Airflow is given the folder of the deployment environment.
    tree = snapshot.project.generated_dags / schedule.deployment
    names = {
        one.dag_file: PurePosixPath(snapshot.project.root, one.dag_file)
        for one in snapshot.reading.of(schedule.deployment)
    }
    for file, error in errors.items():
        fitting = [name for name, path in names.items() if f"/{file}".endswith(f"/{path.relative_to(tree)}")]
        # The end of a longer path is a file of the same name in another folder.
        if max(fitting, key=len, default=None) == schedule.dag_file:
            return error
    return None
