"""Alerts: who is told when a run or a task fails, succeeds, is tried again or is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, nearest, quoted
from codegen.keys.table import Section, key, places, without_null_keys
from codegen.keys.types import Choice, JsonSchema, Report, TextList
from codegen.schema.alert_kinds import Address, Channel, ConnectionId, Data, Message, SectionOr
from codegen.schema.step_kinds import Callable
from codegen.secrets.detection import holds_secret
from codegen.source.nodes import ListNode, MapNode, Node, Scalar, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location

# What can be told: the keys of a schedule and of a task, and of a schedule alone.
EVENTS = ("on_failure", "on_success", "on_retry")
DEADLINE = "on_deadline"


@dataclass(frozen=True, kw_only=True)
class EmailAlert:
    """An e-mail, by the names of Airflow's SmtpNotifier."""

    to: tuple[str, ...] = key(
        TextList("addresses", Address(), least=1), "alert by e-mail", "Who gets it. Required.", "[data@example.com]", ()
    )
    cc: tuple[str, ...] = key(
        TextList("addresses", Address()), "alert by e-mail", "Who gets a copy.", "[ops@example.com]", ()
    )
    bcc: tuple[str, ...] = key(
        TextList("addresses", Address()),
        "alert by e-mail",
        "Who gets a copy that the others do not see.",
        "[log@example.com]",
        (),
    )
    from_email: str | None = key(
        Address(), "alert by e-mail", "Who sends it. Default: the connection's `from_email`.", "airflow@example.com"
    )
    subject: str | None = key(
        Message(is_line=True),
        "alert by e-mail",
        "Default: what failed, or succeeded.",
        "'{{ dag.dag_id }}: look at it'",
    )
    html_content: str | None = key(
        Message("HTML"), "alert by e-mail", "Default: as the text of the others.", "'Run <b>{{ run_id }}</b>'"
    )
    smtp_conn_id: str | None = key(
        ConnectionId(), "alert by e-mail", "The connection, of the type `smtp`. Default: `smtp_default`.", "mail"
    )
    at: Mapping[str, Location] = places()


@dataclass(frozen=True, kw_only=True)
class SlackAlert:
    """A message in Slack, by the names of Airflow's SlackNotifier and SlackWebhookNotifier."""

    channel: str | None = key(
        Channel(),
        "alert in Slack",
        "The channel, of the API's connection. An incoming webhook has its own.",
        '"#data-alerts"',
    )
    text: str | None = key(
        Message(),
        "alert in Slack",
        "What it says. Default: what failed, in which run and try, and the address of the log.",
        "'{{ dag.dag_id }}: look at it'",
    )
    slack_conn_id: str | None = key(
        ConnectionId(),
        "alert in Slack",
        "The connection to the API, of the type `slack`. Default: `slack_api_default`.",
        "slack_eu",
    )
    slack_webhook_conn_id: str | None = key(
        ConnectionId(),
        "alert in Slack",
        "Instead of `channel`: an incoming webhook, of the type `slackwebhook`.",
        "slack_default",
    )
    at: Mapping[str, Location] = places()


@dataclass(frozen=True, kw_only=True)
class WebhookAlert:
    """A request to any other service, by the names of Airflow's HttpNotifier."""

    http_conn_id: str = key(
        ConnectionId(),
        "alert by webhook",
        "The connection, of the type `http`: the address and what it asks for.",
        "alerts",
        "http_default",
    )
    endpoint: str | None = key(
        Message("a path", is_line=True), "alert by webhook", "What follows the connection's address.", "v1/alerts"
    )
    method: str = key(Choice("POST", "PUT", "PATCH"), "alert by webhook", "The method of HTTP.", "PUT", "POST")
    headers: Mapping[str, str] = key(
        Data(is_templated=True, names=r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", hint="the name of a header", texts_alone=True),
        "alert by webhook",
        "Further headers. One with a secret belongs into the connection.",
        "{X-Team: data}",
        {},
    )
    json: Mapping[str, Any] = key(
        Data(is_templated=True),
        "alert by webhook",
        "What is sent. Default: `text`, `event`, `dag_id`, `run_id` and the like.",
        "{title: '{{ dag.dag_id }}', severity: 2}",
        {},
    )
    at: Mapping[str, Location] = places()


@dataclass(frozen=True, kw_only=True)
class PythonAlert:
    """A call of a Python function, which gets Airflow's context."""

    callable: str = key(
        Callable(),
        "alert by Python",
        "The function: its module and its name. It gets Airflow's context. Required.",
        "alerts.pager.page",
        "",
    )
    op_kwargs: Mapping[str, Any] = key(
        Data(
            is_templated=False,
            names=r"(?!context$)[A-Za-z_][A-Za-z0-9_]*",
            hint="the name of an argument in Python, and not `context`",
            for_python=True,
        ),
        "alert by Python",
        "Further arguments.",
        "{severity: high}",
        {},
    )
    at: Mapping[str, Location] = places()


EMAIL = Section(EmailAlert, "email", "an address, a list of them, or a map", required=("to",))
SLACK = Section(SlackAlert, "slack", "a channel, or a map")
WEBHOOK = Section(WebhookAlert, "webhook", "the id of a connection, or a map")
PYTHON = Section(PythonAlert, "python", "the path of a callable, or a map", required=("callable",))


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert, of one of these kinds."""

    email: EmailAlert | None = key(SectionOr(EMAIL, "to"), "alert", "Sends an e-mail.", "[data@example.com]")
    slack: SlackAlert | None = key(SectionOr(SLACK, "channel"), "alert", "Writes to Slack.", '"#data-alerts"')
    webhook: WebhookAlert | None = key(
        SectionOr(WEBHOOK, "http_conn_id"), "alert", "Calls a service over HTTP.", "alerts"
    )
    python: PythonAlert | None = key(
        SectionOr(PYTHON, "callable"), "alert", "Calls a function of yours.", "alerts.pager.page"
    )
    at: Mapping[str, Location] = places()

    @property
    def kind(self) -> EmailAlert | SlackAlert | WebhookAlert | PythonAlert:
        """What it is."""
        (found,) = (kind for kind in (self.email, self.slack, self.webhook, self.python) if kind)
        return found


KINDS = (EMAIL, SLACK, WEBHOOK, PYTHON)
ALERT = Section(Alert, "alert", "an alert")


class AlertList:
    """A list of alerts, or the one alert there is."""

    words = "a list of alerts"
    is_templated = False

    def read(self, node: Node, report: Report) -> tuple[Alert, ...] | None:
        """The alerts that could be read; what is wrong with the others is reported."""
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            report(InvalidError("there must be at least one alert", "write null for none").at(node.location))
        alerts = [_read_alert(item, report) for item in items]
        return tuple(alert for alert in alerts if alert)

    def json_schema(self) -> JsonSchema:
        """A list, or one."""
        return {"anyOf": [{"type": "array", "minItems": 1, "items": ALERT.json_schema()}, ALERT.json_schema()]}


def _read_alert(node: Node, report: Report) -> Alert | None:
    names = [section.name for section in KINDS]
    one_of = "one of " + ", ".join(f"`{name}`" for name in names)
    if not isinstance(node, MapNode):
        report(InvalidError(f"expected an alert, got {named(node)}", _as_map(node) or one_of).at(node.location))
        return None
    unknown = next((name for name in node.entries if name not in names), None)
    given = without_null_keys(node)
    if unknown is not None:
        place = node.entries[unknown].key_location
        message = f"{quoted(unknown)} is not a kind of alert"
        report(Diagnostic(rules.UNKNOWN_KEY, message, place, nearest(unknown, names) or one_of))
    elif not given:
        hint = 'a channel needs quotes, since `#` starts a comment: "#alerts"'
        report(Diagnostic(rules.MISSING_KEY, "the alert is empty", node.location, hint))
    elif len(given) > 1:
        where = ", ".join(f"`{name}` at {entry.key_location}" for name, entry in given.items())
        message = f"one alert is {' and '.join(f'`{name}`' for name in given)} ({where})"
        hint = "make a list, and start each alert with a dash; `NAME: null` removes an inherited one"
        report(Diagnostic(rules.MIXED_KINDS, message, node.location, hint))
    else:
        alert = ALERT.read(node, report)
        return alert if alert and any(getattr(alert, name) for name in given) else None
    return None


def _as_map(node: Node) -> str:
    """How to write the alert that a text alone probably is."""
    text = node.text if isinstance(node, Scalar) else ""
    name = "email" if "@" in text else "slack" if text.startswith("#") else ""
    return f'write `{name}: "{text}"`' if name and not holds_secret(text) else ""
