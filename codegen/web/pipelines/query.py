"""The search, filters, order and page of the list, from the query string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import urlencode

from codegen.web.pipelines.columns import COLUMNS, FILTERS, is_sortable
from codegen.web.pipelines.listing import Row

ROWS_OF_A_PAGE = 100
_DEFAULTS: Mapping[str, object] = {"sort": "name", "page": 1}


@dataclass(frozen=True)
class Filter:
    """A filter above the list."""

    name: str
    label: str
    choices: Mapping[str, str]
    chosen: str


@dataclass(frozen=True)
class Excerpt:
    """The rows of one page."""

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
    """A query of the list; an empty value selects everything.

    Attributes:
        q: the search words; a row must contain all of them.
        filters: the selected value of each active filter.
        sort: a column, with a leading dash for descending order.
        page: counted from 1.
    """

    q: str = ""
    deployment: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = "name"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str], deployments: Sequence[str] = ()) -> ListQuery:
        """Create the query from a query string, ignoring invalid values."""
        sort, page, deployment = query.get("sort", ""), query.get("page", ""), query.get("environment", "")
        return cls(
            query.get("q", ""),
            deployment if deployment in deployments else "",
            {name: query[name] for name in FILTERS if query.get(name)},
            sort if is_sortable(sort.removeprefix("-")) else "name",
            max(int(page), 1) if page.isdecimal() and len(page) < len("1000000") else 1,
        )

    @property
    def values(self) -> Mapping[str, str]:
        """The values of the query string, without the page and defaults."""
        values = {"q": self.q, "environment": self.deployment, **self.filters, "sort": self.sort}
        return {name: value for name, value in values.items() if value != _DEFAULTS.get(name, "")}

    def address(self, **changes: str | int) -> str:
        """Return the URL of the list with some values changed, and the first page unless `page` is given."""
        values = {**self.values, **changes}
        query = {name: value for name, value in values.items() if value != _DEFAULTS.get(name, "")}
        return f"/?{urlencode(query)}" if query else "/"

    def sorted_by(self, column: str) -> str:
        """Return the value of `sort` for the link of a column; the link of the current column reverses the order."""
        return f"-{column}" if self.sort == column else column

    def direction(self, column: str) -> str:
        """Return the value of `aria-sort` for a column."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "none")

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or filter is active."""
        return replace(self, sort="name", page=1) != ListQuery()

    def excerpt(self, rows: Sequence[Row]) -> Excerpt:
        """Select the rows of the page."""
        found = self._sorted([row for row in rows if self._has(row)] if self.filters or self._words else rows)
        pages = max(-(-len(found) // ROWS_OF_A_PAGE), 1)
        page = min(self.page, pages)
        return Excerpt(found[(page - 1) * ROWS_OF_A_PAGE : page * ROWS_OF_A_PAGE], len(found), page, pages)

    def filters_of(self, choices: Mapping[str, Mapping[str, str]], environments: Sequence[str]) -> list[Filter]:
        """Return the filters with at least two choices, and the active ones."""
        choices = {"environment": {name: name for name in environments}, **choices}
        labels = {"environment": "Environment"} | {name: column.label for name, column in FILTERS.items()}
        chosen = {"environment": self.deployment, **self.filters}
        return [
            Filter(name, labels[name], {**each} | ({} if value in {"", *each} else {value: value}), value)
            for name, each in choices.items()
            if (value := chosen.get(name, "")) or len(each) > 1
        ]

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(self.q.casefold().split())

    def _has(self, row: Row) -> bool:
        return all(value in FILTERS[name].values(row) for name, value in self.filters.items()) and all(
            word in row.search_text for word in self._words
        )

    def _sorted(self, rows: Sequence[Row]) -> list[Row]:
        """Sort the rows by the column. Rows without a value come last in both directions."""
        column = COLUMNS[self.sort.removeprefix("-")]
        keyed = [(column.text(row), row) for row in rows]
        known = [pair for pair in keyed if pair[0]]
        known.sort(key=lambda pair: column.sort_key(pair[0]), reverse=self.sort.startswith("-"))
        return [row for _, row in known] + [row for text, row in keyed if not text]
