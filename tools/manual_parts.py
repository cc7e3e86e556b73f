"""The generated parts of the manual: each is between `<!-- generated: NAME -->` and `<!-- /generated -->`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields

import click
from output_schemas import OUTPUTS, output_schema

from codegen.airflow.home import as_ini
from codegen.airflow.parsing import parsing_settings
from codegen.airflow_facts import facts_of, newest
from codegen.cli.main import main
from codegen.configuration.export import configuration_reference
from codegen.plan.tree import (
    Arrow,
    Constant,
    DagModule,
    Import,
    PlannedDag,
    PlannedFunction,
    PlannedGroup,
    PlannedTask,
)
from codegen.rules import RULES
from codegen.schema.export import reference

GENERATED = re.compile(r"(<!-- generated: (?P<name>[^\n]+) -->\n).*?(?=<!-- /generated -->)", re.DOTALL)


# The terminal width for the help of a command.
_WIDTH = 100


def with_generated_parts(text: str) -> str:
    """Return a page of the manual with its generated parts up to date."""
    return GENERATED.sub(lambda match: match[1] + _PARTS[match["name"]](), text)


def _commands() -> str:
    """Return the help of each command, for a terminal of 100 columns."""
    return "".join(f"## `{name}`\n\n```text\n{text}```\n\n" for name, text in _help(main, None, "dagpress"))


def _help(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name.rpartition(" ")[2], **settings)
    yield name, command.get_help(context) + "\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            if subcommand := command.get_command(context, child):
                yield from _help(subcommand, context, f"{name} {child}")


def _rules() -> str:
    rows = [
        f"| [`{rule.code}`](../../codegen/rules/pages/{rule.code}.md) | {rule.severity.value} | {rule.summary} |\n"
        for rule in RULES.values()
    ]
    return "| code | severity | summary |\n| --- | --- | --- |\n" + "".join(rows)


def _settings(airflow: str) -> str:
    """Return the settings for static files as airflow.cfg."""
    return f"```ini\n{as_ini(parsing_settings(has_api_server=facts_of(airflow).has_api_server))}```\n"


def _outputs() -> str:
    schemas = {name: json.dumps(output_schema(kind), indent=2) for name, kind in OUTPUTS.items()}
    return "".join(f"### `{name}`\n\n```json\n{schema}\n```\n\n" for name, schema in schemas.items())


def _template_fields() -> str:
    """Return the data of templates: the fields and properties of each class, with their types."""
    parts: list[str] = []
    for kind in (DagModule, PlannedDag, PlannedGroup, PlannedTask, PlannedFunction, Arrow, Import, Constant):
        members = {each.name: str(each.type) for each in fields(kind)}
        for name, member in vars(kind).items():
            getter = member.fget if isinstance(member, property) else getattr(member, "func", None)
            if getter:
                members[name] = getter.__annotations__["return"]
        rows = "".join(f"| `{name}` | `{text}` |\n" for name, text in members.items())
        summary = (inspect.getdoc(kind) or "").partition("\n")[0]
        parts.append(f"### `{kind.__name__}`\n\n{summary}\n\n| field | type |\n| --- | --- |\n{rows}\n")
    return "".join(parts)


_PARTS: dict[str, Callable[[], str]] = {
    "keys": lambda: reference(newest()),
    "configuration": configuration_reference,
    "commands": _commands,
    "rules": _rules,
    "outputs": _outputs,
    "template fields": _template_fields,
    "settings of Airflow 3": lambda: _settings("3.3"),
    "settings of Airflow 2": lambda: _settings("2.11"),
}
