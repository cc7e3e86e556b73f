"""The Airflows that the page asks, and their last answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from codegen.airflow.connection import read_connections, suffix_of
from codegen.airflow.http_client import AirflowRestError
from codegen.airflow.rest import Dag, RestApi, Run, Session
from codegen.schema import Schedule

T = TypeVar("T")

# Seconds for which the list shows an answer of Airflow, and the texts of files, which only a deployment changes: each
# takes a request, and Airflow 2 checks the password with each, which is slow.
_FRESH = 10
_FRESH_SOURCE = 300
# Seconds in which texts are asked for at once; the others follow when the list asks again.
_PATIENCE = 3


@dataclass(frozen=True)
class Facts:
    """An answer of Airflow about a DAG.

    Attributes:
        dag: None where Airflow does not have it.
        source: the text of its file; None where it cannot be read.
        is_complete: whether the text was asked for.
    """

    dag: Dag | None = None
    run: Run | None = None
    source: str | None = None
    is_complete: bool = True


class Airflows:
    """The Airflows of the environment variables, one for each deployment environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the variables.

        Raises:
            DagpressError: a variable cannot be used.
        """
        self._each = {ending: _Airflow(RestApi(found)) for ending, found in read_connections(environ).items()}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._each)

    @staticmethod
    def anchor_of(schedule: Schedule) -> str:
        """The id of the element that shows a schedule in the list: its name may contain anything."""
        return f"airflow-{sha256(schedule.key.encode()).hexdigest()[:16]}"

    def ask(self, schedule: Schedule, question: Callable[[Session], T]) -> T:
        """Ask the Airflow of a schedule now.

        Raises:
            AirflowRestError: there is none, or it does not answer.
        """
        airflow = self._of(schedule.deployment)
        try:
            with airflow.api.session() as session:
                return question(session)
        finally:
            airflow.forget(schedule.dag_id_or_default)

    def facts(self, schedules: Iterable[Schedule], tag: str | None) -> dict[str, Facts | AirflowRestError]:
        """The facts of schedules by their keys, or why there are none; they may be some seconds old.

        Args:
            schedules: the schedules.
            tag: a tag that all their DAGs have, if there is one.
        """
        by_deployment: dict[str, list[Schedule]] = {}
        for schedule in schedules:
            by_deployment.setdefault(schedule.deployment, []).append(schedule)
        facts: dict[str, Facts | AirflowRestError] = {}
        for deployment, those in by_deployment.items():
            facts |= self._facts_in(deployment, those, tag)
        return facts

    def _facts_in(
        self, deployment: str, schedules: Sequence[Schedule], tag: str | None
    ) -> Mapping[str, Facts | AirflowRestError]:
        try:
            known = self._of(deployment).facts({each.dag_id_or_default for each in schedules}, tag)
        except AirflowRestError as error:
            return dict.fromkeys((each.key for each in schedules), error)
        return {each.key: known[each.dag_id_or_default] for each in schedules}

    def _of(self, deployment: str) -> _Airflow:
        ending = suffix_of(deployment)
        if ending in self._each:
            return self._each[ending]
        where = (
            f"the deployment environment {deployment}" if deployment else "a project without deployment environments"
        )
        variable = f"DAGPRESS_AIRFLOW_URL_{ending}" if deployment else "DAGPRESS_AIRFLOW_URL"
        raise AirflowRestError(f"there is no Airflow for {where}", f"set {variable}")


class _Airflow:
    """One Airflow, and its last answers."""

    def __init__(self, api: RestApi) -> None:
        self.api = api
        self._lock = Lock()
        self._facts: dict[str, tuple[float, Facts]] = {}
        self._sources: dict[str, tuple[float, str | None]] = {}
        self._problem: tuple[float, AirflowRestError] | None = None

    def forget(self, dag_id: str) -> None:
        """Ask again for a DAG that was asked for on its own, or changed."""
        self._facts.pop(dag_id, None)
        self._sources.pop(dag_id, None)
        self._problem = None

    def facts(self, dag_ids: set[str], tag: str | None) -> Mapping[str, Facts]:
        """The facts of these DAGs; one thread at a time asks for them.

        Raises:
            AirflowRestError: it does not answer, or did not some seconds ago.
        """
        with self._lock:
            now = time.monotonic()
            if self._problem and now < self._problem[0]:
                raise self._problem[1]
            # Other threads may forget some meanwhile.
            known = {dag_id: facts for dag_id, (until, facts) in self._facts.copy().items() if now < until}
            try:
                return known | self._learn(dag_ids - known.keys(), tag)
            except AirflowRestError as error:
                self._problem = (time.monotonic() + _FRESH, error)
                raise

    def _learn(self, dag_ids: set[str], tag: str | None) -> dict[str, Facts]:
        if not dag_ids:
            return {}
        now = time.monotonic()
        texts = {dag_id: kept for dag_id, kept in self._sources.copy().items() if now < kept[0]}
        with self.api.session() as session:
            dags = session.dags(dag_ids, tag)
            runs = session.last_runs(dags)
            sources = session.sources([dag for dag in dags.values() if dag.dag_id not in texts], _PATIENCE)
        now = time.monotonic()
        # The DAGs of one file have the same text, which is kept once.
        same = {text: text for _, text in texts.values()}
        texts |= {dag_id: (now + _FRESH_SOURCE, same.setdefault(text, text)) for dag_id, text in sources.items()}
        learned = {dag_id: Facts() for dag_id in dag_ids} | {
            dag_id: Facts(dag, runs.get(dag_id), texts.get(dag_id, (now, None))[1], dag_id in texts)
            for dag_id, dag in dags.items()
        }
        self._sources = texts
        self._facts |= {dag_id: (now + _FRESH, facts) for dag_id, facts in learned.items()}
        return learned
