"""The command `rule`."""

from __future__ import annotations

from collections.abc import Sequence

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
    "  dagpress rule moving-image        explain a code"
)
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=_complete_codes)
@format_option("text", "json")
def rule(codes: Sequence[str], output: str) -> int:
    """List the codes of errors and warnings, or explain codes.

    Each error and warning shows its code after the file and line. The page of a code explains the reason, with an
    example and the fix.
    """
    for code in codes:
        if code not in RULES:
            raise click.ClickException(f"unknown rule {quoted(code)} ({nearest_code(code)})")
    pages = [RULES[code] for code in codes]
    if output == "json":
        echo_json([_page(each) for each in pages] or [_summary(each) for each in RULES.values()])
    elif pages:
        echo("\n".join(each.page() for each in pages), nl=False)
    else:
        rows = [(each.code, each.severity.value, each.summary) for each in RULES.values()]
        print_table(("CODE", "SEVERITY", "SUMMARY"), rows)
    return ExitCode.FINE


def _page(chosen: Rule) -> RulePage:
    return {**_summary(chosen), "page": chosen.page()}


def _summary(chosen: Rule) -> RuleSummary:
    return {"code": chosen.code, "severity": chosen.severity.value, "summary": chosen.summary}


COMMANDS = (rule,)
