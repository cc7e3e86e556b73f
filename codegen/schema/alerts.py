"""Alerts for runs and tasks that fail, succeed, are retried or are late."""

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
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, type_name

EVENTS = ("on_failure", "on_success", "on_retry")
DEADLINE = "on_deadline"
_ADDRESSES = TextList("addresses", Address())


@model(frozen=True, kw_only=True)
class _AlertKind(Model):
    """The recipient of an alert; `provider` is the required provider package and its minimum version."""

    provider: ClassVar[tuple[str, str] | None] = None


@model(frozen=True, kw_only=True)
class EmailAlert(_AlertKind):
    """An e-mail, with the argument names of Airflow's SmtpNotifier."""

    reference_group = "alert by e-mail"
    # Airflow cannot import older versions, or they drop e-mails without an error.
    provider = ("apache-airflow-providers-smtp", "2.1.2")

    to: tuple[str, ...] = key(
        TextList("addresses", Address(), min_items=1), "The recipients. Required.", "[data@example.com]", ()
    )
    cc: tuple[str, ...] = key(_ADDRESSES, "The recipients of a copy.", "[ops@example.com]", ())
    bcc: tuple[str, ...] = key(_ADDRESSES, "The recipients of a blind copy.", "[log@example.com]", ())
    from_email: str | None = key(
        Address(), "The sender. Default: the connection's `from_email`.", "airflow@example.com"
    )
    subject: str | None = key(
        Message(is_line=True),
        "The subject. Default: the run or task, and what happened.",
        "'{{ dag.dag_id }} needs attention'",
    )
    html_content: str | None = key(
        Message("HTML"), "The body. Default: the same text as in Slack.", "'Run <b>{{ run_id }}</b>'"
    )
    smtp_conn_id: str | None = key(
        ConnectionId(), "The connection, of the type `smtp`. Default: `smtp_default`.", "mail"
    )


@model(frozen=True, kw_only=True)
class SlackAlert(_AlertKind):
    """A message in Slack, with the argument names of Airflow's SlackNotifier and SlackWebhookNotifier."""

    reference_group = "alert in Slack"

    channel: str | None = key(
        Channel(), "The channel. Not allowed with an incoming webhook, which has its own channel.", '"#data-alerts"'
    )
    text: str | None = key(
        Message(),
        "The message. Default: what happened to which run or task, and for a task the try and the URL of its log.",
        "'{{ dag.dag_id }} needs attention'",
    )
    slack_conn_id: str | None = key(
        ConnectionId(), "The API connection, of the type `slack`. Default: `slack_api_default`.", "slack_eu"
    )
    slack_webhook_conn_id: str | None = key(
        ConnectionId(), "Instead of `channel`: an incoming webhook, of the type `slackwebhook`.", "slack_default"
    )


@model(frozen=True, kw_only=True)
class WebhookAlert(_AlertKind):
    """An HTTP request to any other service, with the argument names of Airflow's HttpNotifier."""

    reference_group = "alert by webhook"
    # Older versions have no HttpNotifier.
    provider = ("apache-airflow-providers-http", "5.5.0")

    http_conn_id: str = key(
        ConnectionId(),
        "The ID of an Airflow connection of the type `http`, which contains the URL and the credentials.",
        "alerts",
        "http_default",
    )
    endpoint: str | None = key(
        Message("a path", is_line=True), "The path, which is appended to the URL of the connection.", "v1/alerts"
    )
    method: str = key(Choice("POST", "PUT", "PATCH"), "The HTTP method.", "PUT", "POST")
    headers: Mapping[str, str] = key(
        HEADERS, "Additional headers. Put headers with secrets into the connection.", "{X-Team: data}", {}
    )
    json: Mapping[str, Any] = key(
        JSON,
        "The request body. Default: `text`, `event`, `dag_id`, `run_id` and, for a task, `task_id`.",
        "{title: '{{ dag.dag_id }}', severity: 2}",
        {},
    )


@model(frozen=True, kw_only=True)
class PythonAlert(_AlertKind):
    """A call of a Python function with Airflow's context."""

    reference_group = "alert by Python"

    callable: str = key(
        CALLABLE,
        "The module and name of a Python function. Airflow's context is passed to it. Required.",
        "alerts.pager.page",
        "",
    )
    op_kwargs: Mapping[str, Any] = key(ARGUMENTS, "Additional keyword arguments.", "{severity: high}", {})


EMAIL = Section(EmailAlert, "email", "an address, a list of addresses, or a map", required=("to",), short="to")
SLACK = Section(SlackAlert, "slack", "a channel, or a map", short="channel")
WEBHOOK = Section(WebhookAlert, "webhook", "a connection ID, or a map", short="http_conn_id")
PYTHON = Section(
    PythonAlert, "python", "the full name of a callable, or a map", required=("callable",), short="callable"
)


@model(frozen=True, kw_only=True)
class Alert(Model):
    """An alert: exactly one of the four types."""

    reference_group = "alert"

    email: EmailAlert | None = key(EMAIL, "Sends an e-mail.", "[data@example.com]", label="E-mail")
    slack: SlackAlert | None = key(SLACK, "Posts a message in Slack.", '"#data-alerts"')
    webhook: WebhookAlert | None = key(WEBHOOK, "Sends an HTTP request.", "alerts")
    python: PythonAlert | None = key(PYTHON, "Calls a Python function.", "alerts.pager.page", label="Python function")

    @property
    def kind(self) -> EmailAlert | SlackAlert | WebhookAlert | PythonAlert:
        """The type that is set."""
        (found,) = (each for each in (self.email, self.slack, self.webhook, self.python) if each)
        return found


KINDS = (EMAIL, SLACK, WEBHOOK, PYTHON)
_ONE_ALERT = OneOf(
    tuple(section.name for section in KINDS),
    InvalidError("the alert is empty", 'add a recipient, such as `slack: "#alerts"`', rules.MISSING_KEY),
    (
        "{names} are mutually exclusive in one alert ({places})",
        "write a list of alerts, each starting with a dash; `NAME: null` removes an inherited alert",
    ),
)


class _AlertSection(Section[Alert]):
    """A map with exactly one alert type."""

    def _read(self, node: Node, report: Report) -> Alert | None:
        names = _ONE_ALERT.names
        one_of = "one of " + ", ".join(f"`{name}`" for name in names)
        if not isinstance(node, MapNode):
            raise InvalidError(f"expected an alert, got {type_name(node)}", _as_map(node) or f"write {one_of}")
        unknown = next((name for name in node.entries if name not in names), None)
        if unknown is not None:
            message, hint = f"{quoted(unknown)} is not an alert type", nearest(unknown, names) or f"expected {one_of}"
            if unknown == "$import":
                hint = "write `python` instead of `$import`"
            report(Diagnostic(rules.UNKNOWN_KEY, message, node.entries[unknown].key_location, hint))
            return None
        name = _ONE_ALERT.check(without_null_keys(node.entries), node.location, report)
        return super()._read(node, report) if name else None


ALERT = _AlertSection(Alert, "alert", "an alert")


class AlertList(FieldType[tuple[Alert, ...]]):
    """A list of alerts, or a single alert."""

    words = "a list of alerts"

    def _read(self, node: Node, report: Report) -> tuple[Alert, ...]:
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            raise InvalidError("expected at least one alert, got an empty list", "write `null` for no alerts")
        return tuple(alert for item in items if (alert := ALERT.read(item, report)))

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "array", "minItems": 1, "items": ALERT.json_schema()}, ALERT.json_schema()]}


def _as_map(node: Node) -> str:
    """Return a hint for a plain text that is probably an address or a channel; empty for other values."""
    text = node.text if isinstance(node, Scalar) else ""
    name = "email" if "@" in text else "slack" if text.startswith("#") else ""
    return f'write `{name}: "{text}"`' if name and not contains_secret(text) else ""
