"""What a task executes: words on a command line, of which none is ever code for the shell."""

from __future__ import annotations

import re
import shlex
import unicodedata
from typing import TYPE_CHECKING

from codegen.diagnostics import InvalidError
from codegen.templating import FILE_ENDINGS, is_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codegen.schema import Schedule

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# No text that the schema lets through holds U+0000, so it can stand for a template while the words are split.
_PLACE = re.compile("\x00([0-9]+)\x00")
# Control characters, and the start of a comment of Jinja2.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]|\{#")


def words_of(run: str) -> list[str]:
    """Split what `meltano run` gets as a shell would; a template stays whole, whatever spaces it has.

    Raises:
        InvalidError: a quote is not closed.
    """
    templates: list[str] = []

    def keep(match: re.Match[str]) -> str:
        templates.append(match[0])
        return f"\x00{len(templates) - 1}\x00"

    try:
        words = shlex.split(_TEMPLATE.sub(keep, run))
    except ValueError as error:
        raise InvalidError(
            "a quote is not closed", "close it, or write \\' for the character", "invalid-run"
        ) from error
    return [_PLACE.sub(lambda match: templates[int(match[1])], word) for word in words]


def extract_load_words(schedule: Schedule) -> list[str]:
    """The command of an extractor and loader; `elt` is the one that still transforms (meltano/cli/elt.py)."""
    words = ["meltano", *_environment(schedule), "elt" if schedule.transform else "el"]
    words += [schedule.extractor or "", schedule.loader or ""]
    if schedule.transform:
        words.append(f"--transform={schedule.transform}")
    words.append(f"--state-id={schedule.state_id or schedule.name}")
    return [*words, *_full_refresh(schedule)]


def run_words(schedule: Schedule, run: str) -> list[str]:
    """The command of one task of a job, or of `tasks`."""
    suffix = [f"--state-id-suffix={schedule.state_id_suffix}"] if schedule.state_id_suffix else []
    return ["meltano", *_environment(schedule), "run", *_full_refresh(schedule), *suffix, *words_of(run)]


def as_shell(words: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Write words for bash.

    A word that Airflow evaluates or that could be misread goes through the environment:
    so nothing that it becomes is ever read as code.

    Returns:
        The command, and the environment variables that it needs.
    """
    command: list[str] = []
    env: dict[str, str] = {}
    for word in words:
        if is_template(word) or _is_unsafe(word):
            name = f"ARGUMENT_{len(env) + 1}"
            env[name] = word
            command.append(f'"${name}"')
        else:
            command.append(_quote(word))
    return " ".join(command), env


def _is_unsafe(word: str) -> bool:
    """Whether the word would end a line, start a comment of Jinja2, or put a mark over its neighbour."""
    return bool(_UNSAFE.search(word)) or any(unicodedata.category(character)[0] == "M" for character in word)


def _quote(word: str) -> str:
    """The word, in quotes where the shell needs them or where Airflow would open the command's end as a file."""
    return f"'{word}'" if word.endswith(FILE_ENDINGS) and shlex.quote(word) == word else shlex.quote(word)


def _environment(schedule: Schedule) -> list[str]:
    return [f"--environment={schedule.environment}"] if schedule.environment else []


def _full_refresh(schedule: Schedule) -> list[str]:
    return ["--full-refresh"] if schedule.full_refresh else []
