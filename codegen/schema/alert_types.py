"""Types of values that only alerts use: addresses, channels, connections, messages and data."""

from __future__ import annotations

import re
from typing import Any

from codegen import rules
from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import Data, KeyName, MapOf
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.texts import Text, check_characters, is_python_keyword
from codegen.secrets.detection import contains_secret
from codegen.source.nodes import Node, Scalar, is_null, type_name
from codegen.text.jinja import check_template, is_template

_CONNECTION_HINT = "create a connection with `airflow connections add`, and write its ID here"
# The path of a webhook URL is its token (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
_SLACK_TOKEN = re.compile(r"T[A-Z0-9]{6,20}/B[A-Z0-9]{6,20}/\w+")


class Message(Text):
    """Text that Airflow's notifiers render as a template, not as a template file. A final line end is removed."""

    is_templated = True

    def __init__(self, words: str = "text", *, is_line: bool = False) -> None:
        super().__init__(words)
        self._is_line = is_line

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar).rstrip("\r\n")
        if self._is_line and re.search(r"[\r\n]", text):
            raise InvalidError("expected text on one line, got several lines", "remove the line breaks")
        check_template(text)
        return text


class ConnectionId(Text):
    """The ID of one of Airflow's connections (airflow/models/connection.py, `sanitize_conn_id`)."""

    def __init__(self) -> None:
        super().__init__("a connection ID", max_length=250)

    def _check(self, text: str) -> None:
        # The messages do not show the value: an address can be the secret itself.
        if "://" in text:
            raise InvalidError("expected a connection ID, got a URL", _CONNECTION_HINT, rules.SECRET)
        if contains_secret(text) or _SLACK_TOKEN.search(text):
            raise InvalidError(
                "expected a connection ID, got a value that looks like a secret", _CONNECTION_HINT, rules.SECRET
            )
        if not re.fullmatch(r"[\w#!()\-.:/\\]+", text, re.ASCII):
            hint = "use letters, digits and `_-.:/`; `airflow connections list` shows the IDs"
            raise InvalidError(f"{quoted(text)} is not a connection ID", hint)


class Address(Text):
    """An e-mail address, or a template for one."""

    is_templated = True

    def __init__(self) -> None:
        super().__init__("an e-mail address")

    def _check(self, text: str) -> None:
        if is_template(text):
            check_template(text)
        elif re.search(r"[,;]", text):
            raise InvalidError(
                f"{quoted(text)} is more than one address", "write a list: [a@example.com, b@example.com]"
            )
        elif not re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+", text):
            raise InvalidError(f"{quoted(text)} is not an e-mail address", "write it as name@example.com")


class Channel(Text):
    """A Slack channel (https://docs.slack.dev/reference/methods/chat.postMessage)."""

    is_templated = True

    def __init__(self) -> None:
        super().__init__("a Slack channel")

    def convert(self, scalar: Scalar) -> str:
        if is_null(scalar):
            raise InvalidError("expected a Slack channel, got nothing", 'quote it: "#data-alerts"')
        return super().convert(scalar)

    def _check(self, text: str) -> None:
        if is_template(text):
            check_template(text)
        elif "://" in text or contains_secret(text) or _SLACK_TOKEN.search(text):
            hint = "use a connection for an incoming webhook: `slack: {slack_webhook_conn_id: slack_default}`"
            raise InvalidError("expected a Slack channel, got a URL or a secret", hint, rules.SECRET)
        elif not re.fullmatch(r"#[^\s#@,.:;A-Z]{1,80}|[CDGU][A-Z0-9]{8,}", text):
            hint = 'write it as "#data-alerts", in lower case; or its ID, such as C0123456789'
            raise InvalidError(f"{quoted(text)} is not a Slack channel", hint)


def _check_template(scalar: Scalar) -> None:
    _check_value(scalar)
    check_template(scalar.text)


def _check_no_template(scalar: Scalar) -> None:
    _check_value(scalar)
    if is_template(scalar.text):
        raise InvalidError("Airflow renders no templates here", "read the value from Airflow's context in the function")


# Numbers that are written in the same way in YAML, JSON and Python.
_NUMBERS = {"int": r"-?(?:0|[1-9]\d{0,17})", "float": r"-?\d{1,15}\.\d{1,15}"}


def _check_value(scalar: Scalar) -> None:
    check_characters(scalar.text)
    is_number = scalar.kind in _NUMBERS
    if scalar.kind == "timestamp" or (is_number and not re.fullmatch(_NUMBERS[scalar.kind], scalar.text)):
        raise InvalidError(f"YAML reads {quoted(scalar.text)} as {type_name(scalar)}", f'quote it: "{scalar.text}"')


class _Line(FieldType[str]):
    """Text on one line."""

    words = "text on one line"
    is_templated = True

    def _read(self, node: Node, report: Report) -> str:  # noqa: ARG002
        if not isinstance(node, Scalar) or node.kind != "str" or re.search(r"[\r\n]", node.text):
            is_text = isinstance(node, Scalar) and node.kind == "str"
            hint = f'quote it: "{node.text}"' if isinstance(node, Scalar) else "write a single value"
            message = f"expected {self.words}, got {'several lines' if is_text else type_name(node)}"
            raise InvalidError(message, "remove the line breaks" if is_text else hint)
        _check_template(node)
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": "string"}


def _check_argument(name: str) -> None:
    if is_python_keyword(name):
        raise InvalidError(f"{quoted(name)} {_NO_NAME}", _ARGUMENT)


_NO_NAME = "cannot be a name here"
_ARGUMENT = "use the name of a Python argument other than `context`"
HEADERS: MapOf[str] = MapOf(
    "a map",
    KeyName(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+)", "is not the name of a header", "use letters, digits and `-`"),
    _Line(),
    is_nullable=False,
)
JSON: MapOf[Any] = MapOf("a map", None, Data(_check_template, is_templated=True))
ARGUMENTS: MapOf[Any] = MapOf(
    "a map",
    KeyName(r"(?:(?!context$)[A-Za-z_][A-Za-z0-9_]*)", _NO_NAME, _ARGUMENT, _check_argument),
    Data(_check_no_template),
)
