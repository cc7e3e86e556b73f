"""The columns of the list and its filters: each is one declaration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """

    name: str
    label: str
    value: Callable[[Row], str | Sequence[str]]
    filter: str = ""
    order: Sequence[str] = ()
    words: dict[str, str] | None = None

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
)
COLUMNS = {column.name: column for column in _COLUMNS}
_PROBLEMS = Column(
    "problems",
    "Problems",
    lambda row: (("any", "errors") if row.has_errors else ("any",)) if row.diagnostics else "none",
    "problems",
    words={"any": "errors or warnings", "none": "nothing"},
)
# A filter is a column, shown or not. The environment decides what the list is made of, not which rows it shows.
FILTERS = {column.filter: column for column in (*_COLUMNS, _PROBLEMS) if column.filter}


def choices_of(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """The values of each filter in some rows, each with its text."""
    choices = {}
    for name, column in FILTERS.items():
        words = column.words or {}
        values = {value for row in rows for value in column.values(row)}
        choices[name] = {value: words.get(value, value) for value in sorted(values, key=column.sort_key)}
    return choices
