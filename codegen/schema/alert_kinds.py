"""The kinds of values that an alert has beside those of every key: addresses, channels, connections, messages, data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.keys.table import Section, keys_of, without_null_keys
from codegen.keys.types import JsonSchema, Report, Text
from codegen.schema.step_kinds import is_word_of_python
from codegen.secrets.detection import holds_secret
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, is_null, named
from codegen.text.jinja import check_template, is_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location

_IN_AIRFLOW = "it is stored in Airflow, and the schedule names its id: `airflow connections add` adds one"
# The token of an incoming webhook is the path of its address (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
_SLACK_TOKEN = re.compile(r"T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/\w+")


class Message(Text):
    """Text in which Airflow's notifiers evaluate templates. They open no files, and a final line end is none of it."""

    is_templated = True

    def __init__(self, words: str = "text", *, is_line: bool = False) -> None:
        super().__init__(words)
        self._is_line = is_line

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar).rstrip("\r\n")
        if self._is_line and re.search(r"[\r\n]", text):
            raise InvalidError("must be one line", "write it in one line")
        check_template(text)
        return text


class ConnectionId(Text):
    """The id of one of Airflow's connections (airflow/models/connection.py, `sanitize_conn_id`)."""

    def __init__(self) -> None:
        super().__init__("the id of a connection", longest=250)

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        # Neither is shown: an address can be the secret itself.
        if "://" in text:
            raise InvalidError("expected the id of a connection, got an address", _IN_AIRFLOW, rules.SECRET)
        if holds_secret(text) or _SLACK_TOKEN.search(text):
            raise InvalidError(
                "expected the id of a connection, got what looks like a secret", _IN_AIRFLOW, rules.SECRET
            )
        if not re.fullmatch(r"[\w#!()\-.:/\\]+", text, re.ASCII):
            hint = "letters, digits and `_-.:/`; as in `airflow connections list`"
            raise InvalidError(f"{quoted(text)} is not the id of a connection", hint)
        return text


class Address(Text):
    """One e-mail address, or a template that gives one."""

    is_templated = True

    def __init__(self) -> None:
        super().__init__("an e-mail address")

    def convert(self, scalar: Scalar) -> str:
        text = super().convert(scalar)
        if is_template(text):
            check_template(text)
        elif re.search(r"[,;]", text):
            raise InvalidError(
                f"{quoted(text)} is more than one address", "write a list: [a@example.com, b@example.com]"
            )
        elif not re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+", text):
            raise InvalidError(f"{quoted(text)} is not an e-mail address", "write it as name@example.com")
        return text


class Channel(Text):
    """A channel of Slack (https://docs.slack.dev/reference/methods/chat.postMessage)."""

    is_templated = True

    def __init__(self) -> None:
        super().__init__("a channel of Slack")

    def convert(self, scalar: Scalar) -> str:
        if is_null(scalar):
            raise InvalidError("expected a Slack channel, got nothing", 'quote it: "#data-alerts"')
        text = super().convert(scalar)
        if is_template(text):
            check_template(text)
        elif "://" in text or holds_secret(text) or _SLACK_TOKEN.search(text):
            hint = "an incoming webhook is a connection: `slack: {slack_webhook_conn_id: slack_default}`"
            raise InvalidError("expected a Slack channel, got an address or a secret", hint, rules.SECRET)
        elif not re.fullmatch(r"#[^\s#@,.:;A-Z]{1,80}|[CDGU][A-Z0-9]{8,}", text):
            hint = 'write it as "#data-alerts", in lower case; or its id, such as C0123456789'
            raise InvalidError(f"{quoted(text)} is not a Slack channel", hint)
        return text


class Data:
    """A map of names to values as JSON has them."""

    words = "a map"

    def __init__(
        self,
        *,
        is_templated: bool,
        names: str = "",
        hint: str = "",
        texts_alone: bool = False,
        for_python: bool = False,
    ) -> None:
        """Describe it.

        Args:
            is_templated: whether Airflow evaluates templates in its texts; where it does not, there may be none.
            names: a pattern for the names.
            hint: what a name may be, in words.
            texts_alone: whether each value is a text of one line.
            for_python: whether the names are those of arguments, which no keyword of Python can be.
        """
        self.is_templated = is_templated
        self._names = names
        self._hint = hint
        self._texts_alone = texts_alone
        self._for_python = for_python

    def read(self, node: Node, report: Report) -> Mapping[str, Any] | None:
        """The map, or nothing after reporting what is wrong with it."""
        if not isinstance(node, MapNode):
            report(InvalidError(f"expected {self.words}, got {named(node)}").at(node.location))
            return None
        values: dict[str, Any] = {}
        for name, entry in node.entries.items():
            is_keyword = self._for_python and is_word_of_python(name)
            if is_keyword or (self._names and not re.fullmatch(self._names, name)):
                report(InvalidError(f"{quoted(name)} cannot be a name here", self._hint).at(entry.key_location))
                continue
            try:
                values[name] = self._line(entry.value) if self._texts_alone else self._value(entry.value)
            except _AtError as error:
                report(error.error.at(error.location))
        return values

    def json_schema(self) -> JsonSchema:
        """A map."""
        names = {"propertyNames": {"pattern": f"^(?:{self._names})$"}} if self._names else {}
        values = {"additionalProperties": {"type": "string"}} if self._texts_alone else {}
        return {"type": "object", **names, **values}

    def _line(self, node: Node) -> str:
        value = self._value(node)
        if not isinstance(value, str) or re.search(r"[\r\n]", value):
            raise _AtError(InvalidError("must be text in one line", "quote it"), node.location)
        return value

    def _value(self, node: Node) -> Any:  # noqa: ANN401  # what JSON has
        if isinstance(node, MapNode):
            return {name: self._value(entry.value) for name, entry in node.entries.items()}
        if isinstance(node, ListNode):
            return [self._value(item) for item in node.items]
        try:
            return self._scalar(node)
        except InvalidError as error:
            raise _AtError(error, node.location) from error

    def _scalar(self, scalar: Scalar) -> str | float | bool | None:
        if scalar.kind == "str" and not scalar.text:
            return ""
        if scalar.kind == "str":
            text = _ANY_TEXT.convert(scalar)
            if self.is_templated:
                check_template(text)
            elif is_template(text):
                raise InvalidError("no template is evaluated here", "the function gets Airflow's context")
            return text
        if scalar.kind in {"bool", "null"}:
            return scalar.text.lower() == "true" if scalar.kind == "bool" else None
        if scalar.kind == "int" and re.fullmatch(r"-?(?:0|[1-9]\d{0,17})", scalar.text):
            return int(scalar.text)
        if scalar.kind == "float" and re.fullmatch(r"-?\d{1,15}\.\d{1,15}", scalar.text):
            return float(scalar.text)
        if scalar.kind == "trap":
            return None
        raise InvalidError(f"{quoted(scalar.text)} is {named(scalar)} in YAML alone", f'quote it: "{scalar.text}"')


class _BlankText(Text):
    """Any text, blank too."""

    def convert(self, scalar: Scalar) -> str:
        return scalar.text if scalar.text and not scalar.text.strip() else super().convert(scalar)


_ANY_TEXT = _BlankText()


class _AtError(Exception):
    """A value that cannot be, and its place."""

    def __init__(self, error: InvalidError, location: Location) -> None:
        super().__init__(error.message)
        self.error = error
        self.location = location


class SectionOr:
    """A map with keys of its own, or only the value of its first key."""

    is_templated = False

    def __init__(self, section: Section[Any], short: str) -> None:
        """Describe it.

        Args:
            section: the map.
            short: the key that a value alone stands for.
        """
        self._section = section
        self._short = short
        self.words = section.words

    def read(self, node: Node, report: Report) -> Any:  # noqa: ANN401  # the section's model
        """The model, or nothing after reporting why there is none."""
        if not isinstance(node, MapNode):
            node = MapNode({self._short: Entry(node.location, node)}, node.location)
        elif self._short in self._section.required and self._short not in without_null_keys(node):
            message = f"`{self._section.name}` has no `{self._short}`"
            report(Diagnostic(rules.MISSING_KEY, message, node.location, f"add `{self._short}`"))
            return None
        return self._section.read(node, report)

    def json_schema(self) -> JsonSchema:
        """The map, or the value."""
        short = keys_of(self._section.model)[self._short].kind
        return {"anyOf": [short.json_schema(), self._section.json_schema()]}
