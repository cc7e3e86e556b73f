"""Shell completion: the command `completion`, and the answers to the script that it prints."""

from __future__ import annotations

import os
import re

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete, add_completion_class

from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo_data

VARIABLE = "_DAGPRESS_COMPLETE"
_EPILOG = """\b
Examples:
  eval "$(dagpress completion bash)"       in ~/.bashrc
  eval "$(dagpress completion zsh)"        in ~/.zshrc
  dagpress completion fish | source        in ~/.config/fish/config.fish
"""
# Bash inserts an answer without quoting it; zsh and fish quote it.
_NEEDS_QUOTES = re.compile(r"[^\w@%+.,/-]|^[~@]")
_BASH = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case ${line%%%%,*} in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("${line#*,}") ;;
        esac
    done < <(IFS=$'\\n'; env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class _BashComplete(BashComplete):
    """Click's completion for bash with quoted answers, which bash neither expands nor splits."""

    source_template = _BASH

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Quote an answer for the word that it completes."""
        return f"{item.type},{_NEEDS_QUOTES.sub(_backslashed, item.value)}"

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return the answers; after an opening quote, which bash keeps, only those without special characters."""
        answers = super().get_completions(args, incomplete)
        word = os.environ["COMP_WORDS"].rpartition("\n")[2]
        return [each for each in answers if not word.startswith(("'", '"')) or not _NEEDS_QUOTES.search(each.value)]


@add_completion_class
class _FishComplete(FishComplete):
    """Click's completion for fish, splitting `type,value and description` only at the first comma."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","').replace(
        "echo $metadata[2]", "printf '%%s\\n' $metadata[2]"
    )


_SHELLS = {"bash": _BashComplete, "zsh": ZshComplete, "fish": _FishComplete}


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the shell completion script."""
    echo_data(_SHELLS[shell](context.find_root().command, {}, "dagpress", VARIABLE).source())
    return ExitCode.FINE


COMMANDS = (completion,)


def _backslashed(match: re.Match[str]) -> str:
    return f"\\{match[0]}"
