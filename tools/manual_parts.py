"""The generated parts of the manual: each is between `<!-- generated: NAME -->` and `<!-- /generated -->`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import click
from output_schemas import OUTPUTS, output_schema

from codegen.airflow.home import as_ini
from codegen.airflow.parsing import parsing_settings
from codegen.airflow_facts import facts_of, newest
from codegen.cli.main import main
from codegen.configuration.export import configuration_reference
from codegen.rules import RULES
from codegen.schema.export import reference

GENERATED = re.compile(r"(<!-- generated: (?P<name>[^\n]+) -->\n).*?(?=<!-- /generated -->)", re.DOTALL)


# The columns of the terminal that shows the help of a command.
_WIDTH = 100


def with_generated_parts(text: str) -> str:
    """Return a page of the manual with its generated parts up to date."""
    return GENERATED.sub(lambda match: match[1] + _PARTS[match["name"]](), text)


def _commands() -> str:
    """The help of each command, as a terminal of 100 columns shows it."""
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
    """The settings for static files, as airflow.cfg."""
    return f"```ini\n{as_ini(parsing_settings(has_api_server=facts_of(airflow).has_api_server))}```\n"


def _outputs() -> str:
    schemas = {name: json.dumps(output_schema(kind), indent=2) for name, kind in OUTPUTS.items()}
    return "".join(f"### `{name}`\n\n```json\n{schema}\n```\n\n" for name, schema in schemas.items())


_PARTS: dict[str, Callable[[], str]] = {
    "keys": lambda: reference(newest()),
    "configuration": configuration_reference,
    "commands": _commands,
    "rules": _rules,
    "outputs": _outputs,
    "settings of Airflow 3": lambda: _settings("3.3"),
    "settings of Airflow 2": lambda: _settings("2.11"),
}
