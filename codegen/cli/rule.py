"""The command `rule`."""

from __future__ import annotations

import click

from codegen.cli.exit_code import ExitCode
from codegen.cli.options import format_option
from codegen.cli.outputs import RulePage, RuleSummary
from codegen.cli.printer import echo, echo_json, print_table
from codegen.diagnostics import nearest_code, quoted
from codegen.rules import RULES, Rule


def _complete_codes(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [code for code in RULES if code.startswith(incomplete)]


@click.command(
    epilog="\b\nExamples:\n  dagpress rule                     list all codes\n"
    "  dagpress rule moving-image        explain one code"
)
@click.argument("code", required=False, shell_complete=_complete_codes)
@format_option("text", "json")
def rule(code: str | None, output: str) -> int:
    """List the codes of errors and warnings, or explain one.

    Each error and warning shows its code after the file and line. The page of a code explains the reason, with an
    example and the fix.
    """
    if code is not None and code not in RULES:
        raise click.ClickException(f"unknown rule {quoted(code)} ({nearest_code(code)})")
    chosen = [each for each in RULES.values() if code in {None, each.code}]
    if output == "json":
        data = [_summary(each) for each in chosen]
        page: RulePage = {**data[0], "page": chosen[0].page()}
        echo_json(page if code else data)
    elif code:
        echo(RULES[code].page(), nl=False)
    else:
        rows = [(each.code, each.severity.value, each.summary) for each in chosen]
        print_table(("CODE", "SEVERITY", "SUMMARY"), rows)
    return ExitCode.FINE


def _summary(chosen: Rule) -> RuleSummary:
    return {"code": chosen.code, "severity": chosen.severity.value, "summary": chosen.summary}


COMMANDS = (rule,)
