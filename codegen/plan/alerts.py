"""Alerts: Airflow's notifiers and callbacks, their texts, and the functions that call Python code of the project.

The variables of a text depend on the callback:

- A task callback gets the task's context.
- On Airflow 3, a DAG callback is only guaranteed to get `dag`, `run_id` and `reason`
  (airflow/dag_processing/processor.py, `_execute_dag_callbacks`).
- A deadline callback gets `dag_run` and `deadline` (airflow/models/deadline.py, `handle_miss`).
- An SLA callback gets the arguments of Airflow 2 (airflow/notifications/basenotifier.py, `__call__`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from codegen.airflow_facts import facts_of
from codegen.plan.names import free_name
from codegen.plan.tree import FunctionKey, Functions, Import, PlannedFunction
from codegen.schema import Schedule, Task
from codegen.schema.alerts import Alert, EmailAlert, PythonAlert, SlackAlert, WebhookAlert
from codegen.text.jinja import rendered
from codegen.values import Call, Identifier, Value, call, without_none

# The arguments of an SLA callback in Airflow 2 (airflow/dag_processing/processor.py, `manage_slas`).
_SLA_PARAMETERS = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")
_TRY = "Try {{ ti.try_number }} of {{ ti.max_tries + 1 }}: {{ ti.log_url }}"

_Notified = EmailAlert | SlackAlert | WebhookAlert


@dataclass(frozen=True)
class _Event:
    """An event that an alert reports.

    Attributes:
        name: the `event` in the JSON of a webhook.
        text: the constant with the text.
        fields: further fields of the webhook's JSON, as templates.
        parameters: the parameters of a Python callback.
    """

    name: str
    text: str
    subject: str
    fields: Mapping[str, str]
    parameters: tuple[str, ...] = ("context",)


_RUN_FIELDS = {"dag_id": "{{ dag.dag_id }}", "run_id": "{{ run_id }}"}
_TASK_FIELDS = {**_RUN_FIELDS, "task_id": "{{ ti.task_id }}"}
_RUN_EVENTS = {
    "on_failure": _Event("failure", "RUN_FAILED", "{{ dag.dag_id }} failed", _RUN_FIELDS),
    "on_success": _Event("success", "RUN_SUCCEEDED", "{{ dag.dag_id }} succeeded", _RUN_FIELDS),
}
_TASK_EVENTS = {
    "on_failure": _Event("failure", "TASK_FAILED", "{{ dag.dag_id }}: {{ ti.task_id }} failed", _TASK_FIELDS),
    "on_success": _Event("success", "TASK_SUCCEEDED", "{{ dag.dag_id }}: {{ ti.task_id }} succeeded", _TASK_FIELDS),
    "on_retry": _Event("retry", "TASK_RETRIED", "{{ dag.dag_id }}: {{ ti.task_id }} is up for retry", _TASK_FIELDS),
}
_SLA_MISS = _Event("deadline", "RUN_LATE", "{{ dag.dag_id }} is late", {"dag_id": "{{ dag.dag_id }}"}, _SLA_PARAMETERS)
_DEADLINE = _Event(
    "deadline",
    "RUN_LATE",
    "{{ dag_run.dag_id }} is late",
    {"dag_id": "{{ dag_run.dag_id }}", "run_id": "{{ dag_run.dag_run_id }}"},
)

_TEXTS = {
    # Airflow 3.0 sets `log_url` only in the process of the task (airflow/sdk/execution_time/task_runner.py).
    "RUN_FAILED": (
        "{{ dag.dag_id }} failed in {{ run_id }}: {{ reason }}\n"
        "{% if ti is defined %}{{ ti.task_id }}{% if ti.log_url %}: {{ ti.log_url }}{% endif %}{% endif %}"
    ),
    "RUN_SUCCEEDED": "{{ dag.dag_id }} succeeded in {{ run_id }}",
    "TASK_FAILED": "{{ dag.dag_id }}: {{ ti.task_id }} failed in {{ run_id }}\n" + _TRY,
    "TASK_SUCCEEDED": "{{ dag.dag_id }}: {{ ti.task_id }} succeeded in {{ run_id }}\n" + _TRY,
    "TASK_RETRIED": "{{ dag.dag_id }}: {{ ti.task_id }} failed and is up for retry in {{ run_id }}\n" + _TRY,
    "RUN_LATE": (
        "{{ dag_run.dag_id }} is late: {{ dag_run.dag_run_id }}\n"
        "It should have finished by {{ deadline.deadline_time }}"
    ),
}
# On Airflow 2, `ti` in a DAG callback is an arbitrary task of the run, and an SLA callback only gets the tasks.
_AIRFLOW_2_TEXTS = {
    "RUN_FAILED": (
        "{{ dag.dag_id }} failed in {{ run_id }}: {{ reason }}\n"
        "{{ dag_run.get_task_instances(state='failed') | join(' ', attribute='log_url') }}"
    ),
    "RUN_LATE": "{{ dag.dag_id }} is late\n{{ task_list.splitlines() | join(', ') }}",
}


def alert_texts(airflow: str) -> dict[str, str]:
    """Return the text of each constant."""
    return {**_TEXTS, **({} if facts_of(airflow).has_api_server else _AIRFLOW_2_TEXTS)}


def alert_functions(
    schedule: Schedule, airflow: str, taken: Collection[str], given: Functions = MappingProxyType({})
) -> dict[FunctionKey, PlannedFunction]:
    """Return the functions that call the Python callables of alerts, without the given ones.

    Deadline callbacks on Airflow 3 need no function: Airflow imports them by path.
    """
    functions: dict[FunctionKey, PlannedFunction] = {}
    for alert, event in _alerts_of(schedule, airflow):
        if alert.python and (key := _key(alert.python, event.parameters)) not in {**given, **functions}:
            names = {*taken, *(function.name for function in functions.values())}
            functions[key] = _function(alert.python, event.parameters, names)
    return functions


def _alerts_of(schedule: Schedule, airflow: str) -> Iterator[tuple[Alert, _Event]]:
    for model in (schedule, *(schedule.tasks or ())):
        for name, event in _TASK_EVENTS.items():
            yield from ((alert, event) for alert in getattr(model, name) or ())
    for alert in schedule.on_deadline if schedule.has_sla(airflow) else ():
        yield alert, _SLA_MISS


def _key(alert: PythonAlert, parameters: tuple[str, ...]) -> FunctionKey:
    # `repr` distinguishes 1 from True.
    return (alert.callable, repr(alert.op_kwargs), *parameters)


def _function(alert: PythonAlert, parameters: tuple[str, ...], taken: Collection[str]) -> PlannedFunction:
    module, _, name = alert.callable.rpartition(".")
    own = free_name((name, f"{module.rpartition('.')[2]}_{name}"), f"alert_{name[:10]}_", taken)
    # The import must not hide the argument.
    local = f"{name}_" if name in parameters else name
    is_sla = parameters == _SLA_PARAMETERS
    context: Value = {each: Identifier(each) for each in parameters} if is_sla else Identifier("context")
    called = call(local, context, **alert.op_kwargs)
    return PlannedFunction(own, parameters, Import(module, ((name, local),)), called, returns=False)


def dag_alerts(schedule: Schedule, functions: Functions, airflow: str) -> dict[str, Value]:
    """Return the callbacks and deadlines of a DAG."""
    arguments = _callbacks_of(schedule, _RUN_EVENTS, functions)
    if schedule.has_sla(airflow):
        arguments["sla_miss_callback"] = _callbacks(schedule.on_deadline, _SLA_MISS, functions)
    elif schedule.deadline and not facts_of(airflow).has_sla:
        # A deadline has a single callback.
        reference = Identifier("DeadlineReference.DAGRUN_QUEUED_AT")
        arguments["deadline"] = [
            call("DeadlineAlert", reference=reference, interval=schedule.deadline, callback=_async_callback(alert))
            for alert in schedule.on_deadline
        ]
    return arguments


def default_alerts(schedule: Schedule, functions: Functions, airflow: str) -> dict[str, Value]:
    """Return the callbacks and the SLA for all tasks, as default arguments."""
    arguments = _callbacks_of(schedule, {"on_retry": _TASK_EVENTS["on_retry"]}, functions)
    return {**arguments, "sla": schedule.deadline} if schedule.has_sla(airflow) else arguments


def task_alerts(task: Task, functions: Functions) -> dict[str, Value]:
    """Return the callbacks of a single task."""
    return _callbacks_of(task, _TASK_EVENTS, functions)


def _callbacks_of(model: Schedule | Task, events: Mapping[str, _Event], functions: Functions) -> dict[str, Value]:
    return {f"{name}_callback": _callbacks(getattr(model, name), event, functions) for name, event in events.items()}


def _callbacks(alerts: Sequence[Alert] | None, event: _Event, functions: Functions) -> Value:
    return [_callback(alert.kind, event, functions) for alert in alerts or ()] or None


def _callback(alert: PythonAlert | _Notified, event: _Event, functions: Functions) -> Value:
    if isinstance(alert, PythonAlert):
        return Identifier(functions[_key(alert, event.parameters)].name)
    notifier, arguments = _notifier(alert, event)
    return call(notifier, **arguments)


def _async_callback(alert: Alert) -> Call:
    """Return the callback for the triggerer: a notifier, or the import path of an `async` function."""
    kind = alert.kind
    if isinstance(kind, PythonAlert):
        function: Value = kind.callable
        arguments: Mapping[str, Value] = kind.op_kwargs
    else:
        name, arguments = _notifier(kind, _DEADLINE)
        function = Identifier(name)
    return call("AsyncCallback", function, **({"kwargs": arguments} if arguments else {}))


def _notifier(alert: _Notified, event: _Event) -> tuple[str, dict[str, Value]]:
    arguments: dict[str, Value]
    text = Identifier(event.text)
    if isinstance(alert, EmailAlert):
        name = "SmtpNotifier"
        arguments = {
            "smtp_conn_id": alert.smtp_conn_id,
            "from_email": alert.from_email,
            "to": alert.to,
            "cc": alert.cc or None,
            "bcc": alert.bcc or None,
            # Without these two arguments, the notifier reads template files.
            "subject": rendered(alert.subject) or event.subject,
            "html_content": rendered(alert.html_content) or text,
        }
    elif isinstance(alert, WebhookAlert):
        name = "HttpNotifier"
        arguments = {
            "http_conn_id": alert.http_conn_id,
            "endpoint": rendered(alert.endpoint),
            "method": alert.method if alert.method != "POST" else None,
            "headers": rendered(alert.headers) or None,
            "json": rendered(alert.json) or {"text": text, "event": event.name, **event.fields},
        }
    else:
        name = "SlackWebhookNotifier" if alert.slack_webhook_conn_id else "SlackNotifier"
        arguments = {
            "slack_conn_id": alert.slack_conn_id,
            "slack_webhook_conn_id": alert.slack_webhook_conn_id,
            "channel": alert.channel,
            "text": rendered(alert.text) or text,
        }
    return name, without_none(arguments)
