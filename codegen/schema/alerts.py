"""Alerts: who is told when a run or a task fails, succeeds, is tried again or is late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, quoted
from codegen.keys.containers import TextList, without_null_keys
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import Model, model
from codegen.keys.scalars import Choice
from codegen.keys.section import OneOf, Section
from codegen.keys.table import key
from codegen.schema.alert_types import ARGUMENTS, HEADERS, JSON, Address, Channel, ConnectionId, Message
from codegen.schema.task_types import CALLABLE
from codegen.secrets.detection import contains_secret
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, named

EVENTS = ("on_failure", "on_success", "on_retry")
DEADLINE = "on_deadline"
_ADDRESSES = TextList("addresses", Address())


@model(frozen=True, kw_only=True)
class _AlertKind(Model):
    """The recipient of an alert; `provider` is the provider package that it needs, and its minimum version."""

    provider: ClassVar[tuple[str, str] | None] = None


@model(frozen=True, kw_only=True)
class EmailAlert(_AlertKind):
    """An e-mail, by the names of Airflow's SmtpNotifier."""

    reference_group = "alert by e-mail"
    # Airflow cannot import older versions, or they lose mails without an error.
    provider = ("apache-airflow-providers-smtp", "2.1.2")

    to: tuple[str, ...] = key(
        TextList("addresses", Address(), least=1), "The recipients. Required.", "[data@example.com]", ()
    )
    cc: tuple[str, ...] = key(_ADDRESSES, "Who gets a copy.", "[ops@example.com]", ())
    bcc: tuple[str, ...] = key(_ADDRESSES, "Who gets a copy that the others do not see.", "[log@example.com]", ())
    from_email: str | None = key(
        Address(), "Who sends it. Default: the connection's `from_email`.", "airflow@example.com"
    )
    subject: str | None = key(
        Message(is_line=True), "Default: what failed, or succeeded.", "'{{ dag.dag_id }}: look at it'"
    )
    html_content: str | None = key(Message("HTML"), "Default: as the text of the others.", "'Run <b>{{ run_id }}</b>'")
    smtp_conn_id: str | None = key(
        ConnectionId(), "The connection, of the type `smtp`. Default: `smtp_default`.", "mail"
    )


@model(frozen=True, kw_only=True)
class SlackAlert(_AlertKind):
    """A message in Slack, by the names of Airflow's SlackNotifier and SlackWebhookNotifier."""

    reference_group = "alert in Slack"

    channel: str | None = key(
        Channel(), "The channel; not with an incoming webhook, which has its own.", '"#data-alerts"'
    )
    text: str | None = key(
        Message(),
        "What it says. Default: what failed, in which run and try, and the address of the log.",
        "'{{ dag.dag_id }}: look at it'",
    )
    slack_conn_id: str | None = key(
        ConnectionId(), "The connection to the API, of the type `slack`. Default: `slack_api_default`.", "slack_eu"
    )
    slack_webhook_conn_id: str | None = key(
        ConnectionId(), "Instead of `channel`: an incoming webhook, of the type `slackwebhook`.", "slack_default"
    )


@model(frozen=True, kw_only=True)
class WebhookAlert(_AlertKind):
    """A request to any other service, by the names of Airflow's HttpNotifier."""

    reference_group = "alert by webhook"
    # Older versions have no HttpNotifier.
    provider = ("apache-airflow-providers-http", "5.5.0")

    http_conn_id: str = key(
        ConnectionId(),
        "The ID of an Airflow connection of the type `http`, which holds the address and the credentials.",
        "alerts",
        "http_default",
    )
    endpoint: str | None = key(Message("a path", is_line=True), "What follows the connection's address.", "v1/alerts")
    method: str = key(Choice("POST", "PUT", "PATCH"), "The method of HTTP.", "PUT", "POST")
    headers: Mapping[str, str] = key(
        HEADERS, "Further headers. One with a secret belongs into the connection.", "{X-Team: data}", {}
    )
    json: Mapping[str, Any] = key(
        JSON,
        "What is sent. Default: `text`, `event`, `dag_id`, `run_id` and the like.",
        "{title: '{{ dag.dag_id }}', severity: 2}",
        {},
    )


@model(frozen=True, kw_only=True)
class PythonAlert(_AlertKind):
    """A call of a Python function, which gets Airflow's context."""

    reference_group = "alert by Python"

    callable: str = key(
        CALLABLE,
        "The module and name of a Python function, which gets Airflow's context. Required.",
        "alerts.pager.page",
        "",
    )
    op_kwargs: Mapping[str, Any] = key(ARGUMENTS, "Further arguments.", "{severity: high}", {})


EMAIL = Section(EmailAlert, "email", "an address, a list of them, or a map", required=("to",), short="to")
SLACK = Section(SlackAlert, "slack", "a channel, or a map", short="channel")
WEBHOOK = Section(WebhookAlert, "webhook", "the id of a connection, or a map", short="http_conn_id")
PYTHON = Section(PythonAlert, "python", "the path of a callable, or a map", required=("callable",), short="callable")


@model(frozen=True, kw_only=True)
class Alert(Model):
    """One alert, of one of these types."""

    reference_group = "alert"

    email: EmailAlert | None = key(EMAIL, "Sends an e-mail.", "[data@example.com]", label="E-mail")
    slack: SlackAlert | None = key(SLACK, "Writes to Slack.", '"#data-alerts"')
    webhook: WebhookAlert | None = key(WEBHOOK, "Calls a service over HTTP.", "alerts")
    python: PythonAlert | None = key(PYTHON, "Calls a Python function.", "alerts.pager.page", label="Python function")

    @property
    def kind(self) -> EmailAlert | SlackAlert | WebhookAlert | PythonAlert:
        """The one that is set."""
        (found,) = (each for each in (self.email, self.slack, self.webhook, self.python) if each)
        return found


KINDS = (EMAIL, SLACK, WEBHOOK, PYTHON)
_ONE_ALERT = OneOf(
    tuple(section.name for section in KINDS),
    InvalidError("the alert is empty", 'say where it goes, such as `slack: "#alerts"`', rules.MISSING_KEY),
    (
        "one alert is {names} ({places})",
        "make a list, and start each alert with a dash; `NAME: null` removes an inherited one",
    ),
)


class _AlertSection(Section[Alert]):
    """A map with exactly one of the types of alerts."""

    def _read(self, node: Node, report: Report) -> Alert | None:
        names = _ONE_ALERT.names
        one_of = "one of " + ", ".join(f"`{name}`" for name in names)
        if not isinstance(node, MapNode):
            raise InvalidError(f"expected an alert, got {named(node)}", _as_map(node) or one_of)
        unknown = next((name for name in node.entries if name not in names), None)
        if unknown is not None:
            message, hint = f"{quoted(unknown)} is not a kind of alert", nearest(unknown, names) or one_of
            if unknown == "$import":
                hint = "write `python` in place of `$import`"
            report(Diagnostic(rules.UNKNOWN_KEY, message, node.entries[unknown].key_location, hint))
            return None
        name = _ONE_ALERT.check(without_null_keys(node.entries), node.location, report)
        return super()._read(node, report) if name else None


ALERT = _AlertSection(Alert, "alert", "an alert")


class AlertList(FieldType[tuple[Alert, ...]]):
    """A list of alerts, or a single one."""

    words = "a list of alerts"

    def _read(self, node: Node, report: Report) -> tuple[Alert, ...]:
        """The alerts that are valid."""
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            raise InvalidError("there must be at least one alert", "write null for none")
        return tuple(alert for item in items if (alert := ALERT.read(item, report)))

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "array", "minItems": 1, "items": ALERT.json_schema()}, ALERT.json_schema()]}


def _as_map(node: Node) -> str:
    """How to write the alert that a single text probably is."""
    text = node.text if isinstance(node, Scalar) else ""
    name = "email" if "@" in text else "slack" if text.startswith("#") else ""
    return f'write `{name}: "{text}"`' if name and not contains_secret(text) else ""
