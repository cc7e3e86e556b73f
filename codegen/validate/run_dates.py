"""Finds the dates of a run in a template, and the fixes for runs without them and for local dates.

Imports Jinja2, so import this module only for a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from jinja2 import nodes

from codegen.airflow_facts import facts_of
from codegen.airflow_facts.context import DATE_NAMES, INTERVAL_NAMES
from codegen.text.jinja import AIRFLOW_FILTERS, tree_of, undeclared_in

_DAG_RUN = "dag_run."
# The dates in `dag_run`. Without a logical date, all but `run_after` are None.
_OF_DAG_RUN = ("logical_date", "execution_date", "data_interval_start", "data_interval_end", "run_after")
_PREVIOUS = ("prev_data_interval_start_success", "prev_data_interval_end_success")
# Each text variable as a date variable, a method call on it, and a filter.
_TEXTS = {name: ("logical_date", "", name) for name in AIRFLOW_FILTERS}
for _name in ("ds", "ds_nodash"):
    _TEXTS[f"yesterday_{_name}"] = ("logical_date", ".subtract(days=1)", _name)
    _TEXTS[f"tomorrow_{_name}"] = ("logical_date", ".add(days=1)", _name)
    _TEXTS[f"prev_{_name}"] = ("prev_execution_date", "", _name)
    _TEXTS[f"next_{_name}"] = ("next_execution_date", "", _name)
_OF_AIRFLOW_2 = {*_TEXTS, "execution_date", "next_execution_date", "prev_execution_date", "prev_execution_date_success"}
_NAMES = DATE_NAMES | INTERVAL_NAMES | _OF_AIRFLOW_2
# Text variables with a UTC offset.
_ZONED_TEXTS = frozenset(["ts", "ts_nodash_with_tz"])
# Pendulum methods that keep the timezone.
_IN_THE_SAME_ZONE = frozenset(["add", "end_of", "next", "previous", "replace", "start_of", "subtract"])
_OF_THE_DATE = frozenset(
    """
    date day day_of_week day_of_year isocalendar isoweekday month quarter timetuple to_date_string
    to_datetime_string to_day_datetime_string to_formatted_date_string toordinal week_of_month week_of_year weekday year
    """.split()  # noqa: SIM905  # more readable
)
# The directives for dates and for offsets in `strftime` and in pendulum's `format`.
_FORMATS = {
    "strftime": (re.compile(r"%[-_0^#]?[aAwdbBmyYjUWcxGuVDFhegC]"), re.compile(r"%:?[zZ]")),
    "format": (re.compile(r"[YQMDdEo]|L(?!TS?)"), re.compile(r"[zZ]")),
}
# Variables that are not dates.
_NO_DATES = {"dag", "dag_run", "macros", "params"}
_QUOTED_IN_A_FORMAT = re.compile(r"\[[^\[\]]*\]")


class DateUse(NamedTuple):
    """A use of a run date in a template, such as `ds` or `dag_run.logical_date`.

    Attributes:
        of_filter: the Airflow filter after it, such as `ds`, if any.
        is_whole: whether it is the only expression in its `{{ }}`.
        is_asked: whether the template handles a missing date.
        is_utc_date: whether the template uses its date in UTC.
        needs_pendulum: whether the template may use methods that Python's `datetime` does not have.
    """

    name: str
    of_filter: str
    is_whole: bool
    is_asked: bool
    is_utc_date: bool
    needs_pendulum: bool

    @property
    def variable(self) -> str:
        """The name without `dag_run`."""
        return self.name.removeprefix(_DAG_RUN)

    @property
    def is_of_dag_run(self) -> bool:
        """Whether it is an attribute of `dag_run`, which is None instead of undefined."""
        return self.name.startswith(_DAG_RUN)

    def is_in(self, airflow: str) -> bool:
        """Return whether an Airflow version has the variable."""
        facts = facts_of(airflow)
        return self.variable in facts.context or (self.variable == "run_after" and facts.optional_logical_date)

    @property
    def is_of_previous_run(self) -> bool:
        """Whether it is a date of the last successful run, or None without such a run."""
        return self.name in _PREVIOUS

    @property
    def text(self) -> str:
        """The name and the filter, as in the template."""
        return f"{self.name} | {self.of_filter}" if self.of_filter else self.name

    def in_every_run(self) -> str:
        """Return a fix that works for runs with and without a logical date on Airflow 3."""
        expression = _in_every_run(self.name, needs_pendulum=self.needs_pendulum)
        is_or = self.is_of_dag_run and self.of_filter
        return self._instead(f"({expression})" if self.is_whole and is_or else expression)

    def on_the_clock(self, *, may_lack_date: bool) -> str:
        """Return a fix for the date in the timezone of the DAG, also for runs without a logical date."""
        point, method, of_filter = _TEXTS.get(self.name, (self.name, "", ""))
        if may_lack_date and self.variable != "run_after":
            point = f"({_in_every_run(point, needs_pendulum=self.needs_pendulum)})"
        # `datetime` does not have pendulum's `in_timezone`.
        convert = "astimezone" if may_lack_date or self.is_of_dag_run else "in_timezone"
        expression = f"{point}.{convert}(dag.timezone){method}"
        return self._instead(f"{expression} | {of_filter}") if of_filter else self._instead(expression, is_word=True)

    def _instead(self, expression: str, *, is_word: bool = False) -> str:
        if self.is_whole:
            of_filter = f" | {self.of_filter}" if self.of_filter else ""
            return f"write `{{{{ {expression}{of_filter} }}}}`"
        return f"write `{expression if is_word else f'({expression})'}` instead of `{self.name}`"


def _in_every_run(name: str, *, needs_pendulum: bool) -> str:
    """Return an expression that equals the date if the run has one, and also works without a logical date."""
    if name.startswith(_DAG_RUN):
        return f"{name} or dag_run.run_after"
    if name in _PREVIOUS:
        # None, as in the first run.
        return f"{name} | default(none)"
    if name in _TEXTS:
        return f"{name} | default(dag_run.run_after | {name})"
    # The dates in `dag_run` are Python's `datetime`.
    run_after = "dag.start_date.instance(dag_run.run_after)" if needs_pendulum else "dag_run.run_after"
    return f"{name} | default({run_after})"


@lru_cache(maxsize=4096)
def date_uses(text: str) -> tuple[DateUse, ...]:
    """Return the uses of run dates in a template, in order."""
    tree = tree_of(text)
    if tree is None:
        return ()
    is_asked, needs_pendulum = _asks(tree), _needs_pendulum(tree)
    # A name that the template defines itself is not a use.
    of_airflow = undeclared_in(tree)
    found = (_use_of(path, is_asked=is_asked, needs_pendulum=needs_pendulum) for path in _paths_in((tree,)))
    return tuple(use for use in found if use.is_of_dag_run or use.name in of_airflow)


def _needs_pendulum(tree: nodes.Template) -> bool:
    """Return whether a template uses an attribute that Python's `datetime` does not have."""
    found = (node for node in tree.find_all(nodes.Getattr) if getattr(node.node, "name", "") not in _NO_DATES)
    return not all(hasattr(datetime, node.attr) for node in found)


def _asks(tree: nodes.Template) -> bool:
    """Return whether a condition tests a date, as in `{% if ds is defined %}`: a run has all dates or none."""
    asked = [test.node for test in tree.find_all(nodes.Test) if test.name in {"defined", "undefined"}]
    conditions = [*(n.test for n in tree.find_all(nodes.If)), *(n.test for n in tree.find_all(nodes.CondExpr))]
    run_dates = [path[0] for test in conditions for path in _paths_in((test,)) if isinstance(path[0], nodes.Getattr)]
    return any(_name_of(node) for node in (*asked, *run_dates))


def _name_of(node: nodes.Node) -> str:
    """Return the name of a date, if the node is one."""
    if isinstance(node, nodes.Name):
        return node.name if node.name in _NAMES and node.ctx == "load" else ""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "dag_run":
        return f"{_DAG_RUN}{node.attr}" if node.attr in _OF_DAG_RUN else ""
    return ""


# A node and its ancestors, innermost first.
_Path = tuple[nodes.Node, ...]


def _paths_in(path: _Path) -> Iterator[_Path]:
    """Yield the path of each date in a node, without the dates in its substitutes."""
    node = path[0]
    if _name_of(node):
        yield path
        return
    substituted = next((child for child in node.iter_child_nodes() if _is_substituted(child, node)), None)
    for child in [substituted] if substituted else node.iter_child_nodes():
        yield from _paths_in((child, *path))


def _is_substituted(node: nodes.Node, parent: nodes.Node) -> bool:
    """Return whether a missing date has a substitute: `ds | default(...)`, `dag_run.logical_date or ...`."""
    if isinstance(parent, nodes.Filter):
        is_first = parent.name in {"d", "default"} and parent.node is node
    else:
        # A missing variable fails before the `or`.
        is_first = isinstance(parent, nodes.Or) and parent.left is node and isinstance(node, nodes.Getattr)
    return is_first and bool(_name_of(node))


def _use_of(path: _Path, *, is_asked: bool, needs_pendulum: bool) -> DateUse:
    name = _name_of(path[0])
    is_substituted = _is_substituted(path[0], path[1])
    path = path[1:] if is_substituted else path
    of_filter = _airflow_filter(path[1])
    # The offset of a text can be cut off, as in `ts[:10]`.
    is_utc_text = name not in _ZONED_TEXTS or isinstance(path[1], nodes.Getitem)
    is_whole = isinstance(path[2 if of_filter else 1], nodes.Output)
    return DateUse(
        name,
        of_filter,
        is_whole=is_whole,
        is_asked=is_asked or is_substituted or name == "dag_run.run_after",
        is_utc_date=is_utc_text if name in _TEXTS else _is_date(_moved(path)),
        needs_pendulum=needs_pendulum and not is_whole,
    )


def _moved(path: _Path) -> _Path:
    """Return the path without additions and methods that keep the timezone."""
    node, parent = path[:2]
    if isinstance(parent, nodes.Add | nodes.Sub) and parent.left is node:
        return _moved(path[1:])
    if isinstance(parent, nodes.Getattr) and parent.attr in _IN_THE_SAME_ZONE and isinstance(path[2], nodes.Call):
        return _moved(path[2:])
    return path


def _is_date(path: _Path) -> bool:
    """Return whether the template uses the calendar date of a datetime."""
    parent = path[1]
    if not isinstance(parent, nodes.Getattr):
        return _airflow_filter(parent) not in {"", *_ZONED_TEXTS}
    if parent.attr not in _FORMATS or not isinstance(path[2], nodes.Call):
        return parent.attr in _OF_THE_DATE
    # A format with a date and no offset.
    of_date, of_offset = _FORMATS[parent.attr]
    text = "".join(
        _QUOTED_IN_A_FORMAT.sub("", str(each.value)) for each in path[2].args[:1] if isinstance(each, nodes.Const)
    )
    return bool(of_date.search(text)) and not of_offset.search(text)


def _airflow_filter(node: nodes.Node) -> str:
    """Return the Airflow filter, if the node is one."""
    return node.name if isinstance(node, nodes.Filter) and node.name in AIRFLOW_FILTERS else ""
