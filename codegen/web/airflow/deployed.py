"""What the Airflow behind the Pipelines page has of the project's schedules."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING

from codegen.airflow.connection import ending_of, read_connections
from codegen.airflow.http_client import AirflowRestError
from codegen.airflow.rest import RestApi
from codegen.render.renderer import TEMPLATE
from codegen.web.parts.patch import Patch, patch_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from codegen.airflow.rest import Dag, Run, Session
    from codegen.schema import Schedule
    from codegen.web.shell.workspace import Snapshot

# Seconds for which the list shows what Airflow has said, and its texts, which change with a deployment alone: there is
# a request for each, and an Airflow 2 checks the password with each, which takes it long.
_FRESH = 10
_FRESH_SOURCE = 300
# Seconds in which texts are asked for at once; the others follow when the list asks again.
_PATIENCE = 3
_TAG = "meltano"
# Characters: a longer text is no DAG file of ours, and its difference would take long.
_LONGEST = 200_000


class Deployed(Enum):
    """What a deployed DAG file is, beside the one in the repo."""

    CURRENT = "as in the repo"
    GENERATED = "as it would be generated"
    DIFFERS = "differs from the repo"
    MISSING = "not deployed"
    BROKEN = "cannot be loaded"
    ONLY_THERE = "deployed, and has no file in the repo"
    UNKNOWN = "its code cannot be read"
    NOT_COMPARED = "not compared yet"


@dataclass(frozen=True)
class Facts:
    """What Airflow has said of a DAG.

    Attributes:
        dag: nothing where it has none.
        source: the text of its file; nothing where it cannot be read.
        is_complete: whether the text was asked for.
    """

    dag: Dag | None = None
    run: Run | None = None
    source: str | None = None
    is_complete: bool = True


@dataclass(frozen=True)
class State:
    """What Airflow has of a schedule.

    Attributes:
        problem: why it cannot be asked; then there are no facts.
        import_error: why its file cannot be loaded, as far as that was asked.
        patch: from the deployed file to that in the repo.
        is_pending: whether the file in the repo is not up to date.
    """

    facts: Facts = Facts()
    deployed: Deployed = Deployed.UNKNOWN
    problem: AirflowRestError | None = None
    import_error: str | None = None
    patch: Patch = Patch()  # noqa: RUF009  # it is frozen
    is_pending: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Whether its last run is still to end."""
        return self.facts.run is not None and self.facts.run.is_unfinished


class Airflows:
    """The Airflows of the environment, one for each deployment environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read which there are.

        Raises:
            DagpressError: a variable cannot be used.
        """
        self._each = {ending: _Airflow(RestApi(found)) for ending, found in read_connections(environ).items()}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._each)

    @staticmethod
    def anchor_of(schedule: Schedule) -> str:
        """The id of the element that shows a schedule in the list: its name may hold anything."""
        return f"airflow-{sha256(schedule.dag_file.encode()).hexdigest()[:16]}"

    def state(self, snapshot: Snapshot, schedule: Schedule) -> State:
        """What its Airflow has of a schedule, asked now."""
        dag_id = schedule.dag_id_or_default

        def ask(session: Session) -> State:
            dag = session.dag(dag_id)
            facts = Facts(dag, session.last_runs([dag_id]).get(dag_id), session.source(dag)) if dag else Facts()
            state = _compare(snapshot, schedule, facts)
            if dag and not dag.has_import_errors and not dag.is_stale:
                return state
            error = _find_error(session.import_errors(), snapshot, schedule)
            return replace(state, deployed=Deployed.BROKEN, import_error=error) if error else state

        return self._ask(schedule, ask)

    def states(self, snapshot: Snapshot, schedules: Iterable[Schedule]) -> dict[str, State]:
        """What their Airflows have of schedules, by their DAG files; it may be some seconds old."""
        of_each: dict[str, list[Schedule]] = {}
        for schedule in schedules:
            of_each.setdefault(schedule.deployment, []).append(schedule)
        # A template of the project's own may give its DAGs other tags.
        tag = None if (snapshot.project.templates / TEMPLATE).exists() else _TAG
        states: dict[str, State] = {}
        for deployment, those in of_each.items():
            airflow = self._each.get(ending_of(deployment))
            dag_ids = {one.dag_id_or_default for one in those}
            facts = airflow.facts(dag_ids, tag) if airflow else _no_airflow(deployment)
            for one in those:
                if isinstance(facts, AirflowRestError):
                    states[one.dag_file] = State(problem=facts)
                else:
                    states[one.dag_file] = _compare(snapshot, one, facts[one.dag_id_or_default])
        return states

    def act(self, schedule: Schedule, act: Callable[[Session], None]) -> AirflowRestError | None:
        """Let its Airflow do something with a schedule's DAG; why it could not."""

        def ask(session: Session) -> State:
            act(session)
            return State()

        return self._ask(schedule, ask).problem

    def _ask(self, schedule: Schedule, ask: Callable[[Session], State]) -> State:
        airflow = self._each.get(ending_of(schedule.deployment))
        if airflow is None:
            return State(problem=_no_airflow(schedule.deployment))
        try:
            with airflow.session() as session:
                return ask(session)
        except AirflowRestError as error:
            return State(problem=error)
        finally:
            airflow.forget(schedule.dag_id_or_default)


class _Airflow:
    """One Airflow, and what it has said of late."""

    def __init__(self, api: RestApi) -> None:
        self._api = api
        self._lock = Lock()
        self._facts: dict[str, tuple[float, Facts]] = {}
        self._sources: dict[str, tuple[float, str | None]] = {}
        self._problem: tuple[float, AirflowRestError] | None = None

    def session(self) -> AbstractContextManager[Session]:
        return self._api.session()

    def forget(self, dag_id: str) -> None:
        """Somebody has asked for it alone, or changed it: ask again."""
        self._facts.pop(dag_id, None)
        self._sources.pop(dag_id, None)
        self._problem = None

    def facts(self, dag_ids: set[str], tag: str | None) -> Mapping[str, Facts] | AirflowRestError:
        """What it has of these DAGs, or why it cannot be asked; one at a time asks."""
        with self._lock:
            now = time.monotonic()
            if self._problem and now < self._problem[0]:
                return self._problem[1]
            # Others may forget something meanwhile.
            known = {dag_id: facts for dag_id, (until, facts) in self._facts.copy().items() if now < until}
            try:
                learned = self._learn(dag_ids - known.keys(), tag)
            except AirflowRestError as error:
                self._problem = (time.monotonic() + _FRESH, error)
                return error
            return known | learned

    def _learn(self, dag_ids: set[str], tag: str | None) -> dict[str, Facts]:
        if not dag_ids:
            return {}
        now = time.monotonic()
        texts = {dag_id: kept for dag_id, kept in self._sources.copy().items() if now < kept[0]}
        with self._api.session() as session:
            dags = session.dags(dag_ids, tag)
            runs = session.last_runs(dags)
            sources = session.sources([dag for dag in dags.values() if dag.dag_id not in texts], _PATIENCE)
        now = time.monotonic()
        texts |= {dag_id: (now + _FRESH_SOURCE, text) for dag_id, text in sources.items()}
        learned = {dag_id: Facts() for dag_id in dag_ids} | {
            dag_id: Facts(dag, runs.get(dag_id), texts.get(dag_id, (now, None))[1], dag_id in texts)
            for dag_id, dag in dags.items()
        }
        self._sources = texts
        self._facts |= {dag_id: (now + _FRESH, facts) for dag_id, facts in learned.items()}
        return learned


def _no_airflow(deployment: str) -> AirflowRestError:
    ending = f"_{ending_of(deployment)}" if deployment else ""
    where = f"the deployment environment {deployment}" if deployment else "a project without deployment environments"
    return AirflowRestError(f"there is no Airflow for {where}", f"set DAGPRESS_AIRFLOW_URL{ending}")


def _compare(snapshot: Snapshot, schedule: Schedule, facts: Facts) -> State:
    """What is deployed of a schedule, beside what is in the repo and what should be there."""
    project = snapshot.project
    path = project.generated_dags / schedule.dag_file
    name = path.relative_to(project.root).as_posix()
    change = next((change for change in snapshot.changes if change.name == name), None)
    state = State(facts, _without_text(facts) or Deployed.DIFFERS, is_pending=change is not None)
    if state.deployed is not Deployed.DIFFERS or facts.source is None:
        return state
    there, here = _plain(facts.source), _text(path, project.root)
    if here == there:
        return replace(state, deployed=Deployed.CURRENT)
    if change and change.after == there:
        return replace(state, deployed=Deployed.GENERATED)
    if here is None:
        return replace(state, deployed=Deployed.ONLY_THERE)
    is_long = max(len(here), len(there)) > _LONGEST
    return state if is_long else replace(state, patch=patch_between(there, here))


def _text(path: Path, root: Path) -> str | None:
    """The text of a file of the project, if it is there: through a link, the page would show what lies outside."""
    try:
        return _plain(path.read_bytes().decode("utf-8", "replace")) if root in path.resolve().parents else None
    except OSError:
        return None


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
    those = [one for one in snapshot.reading.schedules if one.deployment == schedule.deployment]
    for file, error in errors.items():
        fitting = [one for one in those if f"/{file}".endswith(f"/{_file_in_its_tree(one)}")]
        # The end of a longer path is a file of the same name in another folder.
        if max(fitting, key=lambda one: len(one.relative), default=None) == schedule:
            return error
    return None


def _file_in_its_tree(schedule: Schedule) -> str:
    """The DAG file below the folder that Airflow is given: that of its deployment environment."""
    return PurePosixPath(schedule.relative).with_suffix(".py").as_posix()
