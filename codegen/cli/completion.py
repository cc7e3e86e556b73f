"""The command that prints a shell's completion."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo_data

_EPILOG = """\b
Examples:
  eval "$(dagpress completion bash)"       in ~/.bashrc
  eval "$(dagpress completion zsh)"        in ~/.zshrc
  dagpress completion fish | source        in ~/.config/fish/config.fish
"""


class _FishComplete(FishComplete):
    """Click's script for fish, but it splits `type,value and description` only at the first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": _FishComplete}


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes your shell complete commands and names."""
    echo_data(_SHELLS[shell](context.find_root().command, {}, "dagpress", "_DAGPRESS_COMPLETE").source())
    return ExitCode.FINE


COMMANDS = (completion,)
