"""The columns and filters of the list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from codegen.web.pipelines.listing import Row, Status


@dataclass(frozen=True)
class Column:
    """A column of the list. A macro with its name in `pipelines_cells.html` renders its cells; default: the text.

    Attributes:
        name: its name in the query string, as in `?sort=owner`.
        value: returns its value or values in a row; empty if a row has no value.
        filter: the name of its filter in the query string; empty without a filter.
        order: its values in sort order; alphabetical by default.
        words: the labels of values in the filter, if they differ from the values.
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
        """Return the values of a row."""
        value = self.value(row)
        return [value] if isinstance(value, str) and value else value

    def text(self, row: Row) -> str:
        """Return the values of a row on one line."""
        return ", ".join(self.values(row))

    def sort_key(self, value: str) -> tuple[int, str]:
        """Return the sort key of a value, for rows and for the choices of a filter."""
        return (self.order.index(value) if value in self.order else len(self.order)), value.casefold()


_COLUMNS = (
    Column("name", "Pipeline", lambda row: row.name),
    Column("runs", "Runs", lambda row: row.runs),
    Column("start", "Schedule", lambda row: f"{row.start} {row.interval}".strip()),
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
# A filter belongs to a column, visible or not. The environment is not a filter: it determines the content of rows.
FILTERS = {column.filter: column for column in (*_COLUMNS, _PROBLEMS, _PROPOSED) if column.filter}


def is_sortable(name: str) -> bool:
    """Return whether the list can be sorted by a column of that name."""
    return name in COLUMNS and COLUMNS[name].is_sortable


def hideable(names: Collection[str]) -> tuple[str, ...]:
    """Keep only the names of columns that can be hidden: all except the first."""
    return tuple(column.name for column in _COLUMNS[1:] if column.name in names)


def columns_of(*, with_airflow: bool, with_proposals: bool) -> Mapping[str, Column]:
    """Return the columns that a list can have."""
    possible = {"airflow": with_airflow, "proposals": with_proposals}
    return {name: column for name, column in COLUMNS.items() if possible.get(name, True)}


def choices_of(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Return the choices of each filter for some rows: values with their labels."""
    choices = {}
    for name, column in FILTERS.items():
        words = column.words or {}
        values = {value for row in rows for value in column.values(row)}
        choices[name] = {value: words.get(value, value) for value in sorted(values, key=column.sort_key)}
    return choices
