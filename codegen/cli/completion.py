"""The command that prints a shell's completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo

_EPILOG = """\b
Examples:
  eval "$(dagpress completion bash)"       in ~/.bashrc
  eval "$(dagpress completion zsh)"        in ~/.zshrc
  dagpress completion fish | source        in ~/.config/fish/config.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes your shell complete commands and names."""
    completer = get_completion_class(shell)
    if completer is None:  # pragma: no cover  # the choices above are those that click has
        raise click.UsageError(f"no completion for {shell}")
    echo(completer(context.find_root().command, {}, "dagpress", "_DAGPRESS_COMPLETE").source())
    return ExitCode.FINE


COMMANDS = (completion,)
