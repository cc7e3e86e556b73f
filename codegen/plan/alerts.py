"""Alerts: Airflow's notifiers and callbacks, what they say, and the functions that call those of the project.

Which variables a text may use depends on who calls. The callbacks of a task get its context. Those of a DAG have, on
Airflow 3, only `dag`, `run_id` and `reason` for sure (airflow/dag_processing/processor.py, `_execute_dag_callbacks`),
a deadline's `dag_run` and `deadline` (airflow/models/deadline.py, `handle_miss`), and those of an SLA what Airflow 2
gives them (airflow/notifications/basenotifier.py, `__call__`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.plan.functions import import_line
from codegen.plan.naming import free_name
from codegen.plan.rendered import rendered
from codegen.plan.tree import PlannedFunction
from codegen.schema.alerts import EmailAlert, PythonAlert, SlackAlert, WebhookAlert
from codegen.source_text import code, text
from codegen.values import Argument, Call, Identifier, Value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from codegen.schema import Schedule, Task
    from codegen.schema.alerts import Alert

# What Airflow 2 calls the callbacks of an SLA with (airflow/dag_processing/processor.py, `manage_slas`).
_SLA_PARAMETERS = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")
_TRY = "Try {{ ti.try_number }} of {{ ti.max_tries + 1 }}: {{ ti.log_url }}"


@dataclass(frozen=True)
class _Event:
    """What an alert tells of.

    Attributes:
        name: what a webhook gets as `event`.
        text: the constant that holds the text.
        subject: of an e-mail.
        fields: what a webhook gets further, by templates.
    """

    name: str
    text: str
    subject: str
    fields: Mapping[str, str]


_OF_A_RUN = {"dag_id": "{{ dag.dag_id }}", "run_id": "{{ run_id }}"}
_OF_A_TASK = {**_OF_A_RUN, "task_id": "{{ ti.task_id }}"}
_RUN_EVENTS = {
    "on_failure": _Event("failure", "RUN_FAILED", "{{ dag.dag_id }} failed", _OF_A_RUN),
    "on_success": _Event("success", "RUN_SUCCEEDED", "{{ dag.dag_id }} succeeded", _OF_A_RUN),
}
_TASK_EVENTS = {
    "on_failure": _Event("failure", "TASK_FAILED", "{{ dag.dag_id }}: {{ ti.task_id }} failed", _OF_A_TASK),
    "on_success": _Event("success", "TASK_SUCCEEDED", "{{ dag.dag_id }}: {{ ti.task_id }} succeeded", _OF_A_TASK),
    "on_retry": _Event("retry", "TASK_RETRIED", "{{ dag.dag_id }}: {{ ti.task_id }} is tried again", _OF_A_TASK),
}
_DEADLINE_OF_2 = _Event("deadline", "RUN_LATE", "{{ dag.dag_id }} is late", {"dag_id": "{{ dag.dag_id }}"})
_DEADLINE = _Event(
    "deadline",
    "RUN_LATE",
    "{{ dag_run.dag_id }} is late",
    {"dag_id": "{{ dag_run.dag_id }}", "run_id": "{{ dag_run.dag_run_id }}"},
)

_TEXTS = {
    "RUN_FAILED": (
        "{{ dag.dag_id }} failed: {{ reason }} in {{ run_id }}\n"
        "{% if ti is defined %}{{ ti.task_id }}: {{ ti.log_url or '' }}{% endif %}"
    ),
    "RUN_SUCCEEDED": "{{ dag.dag_id }} succeeded: {{ run_id }}",
    "TASK_FAILED": "{{ dag.dag_id }}: {{ ti.task_id }} failed in {{ run_id }}\n" + _TRY,
    "TASK_SUCCEEDED": "{{ dag.dag_id }}: {{ ti.task_id }} succeeded in {{ run_id }}\n" + _TRY,
    "TASK_RETRIED": "{{ dag.dag_id }}: {{ ti.task_id }} failed and is tried again in {{ run_id }}\n" + _TRY,
    "RUN_LATE": (
        "{{ dag_run.dag_id }} is late: {{ dag_run.dag_run_id }}\n"
        "It should have ended before {{ deadline.deadline_time }}"
    ),
}
# On Airflow 2 the `ti` of a DAG's callback is any task of the run, and an SLA knows only its tasks.
_TEXTS_OF_2 = {
    "RUN_FAILED": (
        "{{ dag.dag_id }} failed: {{ reason }} in {{ run_id }}\n"
        "{{ dag_run.get_task_instances(state='failed') | join(' ', attribute='log_url') }}"
    ),
    "RUN_LATE": "{{ dag.dag_id }} is late\n{{ task_list.splitlines() | join(', ') }}",
}


@dataclass(frozen=True)
class AlertFunction:
    """A function of the generated file that imports one of the project when it is called, and calls it."""

    name: str
    parameters: tuple[str, ...]
    body: str

    @property
    def planned(self) -> PlannedFunction:
        """It as Python."""
        return PlannedFunction(self.name, f"def {self.name}({', '.join(self.parameters)}):\n{self.body}")


def alert_functions(schedule: Schedule, airflow: str, taken: Collection[str]) -> tuple[AlertFunction, ...]:
    """One for each callable and its arguments; none for a deadline of Airflow 3, which calls by a path.

    Args:
        schedule: a checked schedule.
        airflow: the version, one of `VERSIONS`.
        taken: names that the generated file uses otherwise.
    """
    functions: list[AlertFunction] = []
    for alert, parameters in _python_alerts(schedule, airflow):
        body = _body(alert, parameters)
        if not any(function.body == body for function in functions):
            name = _free_name(alert, {*taken, *(function.name for function in functions)})
            functions.append(AlertFunction(name, parameters, body))
    return tuple(functions)


def _python_alerts(schedule: Schedule, airflow: str) -> Iterator[tuple[PythonAlert, tuple[str, ...]]]:
    of_tasks = (
        alerts for task in schedule.tasks or () for alerts in (task.on_failure, task.on_success, task.on_retry or ())
    )
    for alert in chain(schedule.on_failure, schedule.on_success, schedule.on_retry or (), *of_tasks):
        if alert.python:
            yield alert.python, ("context",)
    for alert in schedule.on_deadline if schedule.has_deadline(airflow) and facts_of(airflow).has_sla else ():
        if alert.python:
            yield alert.python, _SLA_PARAMETERS


def _free_name(alert: PythonAlert, taken: Collection[str]) -> str:
    *modules, name = alert.callable.split(".")
    return free_name((name, f"{modules[-1]}_{name}"), f"alert_{name[:10]}_", taken)


def _body(alert: PythonAlert, parameters: tuple[str, ...]) -> str:
    module, _, function = alert.callable.rpartition(".")
    # The import must not hide the argument.
    local = f"{function}_" if function in parameters else function
    line = import_line(module, function if local == function else f"{function} as {local}")
    if parameters == _SLA_PARAMETERS:
        context: Value = {parameter: Identifier(parameter) for parameter in parameters}
    else:
        context = Identifier("context")
    given = tuple(Argument(key, value) for key, value in alert.op_kwargs.items())
    call = code(Call(local, (context,), given), indent=4)
    return f"{line}\n\n    {call}"


@dataclass(frozen=True)
class AlertPlan:
    """The alerts of one schedule as arguments of its DAG and its tasks."""

    schedule: Schedule
    airflow: str
    functions: tuple[AlertFunction, ...]

    def dag_arguments(self) -> dict[str, Value]:
        """What `DAG(...)` gets; an argument that is None is left out."""
        schedule = self.schedule
        arguments: dict[str, Value] = {
            f"{event}_callback": self._callbacks(getattr(schedule, event), _RUN_EVENTS[event]) for event in _RUN_EVENTS
        }
        # Without a deadline its alerts are only what the defaults say.
        if schedule.has_deadline(self.airflow) and facts_of(self.airflow).has_sla:
            arguments["sla_miss_callback"] = self._callbacks(schedule.on_deadline, _DEADLINE_OF_2, _SLA_PARAMETERS)
        elif schedule.deadline and not facts_of(self.airflow).has_sla:
            arguments["deadline"] = self._deadlines(schedule.on_deadline, schedule.deadline)
        return arguments

    def default_arguments(self) -> dict[str, Value]:
        """What every task gets."""
        arguments: dict[str, Value] = {
            "on_retry_callback": self._callbacks(self.schedule.on_retry or (), _TASK_EVENTS["on_retry"])
        }
        if facts_of(self.airflow).has_sla and self.schedule.has_deadline(self.airflow):
            arguments["sla"] = self.schedule.deadline
        return arguments

    def task_arguments(self, task: Task) -> dict[str, Value]:
        """What a task gets of its own."""
        return {
            f"{event}_callback": self._callbacks(getattr(task, event) or (), _TASK_EVENTS[event])
            for event in _TASK_EVENTS
        }

    def texts(self, names: Iterable[str]) -> tuple[str, ...]:
        """The assignments of the texts that are among the names."""
        used = set(names)
        texts = {**_TEXTS, **({} if facts_of(self.airflow).has_api_server else _TEXTS_OF_2)}
        return tuple(f"{name} = {text(value)}" for name, value in texts.items() if name in used)

    def _callbacks(self, alerts: Sequence[Alert], event: _Event, parameters: tuple[str, ...] = ("context",)) -> Value:
        return [self._callback(alert, event, parameters) for alert in alerts] or None

    def _callback(self, alert: Alert, event: _Event, parameters: tuple[str, ...]) -> Value:
        kind = alert.kind
        if isinstance(kind, PythonAlert):
            body = _body(kind, parameters)
            return Identifier(next(function.name for function in self.functions if function.body == body))
        notifier, arguments = _notifier(kind, event)
        return Call(notifier, (), tuple(Argument(name, value) for name, value in arguments.items()))

    def _deadlines(self, alerts: Sequence[Alert], interval: Value) -> Value:
        """A deadline for each alert: it has one callback."""
        reference = Identifier("DeadlineReference.DAGRUN_QUEUED_AT")
        return [
            Call(
                "DeadlineAlert",
                (),
                (
                    Argument("reference", reference),
                    Argument("interval", interval),
                    Argument("callback", _async_callback(alert)),
                ),
            )
            for alert in alerts
        ]


def _async_callback(alert: Alert) -> Call:
    """What the triggerer awaits: a notifier, or an `async` function of the project."""
    kind = alert.kind
    if isinstance(kind, PythonAlert):
        function: Value = kind.callable
        arguments: Mapping[str, Value] = kind.op_kwargs
    else:
        name, arguments = _notifier(kind, _DEADLINE)
        function = Identifier(name)
    return Call("AsyncCallback", (function,), (Argument("kwargs", arguments),) if arguments else ())


def _notifier(alert: EmailAlert | SlackAlert | WebhookAlert, event: _Event) -> tuple[str, dict[str, Value]]:
    """The class of a notifier, and the arguments that it gets."""
    if isinstance(alert, EmailAlert):
        name, arguments = "SmtpNotifier", _email(alert, event)
    elif isinstance(alert, WebhookAlert):
        name, arguments = "HttpNotifier", _webhook(alert, event)
    else:
        name = "SlackWebhookNotifier" if alert.slack_webhook_conn_id else "SlackNotifier"
        arguments = {
            "slack_conn_id": alert.slack_conn_id,
            "slack_webhook_conn_id": alert.slack_webhook_conn_id,
            "channel": alert.channel,
            "text": rendered(alert.text) or Identifier(event.text),
        }
    return name, {name: value for name, value in arguments.items() if value is not None}


def _email(alert: EmailAlert, event: _Event) -> dict[str, Value]:
    return {
        "smtp_conn_id": alert.smtp_conn_id,
        "from_email": alert.from_email,
        "to": list(alert.to),
        "cc": list(alert.cc) or None,
        "bcc": list(alert.bcc) or None,
        # Without these two the notifier would read files: the connection's templates, or its own.
        "subject": rendered(alert.subject) or event.subject,
        "html_content": rendered(alert.html_content) or Identifier(event.text),
    }


def _webhook(alert: WebhookAlert, event: _Event) -> dict[str, Value]:
    default: dict[str, Value] = {"text": Identifier(event.text), "event": event.name, **event.fields}
    return {
        "http_conn_id": alert.http_conn_id,
        "endpoint": rendered(alert.endpoint),
        "method": alert.method if alert.method != "POST" else None,
        "headers": rendered(alert.headers or None),
        "json": rendered(alert.json or None) or default,
    }
