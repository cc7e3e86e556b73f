"""Which rows of the list somebody asks for: search, filters, order and page, all of them in the address."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from codegen.web.pipelines.listing import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from codegen.web.pipelines.listing import Row

    NextRun = Callable[[Row], datetime | None]

ROWS_OF_A_PAGE = 100
COLUMNS = {
    "name": "Pipeline",
    "runs": "Runs",
    "start": "Starts",
    "timezone": "Timezone",
    "next": "Next run",
    "owner": "Owner",
    "tags": "Tags",
    "runner": "Runner",
    "status": "DAG file",
}
_PROBLEMS = {"any": "errors or warnings", "errors": "errors", "none": "nothing"}


@dataclass(frozen=True)
class Filter:
    """A choice of what is shown.

    Attributes:
        choices: the words of each value.
    """

    name: str
    label: str
    choices: Mapping[str, str]
    chosen: str


@dataclass(frozen=True)
class Excerpt:
    """The rows of one page.

    Attributes:
        total: how many rows there are on all pages.
    """

    rows: Sequence[Row]
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """The number of the first row, counted from 1."""
        return (self.page - 1) * ROWS_OF_A_PAGE + 1


@dataclass(frozen=True)
class ListQuery:
    """What somebody asks for; what is empty asks for all.

    Attributes:
        q: words, all of which a row must have somewhere.
        problems: a key of `_PROBLEMS`.
        sort: a column, with a dash in front for the other direction.
        page: counted from 1.
    """

    q: str = ""
    environment: str = ""
    owner: str = ""
    tag: str = ""
    runner: str = ""
    timezone: str = ""
    status: str = ""
    problems: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> ListQuery:
        """That of an address; what makes no sense in it is left out."""
        texts = {field.name: query.get(field.name, "") for field in fields(cls) if field.name != "page"}
        page = query.get("page", "")
        if texts["sort"].removeprefix("-") not in COLUMNS:
            texts["sort"] = "name"
        return cls(**texts, page=max(int(page), 1) if page.isdecimal() and len(page) < len("1000000") else 1)

    def address(self, **changes: str | int) -> str:
        """The address of the list with this, and what changes; from another search or order, it starts at page 1."""
        other = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]  # of those fields
        given = {
            field.name: getattr(other, field.name)
            for field in fields(other)
            if getattr(other, field.name) != field.default
        }
        return f"/?{urlencode(given)}" if given else "/"

    def sorted_by(self, column: str) -> str:
        """What `sort` is behind the link of a column, which turns the order around if it is that column's."""
        return f"-{column}" if self.sort == column else column

    def direction(self, column: str) -> str:
        """The order of a column in the words of `aria-sort`."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "none")

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return replace(self, sort="name", page=1) != ListQuery()

    def excerpt(self, rows: Iterable[Row], next_run: NextRun) -> Excerpt:
        """The rows of the page."""
        found = self._in_order([row for row in rows if self._has(row)], next_run)
        pages = max(-(-len(found) // ROWS_OF_A_PAGE), 1)
        page = min(self.page, pages)
        return Excerpt(found[(page - 1) * ROWS_OF_A_PAGE : page * ROWS_OF_A_PAGE], len(found), page, pages)

    def _has(self, row: Row) -> bool:
        wanted = (
            (self.owner, (row.owner,)),
            (self.tag, row.tags),
            (self.runner, row.runner.split(", ")),
            (self.timezone, (row.timezone,)),
            (self.status, (row.status.value,)),
            (self.problems, _problems_of(row)),
        )
        return all(not one or one in there for one, there in wanted) and all(
            word in row.text for word in self.q.casefold().split()
        )

    def _in_order(self, rows: list[Row], next_run: NextRun) -> list[Row]:
        """What has no value in the column comes last, in whichever direction."""
        column = self.sort.removeprefix("-")
        keys = {row: _key(row, column, next_run) for row in rows}
        known = [row for row in rows if keys[row]]
        known.sort(key=lambda row: keys[row], reverse=self.sort.startswith("-"))
        return known + [row for row in rows if not keys[row]]


def filters_of(rows: Sequence[Row], environments: Sequence[str], chosen: ListQuery) -> list[Filter]:
    """The filters that can tell the rows apart, or that are set."""
    statuses = {row.status for row in rows}
    has_problems = any(row.diagnostics for row in rows)
    found = (
        ("environment", "Environment", {name: name for name in environments}),
        ("owner", "Owner", _each({row.owner for row in rows})),
        ("tag", "Tag", _each({tag for row in rows for tag in row.tags})),
        ("runner", "Runner", _each({runner for row in rows for runner in row.runner.split(", ")})),
        ("timezone", "Timezone", _each({row.timezone for row in rows})),
        ("status", "DAG file", {status.value: status.value for status in reversed(Status) if status in statuses}),
        ("problems", "Problems", _PROBLEMS if has_problems else {}),
    )
    return [
        Filter(name, label, choices | ({value: value} if value not in {"", *choices} else {}), value)
        for name, label, choices in found
        if (value := getattr(chosen, name)) or len(choices) > 1
    ]


def _each(values: Iterable[str]) -> dict[str, str]:
    return {value: value for value in sorted(values, key=str.casefold) if value}


def _problems_of(row: Row) -> tuple[str, ...]:
    if not row.diagnostics:
        return ("none",)
    return ("any", "errors") if row.has_errors else ("any",)


def _key(row: Row, column: str, next_run: NextRun) -> str:
    """The value of a row by which a column is in order; empty where it has none."""
    if column == "next":
        moment = next_run(row)
        return moment.isoformat() if moment else ""
    if column == "status":
        return str([*Status].index(row.status))
    values = {"start": f"{row.start} {row.interval}".strip(), "tags": ", ".join(row.tags)}
    return str(values.get(column, getattr(row, column, ""))).casefold()
