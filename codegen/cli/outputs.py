"""The types of the JSON output. `docs/reference/outputs.md` documents them as JSON Schemas."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Place(TypedDict):
    """A place in a file.

    Attributes:
        file: the path, relative to the project.
        line: the line, from 1.
        column: the column, from 1.
    """

    file: str
    line: int
    column: int


class Message(Place):
    """An error or a warning, at its first place.

    Attributes:
        severity: an error blocks the write, a warning does not.
        code: the code of the rule; `dagpress rule CODE` explains it.
        message: the problem.
        hint: the fix; empty if unknown.
        others: the locations of equal messages.
    """

    severity: Literal["error", "warning"]
    code: str
    message: str
    hint: str
    others: list[Place]


class FileChange(TypedDict):
    """A file that was written, or that `check` would have written.

    Attributes:
        file: the path, relative to the project.
        action: the action.
        others: the other files with the same change.
    """

    file: str
    action: Literal["create", "update", "delete"]
    others: list[str]


class Report(TypedDict):
    """Errors, warnings and changed files.

    Attributes:
        diagnostics: the errors and warnings.
        files: the changed files; empty for `validate` and `verify`, which write none.
    """

    diagnostics: list[Message]
    files: list[FileChange]


class ListedSchedule(TypedDict):
    """A schedule in one environment.

    Attributes:
        name: the name.
        environment: the environment; null in a project without environments.
        interval: the interval as written; null if other schedules start it.
        after: the dependencies, as in `after` of the schedule; null without dependencies.
        timezone: the timezone of the interval.
        runs: a description of its tasks.
        dag_id: the DAG ID.
        owner: the owner; null without one.
        file: the path of the schedule file, relative to the project.
    """

    name: str
    environment: str | None
    interval: str | dict[str, Any] | None
    after: str | list[Any] | dict[str, Any] | None
    timezone: str
    runs: str
    dag_id: str
    owner: str | None
    file: str


class Origin(Place):
    """A value with its location.

    Attributes:
        value: the value.
        environment: the environment that it applies to; null for all environments.
    """

    value: Any
    environment: str | None


# `from` is a Python keyword, so this type needs the functional syntax.
ExplainedKey = TypedDict("ExplainedKey", {"key": str, "value": Any, "from": "Origin | None", "hidden": "list[Origin]"})
ExplainedKey.__doc__ = """A key of a schedule, its value and the origin of the value.

Attributes:
    key: the key, such as `env.REGION`.
    value: the value; null if it was removed.
    from: where the value is set or removed; null for a default.
    hidden: the values that it overrides.
"""


class Hour(TypedDict):
    """An hour of the week.

    Attributes:
        day: the day, as YYYY-MM-DD.
        hour: the hour, from 0 to 23.
        minutes: its length in minutes, which a DST change can make shorter or longer than 60.
        runs: the number of runs that start in it.
        schedules: the number of runs by schedule.
    """

    day: str
    hour: int
    minutes: int
    runs: int
    schedules: dict[str, int]


class Week(TypedDict):
    """A week of runs.

    Attributes:
        first: the first day, as YYYY-MM-DD.
        last: the last day, as YYYY-MM-DD.
        timezone: the timezone of the days and hours.
        runs: the number of runs.
        hours: the hours, in their order.
        without_clock: the schedules without an interval: manual, or started by other schedules.
    """

    first: str
    last: str
    timezone: str
    runs: int
    hours: list[Hour]
    without_clock: list[str]


class RuleSummary(TypedDict):
    """A rule.

    Attributes:
        code: the code in messages.
        severity: the default severity.
        summary: the mistake, in one sentence.
    """

    code: str
    severity: Literal["error", "warning"]
    summary: str


class RulePage(RuleSummary):
    """A rule with its page.

    Attributes:
        page: the page of the manual, in Markdown.
    """

    page: str


class Difference(TypedDict):
    """A difference between two DAGs.

    Attributes:
        what: the attribute that differs.
        old: the value of Meltano's generator.
        new: the value of Dagpress.
        why: the reason; empty if it is not known.
    """

    what: str
    old: str
    new: str
    why: str


class ComparedDag(TypedDict):
    """The comparison of one DAG ID.

    Attributes:
        dag_id: the DAG ID.
        verdict: the result.
        expected: whether the DAG still runs as before.
        why: the reason; empty if it is not known.
        differences: the differences.
    """

    dag_id: str
    verdict: Literal["same", "differs", "only old", "only new"]
    expected: bool
    why: str
    differences: list[Difference]


class ComparisonWithMeltano(TypedDict):
    """The DAGs of Meltano's generator and of Dagpress.

    Attributes:
        airflow: the Airflow version that loaded both.
        generator: the path of Meltano's generator.
        dags: the comparisons, ordered by DAG ID.
    """

    airflow: str
    generator: str
    dags: list[ComparedDag]
