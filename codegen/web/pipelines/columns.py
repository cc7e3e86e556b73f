"""The columns of the list and its filters: each is one declaration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from codegen.web.pipelines.listing import Row, Status


@dataclass(frozen=True)
class Column:
    """A column of the list. Where `pipelines_cells.html` has a macro of its name, that makes its cells.

    Attributes:
        name: its name in the address, as in `?sort=owner`.
        value: its value in a row, or its values; empty where a row has none.
        filter: the name of its filter in the address; empty where it has none.
        order: its values in their order; by default the alphabet decides.
        words: the values that a filter shows in other words.
        is_sortable: whether the list can be sorted by it.
    """

    name: str
    label: str
    value: Callable[[Row], str | Sequence[str]]
    filter: str = ""
    order: Sequence[str] = ()
    words: dict[str, str] | None = None
    is_sortable: bool = True

    def values(self, row: Row) -> Sequence[str]:
        """The values of a row."""
        value = self.value(row)
        return [value] if isinstance(value, str) and value else value

    def text(self, row: Row) -> str:
        """The values of a row on one line."""
        return ", ".join(self.values(row))

    def sort_key(self, value: str) -> tuple[int, str]:
        """The key by which rows and the choices of a filter are sorted."""
        return (self.order.index(value) if value in self.order else len(self.order)), value.casefold()


_COLUMNS = (
    Column("name", "Pipeline", lambda row: row.name),
    Column("runs", "Runs", lambda row: row.runs),
    Column("start", "Starts", lambda row: f"{row.start} {row.interval}".strip()),
    Column("timezone", "Timezone", lambda row: row.schedule.timezone if row.schedule else "", "timezone"),
    Column("next", "Next run", lambda row: run.isoformat() if (run := row.next_run) else ""),
    Column("owner", "Owner", lambda row: (row.schedule.owner or "") if row.schedule else "", "owner"),
    Column("tags", "Tags", lambda row: row.schedule.tags if row.schedule else (), "tag"),
    Column("runner", "Runner", lambda row: row.runners, "runner"),
    Column("status", "DAG file", lambda row: row.status.value, "status", [status.value for status in Status]),
    Column("proposals", "Proposed", lambda row: row.proposals),
    Column("airflow", "Last run in Airflow", lambda row: row.name if row.schedule else "", is_sortable=False),
)
COLUMNS = {column.name: column for column in _COLUMNS}
_PROBLEMS = Column(
    "problems",
    "Problems",
    lambda row: (("any", "errors") if row.has_errors else ("any",)) if row.diagnostics else "none",
    "problems",
    ["errors", "any", "none"],
    {"errors": "with errors", "any": "with errors or warnings", "none": "without"},
)
_PROPOSED = Column(
    "proposed",
    "Proposed",
    lambda row: ("any", *row.proposals) if row.proposals else "none",
    "proposed",
    ["any", "none"],
    {"any": "with proposed changes", "none": "without"},
)
# A filter is a column, shown or not. The environment decides what the list is made of, not which rows it shows.
FILTERS = {column.filter: column for column in (*_COLUMNS, _PROBLEMS, _PROPOSED) if column.filter}


def is_sortable(name: str) -> bool:
    """Whether that is a column by which the list can be sorted."""
    return name in COLUMNS and COLUMNS[name].is_sortable


def hideable(names: Collection[str]) -> tuple[str, ...]:
    """Those of some names that are columns that can be hidden: all but the first."""
    return tuple(column.name for column in _COLUMNS[1:] if column.name in names)


def columns_of(rows: Sequence[Row], *, with_airflow: bool) -> Mapping[str, Column]:
    """The columns that a list with these rows can have."""
    missing = {"airflow": not with_airflow, "proposals": not any(row.proposals for row in rows)}
    return {name: column for name, column in COLUMNS.items() if not missing.get(name)}


def choices_of(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """The values of each filter in some rows, each with its text."""
    choices = {}
    for name, column in FILTERS.items():
        words = column.words or {}
        values = {value for row in rows for value in column.values(row)}
        choices[name] = {value: words.get(value, value) for value in sorted(values, key=column.sort_key)}
    return choices
