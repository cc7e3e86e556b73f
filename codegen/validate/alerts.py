"""Checks alerts: Airflow must be able to send them and to render their texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.airflow_facts.context import DATE_NAMES, IN_SOME_TASKS, INTERVAL_NAMES, always_in
from codegen.diagnostics import Diagnostic, Location, nearest, quoted
from codegen.keys.table import keys_of
from codegen.schema import Schedule
from codegen.schema.alerts import DEADLINE, EVENTS, Alert, EmailAlert, PythonAlert, SlackAlert
from codegen.text.jinja import variables_of
from codegen.validate.places import tasks_of, texts_in

# On Airflow 3, the alert of a run may have no task (airflow/dag_processing/processor.py, `_execute_dag_callbacks`).
_OF_EVERY_RUN_OF_3 = frozenset(["dag", "reason", "run_id"])
# For SLAs on Airflow 2 (airflow/notifications/basenotifier.py), for deadlines on 3 (airflow/models/deadline.py).
_OF_AN_SLA = frozenset(["blocking_task_list", "blocking_tis", "dag", "slas", "task_list"])
_OF_A_DEADLINE = frozenset(["dag_run", "deadline"])


class _Context(NamedTuple):
    """The variables that the texts of an alert always or sometimes have; `of` names the alert in messages."""

    always: frozenset[str]
    at_times: frozenset[str]
    of: str


def check_alerts(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check the alerts of a schedule and its tasks, for a version of Airflow."""
    yield from _check_retries(schedule)
    for event in (*EVENTS, DEADLINE):
        for alert in getattr(schedule, event) or ():
            yield from _check_alert(alert, _context_of(schedule, airflow, event))
    for task in schedule.tasks or ():
        for event in EVENTS:
            for alert in getattr(task, event) or ():
                yield from _check_alert(alert, _context_of(schedule, airflow))


def check_deadline(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check that `deadline` and `on_deadline` are both set and supported by the Airflow version."""
    keys = [name for name, value in (("deadline", schedule.deadline), (DEADLINE, schedule.on_deadline)) if value]
    if not keys:
        return
    where = schedule.where(*keys)
    if keys == [DEADLINE] and where.path != schedule.source:
        # The defaults set it for the schedules with a deadline.
        return
    facts = facts_of(airflow)
    if not facts.has_sla and "deadline" not in facts.dag:
        message = f"Airflow {airflow} supports neither SLAs nor deadlines, but {quoted(schedule.name)} has a `deadline`"
        hint = "use a newer `airflow`, or `dagrun_timeout`, which ends the run"
        yield Diagnostic(rules.UNSUPPORTED, message, where, hint)
    elif keys == ["deadline"]:
        hint = "add `on_deadline`, or `dagrun_timeout` instead, which ends the run"
        yield Diagnostic(rules.MISSING_KEY, "no alert is sent when the `deadline` passes", where, hint)
    elif keys == [DEADLINE]:
        yield Diagnostic(rules.MISSING_KEY, "`on_deadline` requires `deadline`", where, "add `deadline: 2h`")
    elif facts.has_sla and schedule.clock.is_manual:
        name = quoted(schedule.name)
        message = f"Airflow 2 supports deadlines only for scheduled runs, but {name} is manual"
        # An inherited deadline is meant for other schedules.
        rule = rules.UNSUPPORTED if where.path == schedule.source else rules.NO_EFFECT
        yield Diagnostic(rule, message, where, "use an interval, or write `deadline: null`")


def _check_retries(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report retry settings without an effect."""
    tasks = tasks_of(schedule)
    retries = [schedule.of(task, "retries") for task in tasks]
    if schedule.on_retry and not any(retries):
        message = "no task is ever retried"
        yield Diagnostic(rules.NO_EFFECT, message, schedule.where("on_retry"), "set `retries`")
    for task, number in zip(tasks, retries, strict=True):
        if task.on_retry and not number:
            message = "the task is never retried"
            yield Diagnostic(rules.NO_EFFECT, message, task.at["on_retry"], "set `retries`")
    if schedule.max_retry_delay and not any(schedule.of(task, "retry_exponential_backoff") for task in tasks):
        message = "`max_retry_delay` has an effect only with `retry_exponential_backoff`"
        hint = "add `retry_exponential_backoff: true`, or set only `retry_delay`"
        yield Diagnostic(rules.NO_EFFECT, message, schedule.where("max_retry_delay"), hint)


def _context_of(schedule: Schedule, airflow: str, event: str = "on_retry") -> _Context:
    """Return the context of an event of the schedule. All events of a task have the context of a retry."""
    facts = facts_of(airflow)
    if event == DEADLINE:
        return _Context(_OF_AN_SLA if facts.has_sla else _OF_A_DEADLINE, frozenset(), "the alert of a deadline")
    always, at_times, dates = always_in(airflow), IN_SOME_TASKS, DATE_NAMES | INTERVAL_NAMES
    # On Airflow 3, a run that another schedule starts has no logical date.
    if schedule.after and facts.optional_logical_date:
        at_times |= dates
    else:
        always |= dates
    if event == "on_retry":
        return _Context(always, at_times, "the alert of a task")
    if facts.has_api_server:
        return _Context(_OF_EVERY_RUN_OF_3, always | at_times, "the alert of a run")
    return _Context(always | {"reason"}, at_times, "the alert of a run")


def _check_alert(alert: Alert, context: _Context) -> Iterator[Diagnostic]:
    kind = alert.kind
    if isinstance(kind, SlackAlert):
        yield from _check_slack(kind)
    elif not isinstance(kind, (EmailAlert, PythonAlert)) and "://" in (kind.endpoint or ""):
        hint = "keep only the path: the connection has the host"
        yield Diagnostic(rules.INVALID_VALUE, "expected a path in `endpoint`, got a URL", kind.at["endpoint"], hint)
    for name in keys_of(type(kind)) if not isinstance(kind, PythonAlert) else ():
        where = kind.at.get(name, kind.at[""])
        for text in texts_in(getattr(kind, name)):
            yield from _check_variables(text, context, where)


def _check_slack(alert: SlackAlert) -> Iterator[Diagnostic]:
    """Check that an alert has a Slack channel or an incoming webhook, but not both."""
    if not (alert.channel or alert.slack_webhook_conn_id):
        hint = 'add `channel: "#data-alerts"`, or `slack_webhook_conn_id`'
        yield Diagnostic(rules.MISSING_KEY, "the alert has no Slack channel", alert.at[""], hint)
    elif alert.slack_webhook_conn_id and (alert.channel or alert.slack_conn_id):
        message = "`slack_webhook_conn_id` already sets the channel and the token"
        hint = "keep `slack_webhook_conn_id`, or `channel` and `slack_conn_id`"
        yield Diagnostic(rules.MIXED_KINDS, message, alert.at["slack_webhook_conn_id"], hint)


def _check_variables(text: str, context: _Context, where: Location) -> Iterator[Diagnostic]:
    """Report missing variables: Airflow cannot render the text and does not send the alert."""
    for name, is_asked in variables_of(text).items():
        if name in context.always:
            continue
        if name not in context.at_times:
            known = context.always | context.at_times
            hint = (
                nearest(name, sorted(known)) or f"expected one of {', '.join(f'`{k}`' for k in sorted(context.always))}"
            )
            yield Diagnostic(rules.UNKNOWN_VARIABLE, f"{context.of} has no variable {quoted(name)}", where, hint)
        elif not is_asked:
            message = f"{context.of} does not always have {quoted(name)}: without it, the alert is not sent"
            hint = f"write `{{% if {name} is defined %}}...{{% endif %}}` around it"
            yield Diagnostic(rules.MISSING_VARIABLE, message, where, hint)
