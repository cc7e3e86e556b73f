"""The dates of a run that a template uses, and the same template for runs without them and for a local date.

It imports Jinja2, so import it only where there is a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import meta, nodes

from codegen.airflow_facts import facts_of
from codegen.airflow_facts.context import OF_A_DATE, OF_AN_INTERVAL
from codegen.text.jinja import AIRFLOW_FILTERS, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAG_RUN = "dag_run."
# The dates that a run itself has: each is None where there is no logical date, but for `run_after`.
_OF_DAG_RUN = ("logical_date", "execution_date", "data_interval_start", "data_interval_end", "run_after")
_PREVIOUS = ("prev_data_interval_start_success", "prev_data_interval_end_success")
# What each text is made of: a point in time, a method of it, and a filter.
_TEXTS = {
    "ds": ("logical_date", "", "ds"),
    "ds_nodash": ("logical_date", "", "ds_nodash"),
    "ts": ("logical_date", "", "ts"),
    "ts_nodash": ("logical_date", "", "ts_nodash"),
    "ts_nodash_with_tz": ("logical_date", "", "ts_nodash_with_tz"),
    "yesterday_ds": ("logical_date", ".subtract(days=1)", "ds"),
    "yesterday_ds_nodash": ("logical_date", ".subtract(days=1)", "ds_nodash"),
    "tomorrow_ds": ("logical_date", ".add(days=1)", "ds"),
    "tomorrow_ds_nodash": ("logical_date", ".add(days=1)", "ds_nodash"),
    "prev_ds": ("prev_execution_date", "", "ds"),
    "prev_ds_nodash": ("prev_execution_date", "", "ds_nodash"),
    "next_ds": ("next_execution_date", "", "ds"),
    "next_ds_nodash": ("next_execution_date", "", "ds_nodash"),
}
_OF_AIRFLOW_2 = frozenset(
    {*_TEXTS, "execution_date", "next_execution_date", "prev_execution_date", "prev_execution_date_success"} - OF_A_DATE
)
_NAMES = OF_A_DATE | OF_AN_INTERVAL | _OF_AIRFLOW_2
# These have their offset.
_ZONED_TEXTS = frozenset(["ts", "ts_nodash_with_tz"])
# Methods of pendulum whose result is in the same timezone.
_IN_THE_SAME_ZONE = frozenset(["add", "end_of", "next", "previous", "replace", "start_of", "subtract"])
_DATE_METHODS = frozenset(
    """
    date isocalendar isoweekday timetuple to_date_string to_day_datetime_string to_formatted_date_string
    to_datetime_string toordinal weekday
    """.split()  # noqa: SIM905  # it is read as a list
)
_DATE_ATTRIBUTES = frozenset(
    """
    day day_of_week day_of_year month quarter week_of_month week_of_year year
    """.split()  # noqa: SIM905  # as above
)
# In the format of `strftime`, and in that of pendulum's `format`: what belongs to a date, and what to an offset.
_FORMATS = {
    "strftime": (re.compile(r"%[-_0^#]?[aAwdbBmyYjUWcxGuVDFhegC]"), re.compile(r"%:?[zZ]")),
    "format": (re.compile(r"[YQMDdEo]|L(?!TS?)"), re.compile(r"[zZ]")),
}
_QUOTED_IN_A_FORMAT = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class DateUse:
    """A place in a template that uses a date of the run.

    Attributes:
        name: the variable, such as `ds`; or the attribute of the run, such as `dag_run.logical_date`.
        of_filter: the filter of Airflow that is applied to it, such as `ds`; may be empty.
        is_whole: whether its `{{ }}` has nothing else.
        is_asked: whether the template says what to do without it.
        is_utc_date: whether the template takes the date in UTC from it.
        needs_pendulum: whether it may use what Python's own `datetime` does not have.
    """

    name: str
    of_filter: str
    is_whole: bool
    is_asked: bool
    is_utc_date: bool
    needs_pendulum: bool

    @property
    def variable(self) -> str:
        """The name without the run."""
        return self.name.removeprefix(_DAG_RUN)

    @property
    def is_of_dag_run(self) -> bool:
        """Whether it is an attribute of the run, which is None where the variable is missing."""
        return self.name.startswith(_DAG_RUN)

    def is_in(self, airflow: str) -> bool:
        """Whether that version of Airflow has it, one of `VERSIONS`."""
        facts = facts_of(airflow)
        return self.variable in facts.context or (self.variable == "run_after" and facts.optional_logical_date)

    @property
    def is_of_previous_run(self) -> bool:
        """Whether it belongs to the last successful run, and is None where there is none."""
        return self.name in _PREVIOUS

    @property
    def text(self) -> str:
        """The name and its filter, as the template has them."""
        return f"{self.name} | {self.of_filter}" if self.of_filter else self.name

    def in_every_run(self) -> str:
        """What to write so that it works in runs with and without a logical date on Airflow 3."""
        expression = _in_every_run(self.name, needs_pendulum=self.needs_pendulum)
        is_or = self.is_of_dag_run and self.of_filter
        return self._instead(f"({expression})" if self.is_whole and is_or else expression)

    def on_the_clock(self, *, may_lack_date: bool) -> str:
        """What to write to get the date in the timezone of the DAG.

        Args:
            may_lack_date: whether there are runs without a logical date.
        """
        moment, method, of_filter = _TEXTS.get(self.name, (self.name, "", ""))
        if may_lack_date and self.variable != "run_after":
            moment = f"({_in_every_run(moment, needs_pendulum=self.needs_pendulum)})"
        # The method of Python's `datetime`, where it is one.
        convert = "astimezone" if may_lack_date or self.is_of_dag_run else "in_timezone"
        expression = f"{moment}.{convert}(dag.timezone){method}"
        return self._instead(f"{expression} | {of_filter}") if of_filter else self._instead(expression, is_word=True)

    def _instead(self, expression: str, *, is_word: bool = False) -> str:
        if self.is_whole:
            of_filter = f" | {self.of_filter}" if self.of_filter else ""
            return f"write `{{{{ {expression}{of_filter} }}}}`"
        return f"write `{expression if is_word else f'({expression})'}` in place of `{self.name}`"


def _in_every_run(name: str, *, needs_pendulum: bool) -> str:
    """An expression that a run without a logical date has too; in others it is what the name is."""
    if name.startswith(_DAG_RUN):
        return f"{name} or dag_run.run_after"
    if name in _PREVIOUS:
        # As in the first run of all.
        return f"{name} | default(none)"
    if name in _TEXTS:
        return f"{name} | default(dag_run.run_after | {name})"
    # The run's own dates are of Python's `datetime`.
    run_after = "dag.start_date.instance(dag_run.run_after)" if needs_pendulum else "dag_run.run_after"
    return f"{name} | default({run_after})"


@lru_cache(maxsize=4096)
def date_uses(text: str) -> tuple[DateUse, ...]:
    """The uses of the dates of a run in a template, in order; none of a text that is no template."""
    tree = tree_of(text)
    if tree is None:
        return ()
    is_asked = _asks(tree)
    # A name that the template itself defines is another thing.
    of_airflow = meta.find_undeclared_variables(tree)
    found = (_use_of(path, is_asked=is_asked) for path in _paths_in((tree,)))
    uses = [use for use in found if use.is_of_dag_run or use.name in of_airflow]
    # One hint for each name, wherever it stands in an expression.
    of_pendulum = {use.name for use in uses if use.needs_pendulum and not use.is_whole}
    return tuple(replace(use, needs_pendulum=not use.is_whole and use.name in of_pendulum) for use in uses)


def _asks(tree: nodes.Template) -> bool:
    """Whether a condition asks for any of the dates, as in `{% if ds is defined %}`: a run has all of them or none."""
    asked = [test.node for test in tree.find_all(nodes.Test) if test.name in {"defined", "undefined"}]
    conditions = [
        *(node.test for node in tree.find_all(nodes.If)),
        *(node.test for node in tree.find_all(nodes.CondExpr)),
    ]
    run_dates = [path[0] for test in conditions for path in _paths_in((test,)) if isinstance(path[0], nodes.Getattr)]
    return any(_name_of(node) for node in (*asked, *run_dates))


def _name_of(node: nodes.Node) -> str:
    """The name of a date, if it is one."""
    if isinstance(node, nodes.Name):
        return node.name if node.name in _NAMES and node.ctx == "load" else ""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "dag_run":
        return f"{_DAG_RUN}{node.attr}" if node.attr in _OF_DAG_RUN else ""
    return ""


# A node with those around it, from the inside out.
_Path = tuple[nodes.Node, ...]


def _paths_in(path: _Path) -> Iterator[_Path]:
    """Each date in a node; what a template has for runs without one belongs to that."""
    node = path[0]
    if _name_of(node):
        yield path
        return
    substituted = next((child for child in node.iter_child_nodes() if _is_substituted(child, node)), None)
    for child in [substituted] if substituted else node.iter_child_nodes():
        yield from _paths_in((child, *path))


def _is_substituted(node: nodes.Node, parent: nodes.Node) -> bool:
    """Whether something else is taken where the date is missing: `ds | default(...)`, `dag_run.logical_date or ...`."""
    if isinstance(parent, nodes.Filter):
        is_first = parent.name in {"d", "default"} and parent.node is node
    else:
        # A variable that is missing fails before the `or`.
        is_first = isinstance(parent, nodes.Or) and parent.left is node and isinstance(node, nodes.Getattr)
    return is_first and bool(_name_of(node))


def _use_of(path: _Path, *, is_asked: bool) -> DateUse:
    name = _name_of(path[0])
    is_substituted = _is_substituted(path[0], path[1])
    path = path[1:] if is_substituted else path
    moved = _moved(path)
    of_filter = _airflow_filter(path[1])
    return DateUse(
        name,
        of_filter,
        is_whole=isinstance(path[2 if of_filter else 1], nodes.Output),
        is_asked=is_asked or is_substituted or name == "dag_run.run_after",
        is_utc_date=_is_utc_text(name, path[1]) if name in _TEXTS else _is_date(moved),
        needs_pendulum=name not in _TEXTS and not (_is_of_datetime(path[1]) and _is_of_datetime(moved[1])),
    )


def _moved(path: _Path) -> _Path:
    """The path from the point in time that is some time before or after that, in the same timezone."""
    node, parent = path[:2]
    if isinstance(parent, nodes.Add | nodes.Sub) and parent.left is node:
        return _moved(path[1:])
    if isinstance(parent, nodes.Getattr) and parent.attr in _IN_THE_SAME_ZONE and isinstance(path[2], nodes.Call):
        return _moved(path[2:])
    return path


def _is_utc_text(name: str, parent: nodes.Node) -> bool:
    """Whether the text is a date in UTC, or one with an offset that is cut off, as in `ts[:10]`."""
    return name not in _ZONED_TEXTS or isinstance(parent, nodes.Getitem)


def _is_date(path: _Path) -> bool:
    """Whether the template takes the date of a point in time."""
    parent = path[1]
    if not isinstance(parent, nodes.Getattr):
        return _airflow_filter(parent) not in {"", *_ZONED_TEXTS}
    call = path[2] if isinstance(path[2], nodes.Call) else None
    return parent.attr in _DATE_ATTRIBUTES or parent.attr in _DATE_METHODS or _formats_date(parent.attr, call)


def _formats_date(method: str, call: nodes.Call | None) -> bool:
    """Whether a format has a date in it, and no offset."""
    first = call.args[0] if call and call.args else None
    if method not in _FORMATS or not isinstance(first, nodes.Const):
        return False
    of_date, of_offset = _FORMATS[method]
    text = _QUOTED_IN_A_FORMAT.sub("", str(first.value))
    return bool(of_date.search(text)) and not of_offset.search(text)


def _is_of_datetime(parent: nodes.Node) -> bool:
    """Whether Python's own `datetime` has what is done with a point in time."""
    if isinstance(parent, nodes.Getattr):
        return hasattr(datetime, parent.attr)
    return bool(_airflow_filter(parent)) or isinstance(parent, nodes.Add | nodes.Sub | nodes.Concat | nodes.Output)


def _airflow_filter(node: nodes.Node) -> str:
    """The filter of Airflow that the node is, if it is one."""
    return node.name if isinstance(node, nodes.Filter) and node.name in AIRFLOW_FILTERS else ""
