"""The verdict of the soak test: figures and faults."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from soak.cluster import Cluster
from soak.project import Pipeline, SoakProject

# One that sets the bookmark, and one that continues from it.
FEWEST_RUNS = 2
RUNS = "SELECT coalesce(state, 'none'), count(*) FROM dag_run GROUP BY 1 ORDER BY 1"
# Counts tasks: the scheduler handles the runs of a paused DAG only once per minute.
SUCCESSES = """\
SELECT dag_id, count(*) FROM
(SELECT dag_id FROM task_instance GROUP BY dag_id, run_id HAVING bool_and(coalesce(state, '') = 'success')) AS runs
GROUP BY 1"""
TRIES = """\
SELECT coalesce(state, 'none'), count(*) FROM
(SELECT state FROM task_instance UNION ALL SELECT state FROM task_instance_history) AS tries GROUP BY 1 ORDER BY 1"""
# The figures that are counted in the task logs, each with the text of its lines.
PHRASES = {
    "waits": "Waiting for",
    "invalid catalogs": "Invalid catalog",
    "refusals of Meltano, as the pipeline runs": "pipeline is already running",
}


@dataclass
class Verdict:
    """The figures as lines, and the faults; without a fault, the soak test has passed."""

    figures: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the report."""
        lines = [f"{name}: {value}" for name, value in self.figures.items()]
        return "\n".join([*lines, *(f"FAULT: {fault}" for fault in self.faults), self._conclusion])

    @property
    def _conclusion(self) -> str:
        return f"Failed: {len(self.faults)} faults." if self.faults else "Passed: each row arrived once."


def judge(cluster: Cluster, project: SoakProject, hit: AbstractSet[str], seconds: float) -> Verdict:
    """Compare the rows in the warehouse with the bookmarks in Meltano's state.

    Args:
        cluster: the cluster, on which nothing runs anymore.
        project: its project.
        hit: the schedules with a run that was killed or lost its database. Such a run can have loaded rows without
            setting the bookmark, so the next one loads them again.
        seconds: the duration of the soak test.
    """
    verdict = Verdict()
    airflow, meltano, warehouse = (partial(_rows, cluster, name) for name in ("airflow", "meltano", "warehouse"))
    rows: dict[str, set[int]] = defaultdict(set)
    for name, number in warehouse("SELECT pipeline, id FROM warehouse"):
        rows[name].add(int(number))
    conflicts = Counter(name for (name,) in warehouse("SELECT pipeline FROM conflicts"))
    states = dict(meltano("SELECT state_id, coalesce(completed_state, '{}') FROM state"))
    gaps = 0
    for pipeline in project.pipelines:
        found = rows[pipeline.name]
        bookmark = _bookmark(states.get(pipeline.state_id, "{}"))
        gaps += len(set(range(1, max(found, default=0) + 1)) - found)
        verdict.faults += _faults(pipeline, found, bookmark, conflicts[pipeline.name], is_hit=pipeline.schedule in hit)
    strangers = rows.keys() - {pipeline.name for pipeline in project.pipelines}
    verdict.faults += [f"{name}: rows of no pipeline" for name in sorted(strangers)]
    successes = Counter({dag_id: int(count) for dag_id, count in airflow(SUCCESSES)})
    verdict.faults += [
        f"{dag_id}: {successes[dag_id]} successful runs, fewer than {FEWEST_RUNS}"
        for dag_id in project.dag_ids
        if successes[dag_id] < FEWEST_RUNS
    ]
    fewest, most = min(map(successes.__getitem__, project.dag_ids)), max(successes.values(), default=0)
    verdict.figures = {
        "DAG runs": _counts(airflow(RUNS)),
        "task tries": _counts(airflow(TRIES)),
        "successful runs of a DAG": f"{fewest} to {most}",
        "rows": f"{sum(map(len, rows.values()))} of {len(project.pipelines)} pipelines",
        "gaps": str(gaps),
        "conflicts": f"{conflicts.total()} of {len(conflicts)} pipelines",
        "schedules disturbed in a run": str(len(hit)),
        "programs started again": _counts(sorted((name, str(count)) for name, count in cluster.ends.items())),
        **_phrases(cluster),
        "seconds": f"{seconds:.0f}",
    }
    return verdict


def _rows(cluster: Cluster, database: str, statement: str) -> list[list[str]]:
    rows = cluster.database.query(database, statement)
    if rows is None:
        sys.exit(f"PostgreSQL refuses: {statement}")
    return rows


def _faults(pipeline: Pipeline, found: set[int], bookmark: int, conflicts: int, *, is_hit: bool) -> list[str]:
    faults = []
    if missing := sorted(set(range(1, max(found, default=0) + 1)) - found):
        faults.append(f"{pipeline.name}: {len(missing)} missing rows, first {missing[0]} (bookmark {bookmark})")
    last = max(found, default=0)
    if last < bookmark or (last > bookmark and not is_hit):
        faults.append(f"{pipeline.name}: bookmark {bookmark}, but the last row is {last}")
    if conflicts and not is_hit:
        faults.append(f"{pipeline.name}: {conflicts} rows loaded twice, although no run of it was disturbed")
    return faults


def _bookmark(state: str) -> int:
    bookmarks = json.loads(state).get("singer_state", {}).get("bookmarks", {})
    return int(bookmarks.get("rows", {}).get("id", 0))


def _counts(pairs: list[list[str]] | list[tuple[str, str]]) -> str:
    return ", ".join(f"{count} {name}" for name, count in pairs) or "none"


def _phrases(cluster: Cluster) -> dict[str, str]:
    counted = Counter(
        figure
        for log in cluster.task_logs()
        for line in log.read_text(errors="replace").splitlines()
        for figure, phrase in PHRASES.items()
        if phrase in line
    )
    return {figure: str(counted[figure]) for figure in PHRASES}
