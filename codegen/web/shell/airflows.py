"""The connections to Airflow, with cached responses."""

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

# Cache lifetimes in seconds: of DAGs and runs, and of file texts, which change only with a deployment. Each text takes
# a request, and Airflow 2 checks the password for each request, which is slow.
_LIFETIME = 10
_SOURCE_LIFETIME = 300
# Time limit in seconds for fetching texts; the next request of the list fetches the rest.
_SOURCE_TIMEOUT = 3


@dataclass(frozen=True)
class Facts:
    """The response of Airflow for a DAG.

    Attributes:
        dag: None if Airflow does not have it.
        source: the text of its file; None if it cannot be read.
        is_complete: whether the text was requested.
    """

    dag: Dag | None = None
    run: Run | None = None
    source: str | None = None
    is_complete: bool = True


class Airflows:
    """The Airflows configured by environment variables, one for each deployment environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the environment variables.

        Raises:
            DagpressError: a variable is invalid.
        """
        self._each = {ending: _Airflow(RestApi(found)) for ending, found in read_connections(environ).items()}

    def __bool__(self) -> bool:
        """Whether any Airflow is configured."""
        return bool(self._each)

    @staticmethod
    def anchor_of(schedule: Schedule) -> str:
        """Return the ID of the element of a schedule in the list: a hash, since a name can contain any character."""
        return f"airflow-{sha256(schedule.key.encode()).hexdigest()[:16]}"

    def request(self, schedule: Schedule, question: Callable[[Session], T]) -> T:
        """Send uncached requests to the Airflow of a schedule.

        Raises:
            AirflowRestError: no Airflow is configured, or a request fails.
        """
        airflow = self._of(schedule.deployment)
        try:
            with airflow.api.session() as session:
                return question(session)
        finally:
            airflow.invalidate(schedule.dag_id_or_default)

    def facts(self, schedules: Iterable[Schedule], tag: str | None) -> dict[str, Facts | AirflowRestError]:
        """Return the facts, or the error, of each schedule by its key. They may be a few seconds old.

        Args:
            schedules: the schedules.
            tag: a tag that all their DAGs have; None without one.
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
        where = f"the environment {deployment}" if deployment else "a project without environments"
        variable = f"DAGPRESS_AIRFLOW_URL_{ending}" if deployment else "DAGPRESS_AIRFLOW_URL"
        raise AirflowRestError(f"no Airflow is configured for {where}", f"set {variable}")


class _Airflow:
    """One Airflow, with cached responses."""

    def __init__(self, api: RestApi) -> None:
        self.api = api
        self._lock = Lock()
        self._facts: dict[str, tuple[float, Facts]] = {}
        self._sources: dict[str, tuple[float, str | None]] = {}
        self._problem: tuple[float, AirflowRestError] | None = None

    def invalidate(self, dag_id: str) -> None:
        """Remove a DAG from the cache, after an uncached request or a change."""
        self._facts.pop(dag_id, None)
        self._sources.pop(dag_id, None)
        self._problem = None

    def facts(self, dag_ids: set[str], tag: str | None) -> Mapping[str, Facts]:
        """Return the facts of DAGs, from the cache or from Airflow. Only one thread at a time sends requests.

        Raises:
            AirflowRestError: a request fails, or has failed a few seconds ago.
        """
        with self._lock:
            now = time.monotonic()
            if self._problem and now < self._problem[0]:
                raise self._problem[1]
            # Copy the cache, since other threads can remove entries.
            known = {dag_id: facts for dag_id, (until, facts) in self._facts.copy().items() if now < until}
            try:
                return known | self._fetch(dag_ids - known.keys(), tag)
            except AirflowRestError as error:
                self._problem = (time.monotonic() + _LIFETIME, error)
                raise

    def _fetch(self, dag_ids: set[str], tag: str | None) -> dict[str, Facts]:
        if not dag_ids:
            return {}
        now = time.monotonic()
        texts = {dag_id: kept for dag_id, kept in self._sources.copy().items() if now < kept[0]}
        with self.api.session() as session:
            dags = session.dags(dag_ids, tag)
            runs = session.last_runs(dags)
            sources = session.sources([dag for dag in dags.values() if dag.dag_id not in texts], _SOURCE_TIMEOUT)
        now = time.monotonic()
        # DAGs in one file share a single copy of its text.
        same = {text: text for _, text in texts.values()}
        texts |= {dag_id: (now + _SOURCE_LIFETIME, same.setdefault(text, text)) for dag_id, text in sources.items()}
        fetched = {dag_id: Facts() for dag_id in dag_ids} | {
            dag_id: Facts(dag, runs.get(dag_id), texts.get(dag_id, (now, None))[1], dag_id in texts)
            for dag_id, dag in dags.items()
        }
        self._sources = texts
        self._facts |= {dag_id: (now + _LIFETIME, facts) for dag_id, facts in fetched.items()}
        return fetched
