"""The types of the data that `--format json` prints. `docs/reference/outputs.md` has them as JSON Schemas."""

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
        severity: an error stops every write, a warning does not.
        code: the code of the rule; `dagpress rule CODE` explains it.
        message: what is wrong.
        hint: the fix; empty if none is known.
        others: the other places of equal messages.
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
    """A schedule in one deployment environment.

    Attributes:
        name: the name.
        environment: the deployment environment; null in a project without environments.
        interval: the interval as written; null if only other schedules or manual triggers start it.
        after: what it waits for, as `after` in the schedule; null without one.
        timezone: the timezone of the interval.
        runs: what it runs, in words.
        dag_id: the DAG id.
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
    """A value with its place.

    Attributes:
        value: the value.
        environment: the deployment environment that it is for; null for all of them.
    """

    value: Any
    environment: str | None


# `from` is a keyword of Python, so this type needs the other syntax.
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
        first: its first day, as YYYY-MM-DD.
        last: its last day.
        timezone: the timezone of the days and hours.
        runs: the number of runs.
        hours: the hours, in their order.
        without_clock: the schedules that only other schedules or manual triggers start.
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
        severity: the severity, unless the configuration changes it.
        summary: what it reports, in one sentence.
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
        what: what differs.
        old: the value of Meltano's generator.
        new: the value of Dagpress.
        why: the reason; empty if it is not known.
    """

    what: str
    old: str
    new: str
    why: str


class ComparedDag(TypedDict):
    """The comparison of one DAG id.

    Attributes:
        dag_id: the DAG id.
        verdict: the result.
        expected: whether everything that ran before still runs as before.
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
        airflow: the version of the Airflow that has loaded both.
        generator: the path of Meltano's generator.
        dags: the comparisons, ordered by DAG id.
    """

    airflow: str
    generator: str
    dags: list[ComparedDag]
