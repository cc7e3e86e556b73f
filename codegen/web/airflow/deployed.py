"""Compares the DAGs in a running Airflow with the repo."""

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
# Limit in characters: longer files are not generated DAGs, and slow to compare.
_MAX_LENGTH = 400_000


class Deployed(Enum):
    """How the deployed code of a DAG compares with the repo."""

    CURRENT = "same as in this project"
    GENERATED = "same as newly generated"
    DIFFERS = "differs from this project"
    MISSING = "not deployed"
    BROKEN = "cannot be loaded"
    ONLY_THERE = "deployed, but not in this project"
    UNKNOWN = "code not available"
    NOT_COMPARED = "not compared yet"


@dataclass(frozen=True)
class State:
    """The state of a schedule in Airflow.

    Attributes:
        problem: the error of the request to Airflow; the facts are empty then.
        import_error: the import error of its file, if it was requested.
        patch: the patch from the deployed code to the code in the repo.
        is_pending: whether the DAG file in the repo is out of date.
    """

    facts: Facts = field(default_factory=Facts)
    deployed: Deployed = Deployed.UNKNOWN
    problem: AirflowRestError | None = None
    import_error: str | None = None
    patch: Patch = field(default_factory=Patch)
    is_pending: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether its last run has not ended."""
        return self.facts.run is not None and self.facts.run.is_unfinished

    @property
    def waits(self) -> bool:
        """Whether its last run waits until the DAG is unpaused."""
        return self.is_unfinished and self.facts.dag is not None and self.facts.dag.is_paused


def state_of(airflows: Airflows, snapshot: Snapshot, schedule: Schedule) -> State:
    """Request the current state of a schedule from its Airflow."""

    def ask(session: Session) -> State:
        dag = session.dag(schedule.dag_id_or_default)
        facts = Facts(dag, session.last_runs([dag.dag_id]).get(dag.dag_id), session.source(dag)) if dag else Facts()
        state = _compare(snapshot, schedule, facts)
        if dag and not dag.has_import_errors and not dag.is_stale:
            return state
        error = _find_error(session.import_errors(), snapshot, schedule)
        return replace(state, deployed=Deployed.BROKEN, import_error=error) if error else state

    try:
        return airflows.request(schedule, ask)
    except AirflowRestError as error:
        return State(problem=error)


def states_of(airflows: Airflows, snapshot: Snapshot, schedules: Iterable[Schedule]) -> list[tuple[Schedule, State]]:
    """Return the state of schedules in their Airflows, which may be a few seconds old."""
    schedules = list(schedules)
    # A custom template can set other tags.
    tag = None if (snapshot.project.templates / TEMPLATE).exists() else _TAG
    facts = airflows.facts(schedules, tag)
    return [(schedule, _state_after(snapshot, schedule, facts[schedule.key])) for schedule in schedules]


def _state_after(snapshot: Snapshot, schedule: Schedule, facts: Facts | AirflowRestError) -> State:
    return State(problem=facts) if isinstance(facts, AirflowRestError) else _compare(snapshot, schedule, facts)


def _compare(snapshot: Snapshot, schedule: Schedule, facts: Facts) -> State:
    """Compare the deployed code of a schedule with the code in the repo and the code that `generate` would write."""
    change = snapshot.change_of(schedule.dag_file, schedule.source)
    state = State(facts, _known_without_text(facts) or Deployed.DIFFERS, is_pending=change is not None)
    if state.deployed is not Deployed.DIFFERS or facts.source is None:
        return state
    deployed_text = _plain(facts.source)
    repo_text = _plain(text_of(snapshot.project.root, snapshot.project.root / schedule.dag_file) or "")
    if repo_text == deployed_text:
        return replace(state, deployed=Deployed.CURRENT)
    # Changes to other schedules in a shared file do not count.
    deployed, own = (code_of(text, schedule.source) for text in (deployed_text, repo_text))
    state = replace(state, deployed=_comparison(deployed, own, change))
    if not (deployed and own) or state.deployed is not Deployed.DIFFERS:
        return state
    is_long = len(own.block.text) + len(deployed.block.text) > _MAX_LENGTH
    return state if is_long else replace(state, patch=patch_of_dag(schedule.dag_file, deployed, own))


def _comparison(deployed: DagCode | None, own: DagCode | None, change: CodeChange | None) -> Deployed:
    """Compare the deployed code of a schedule with the repo, and with the change that `generate` would make there."""
    if _is_same(deployed, own):
        return Deployed.CURRENT
    if change and _is_same(deployed, change.after):
        return Deployed.GENERATED
    return Deployed.DIFFERS if own else Deployed.ONLY_THERE


def _is_same(one: DagCode | None, other: DagCode | None) -> bool:
    return one is not None and other is not None and one.is_like(other)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _known_without_text(facts: Facts) -> Deployed | None:
    """Return the state of a deployment that is known without its text; None if the texts must be compared."""
    if facts.dag and facts.dag.has_import_errors:
        return Deployed.BROKEN
    if facts.dag is None or facts.dag.is_stale:
        return Deployed.MISSING
    if not facts.is_complete:
        return Deployed.NOT_COMPARED
    return Deployed.UNKNOWN if facts.source is None else None


def _find_error(errors: Mapping[str, str], snapshot: Snapshot, schedule: Schedule) -> str | None:
    """Find the import error of a schedule's file. Airflow's paths can start at any directory."""
    # Airflow's DAG folder is the folder of the deployment environment.
    tree = snapshot.project.generated_dags / schedule.deployment
    names = {
        one.dag_file: PurePosixPath(snapshot.project.root, one.dag_file)
        for one in snapshot.reading.of(schedule.deployment)
    }
    for file, error in errors.items():
        fitting = [name for name, path in names.items() if f"/{file}".endswith(f"/{path.relative_to(tree)}")]
        # Take the longest match: a shorter one is a file of the same name in another folder.
        if max(fitting, key=len, default=None) == schedule.dag_file:
            return error
    return None
