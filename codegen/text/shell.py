"""Quotes words for the shell, and parses quoted words."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from codegen import rules
from codegen.diagnostics import InvalidError, quoted
from codegen.text.jinja import as_literal, braces_in, check_template, is_template, parts_of, with_templates_as
from codegen.text.shell_tree import MAX_DEPTH, is_too_deep

# Linux limits an argument to 128 KiB (MAX_ARG_STRLEN in linux/binfmts.h), and a character has up to 4 bytes.
MAX_COMMAND_LENGTH = 30_000
# Control characters, and the start of a Jinja2 comment.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]|\{#")
# The pieces of a word with a known value; characters for private use represent templates.
_IN_BRACES = r"\$\{\w+(?::\?[\w -]+)?\}"
_QUOTED = rf'"(?:[^"$`\\]|\\[$`"\\]|\$\w|{_IN_BRACES})*"'
_PIECE = re.compile(rf"[\w@%+=:,./\ue000-\uf8ff-]|'[^']*'|\\[^\n]|\$\w+|{_IN_BRACES}|{_QUOTED}")
_IN_QUOTES = re.compile(r"\\(?P<escaped>.)|\$(?P<name>\w+)|\$\{(?P<in_braces>\w+)(?P<required>:\?[\w -]+)?\}")
_PLAIN = re.compile(r"[\w@%+=:,./\-]*")
# Most arguments have no quotes: splitting them at spaces is ten times faster.
_PLAIN_WORDS = re.compile(r"[\w@%+=:,./ \-]*")
# Given an empty value, Meltano silently uses another state or environment.
_NEVER_EMPTY = {"--environment", "--state-id", "--state-id-suffix"}


def words_of(run: str) -> list[str]:
    """Split the arguments of `meltano run` like a shell, or raise an InvalidError; templates are not split."""
    if _PLAIN_WORDS.fullmatch(run):
        return run.split()
    text, restored = without_templates(run)
    try:
        return list(map(restored, shlex.split(text)))
    except ValueError as error:
        hint = "close it, or write \\' for the character"
        raise InvalidError("a quote is not closed", hint, rules.INVALID_RUN) from error


def run_of(words: Iterable[str]) -> str:
    """Join words to arguments: the inverse of `words_of`, if no template spans several words."""
    return " ".join(map(_quoted_word, words))


def _quoted_word(word: str) -> str:
    if is_template(word) and _PLAIN.fullmatch(with_templates_as("", word)):
        return word
    text, restored = without_templates(word)
    return restored(shlex.quote(text))


def value_of_word(word: str, variables: Mapping[str, str]) -> str | None:
    """Return the value of a word in a shell script, or None if only the shell knows it."""
    values, position = "", 0
    while position < len(word):
        piece = _PIECE.match(word, position)
        value = _value_of_piece(piece[0], variables) if piece else None
        if piece is None or value is None:
            return None
        values, position = values + value, piece.end()
    return values


def _value_of_piece(piece: str, variables: Mapping[str, str]) -> str | None:
    match piece[0]:
        case "'":
            return piece[1:-1]
        case "\\":
            return piece[1:]
        case '"':
            return _expanded(piece[1:-1], variables)
        case "$":
            value = _expanded(piece, variables)
            return value if value and _PLAIN.fullmatch(value) else None
    return piece


def _expanded(text: str, variables: Mapping[str, str]) -> str | None:
    """Return double-quoted text with its variables expanded, or None if one is unknown, or empty but required."""

    def expanded(match: re.Match[str]) -> str:
        value = match["escaped"] or variables[match["name"] or match["in_braces"]]
        if match["required"] and not value:
            raise KeyError(match["in_braces"])
        return value

    try:
        return _IN_QUOTES.sub(expanded, text)
    except KeyError:
        return None


def without_templates(text: str) -> tuple[str, Callable[[str], str]]:
    """Return the text with a placeholder for each template, and a function that restores them in a part of it."""
    mark = next(character for character in map(chr, range(0xE000, 0xF900)) if character not in text)
    parts = parts_of(text)
    templates = parts[1::2]
    parts[1::2] = [f"{mark}{number}{mark}" for number in range(len(templates))]
    place = re.compile(f"{mark}([0-9]+){mark}")
    return "".join(parts), lambda word: place.sub(lambda match: templates[int(match[1])], word)


def check_run(run: str) -> None:
    """Raise an InvalidError like `check_arguments`, and for empty arguments."""
    check_arguments(run)
    if "" in words_of(run):
        raise InvalidError("an argument is empty", "remove it", rules.INVALID_RUN)


def check_arguments(run: str) -> None:
    """Raise an InvalidError for arguments that cannot be passed to Meltano, or templates that Airflow cannot render."""
    if "\x00" in run:
        message = "the arguments contain the character U+0000, which cannot be passed to a program"
        raise InvalidError(message, "remove it", rules.INVALID_RUN)
    if len(run) > MAX_COMMAND_LENGTH:
        message = f"the arguments have {len(run)} characters; the maximum is {MAX_COMMAND_LENGTH}"
        raise InvalidError(message, "shorten them", rules.INVALID_RUN)
    # Airflow renders each word separately, so a template cannot span several words.
    for word in words_of(run):
        check_template(word)


def check_command(command: str) -> None:
    """Raise an InvalidError for a command that is too long or nested, ends in a backslash, or contains a template."""
    if is_template(command):
        if braces := braces_in(command):
            quoted_value = as_literal(braces).replace("'", "''")
            message = f"a command cannot contain {quoted(braces)}, which Airflow would read as a template"
            hint = f"""put it in `env` and use the variable: `env: {{TEXT: '{quoted_value}'}}` and "$TEXT\""""
        else:
            message = "a command cannot be a template: the shell would run whatever Airflow renders there as code"
            hint = """put it in `env` and use the variable: `env: {DAY: '{{ ds }}'}` and "$DAY" in the command"""
        raise InvalidError(message, hint, rules.TEMPLATE)
    if len(command) > MAX_COMMAND_LENGTH:
        message = f"the command has {len(command)} characters; the maximum is {MAX_COMMAND_LENGTH}"
        raise InvalidError(message, "move it to a script in the project", rules.INVALID_COMMAND)
    if is_too_deep(command):
        message = f"the command is nested deeper than {MAX_DEPTH} levels; each `&&` is a level"
        raise InvalidError(message, "write the commands on separate lines", rules.NESTED_TOO_DEEP)
    if (len(command) - len(command.rstrip("\\"))) % 2:
        raise InvalidError("the command ends with a backslash that escapes nothing", "remove it", rules.INVALID_COMMAND)


def as_script(
    calls: Iterable[Sequence[str]], template_ext: tuple[str, ...], locks: Sequence[str] = ()
) -> tuple[str, dict[str, str]]:
    """Return a script that runs each command if the previous one succeeded, and its environment variables.

    Templates and unsafe words are passed as variables, so values are never code. The script does not end in one of the
    operator's `template_ext`. With `locks`, it calls the shell function `lock` first, which exits if it
    fails.
    """
    env: dict[str, str] = {}

    def quote(words: Sequence[str]) -> str:
        pairs = zip(("", *words), words, strict=False)
        return " ".join(_shell_word(word, previous, env, template_ext) for previous, word in pairs)

    lock = quote(("lock", *locks)) + "; " if locks else ""
    return lock + " &&\n".join(map(quote, calls)), env


def _shell_word(word: str, previous: str, env: dict[str, str], template_ext: tuple[str, ...]) -> str:
    # A combining mark would change the quote before it.
    is_unsafe = _UNSAFE.search(word) or (
        not word.isascii() and any(unicodedata.category(character)[0] == "M" for character in word)
    )
    if not is_template(word) and not is_unsafe:
        # Airflow would open a command with one of these extensions as a file.
        return f"'{word}'" if word.endswith(template_ext) and shlex.quote(word) == word else shlex.quote(word)
    option, equals, value = word.partition("=")
    if option in _NEVER_EMPTY and equals:
        return f'"{option}={_required(value, option, env)}"'
    if previous in _NEVER_EMPTY:
        return f'"{_required(word, previous, env)}"'
    return f'"${_variable(word, env)}"'


def _required(value: str, option: str, env: dict[str, str]) -> str:
    """Return the value of an option for double quotes; the script exits if a template renders to an empty string."""
    parts = parts_of(value)
    if not all(map(_PLAIN.fullmatch, parts[::2])) or any(part.startswith("{%") for part in parts[1::2]):
        parts = ["", value]
    variables = (_variable(part, env) for part in parts[1::2])
    parts[1::2] = [f"${{{name}:?the value of {option} is empty}}" for name in variables]
    return "".join(parts)


def _variable(value: str, env: dict[str, str]) -> str:
    name = next((name for name, given in env.items() if given == value), f"ARGUMENT_{len(env) + 1}")
    env[name] = value
    return name


def can_be_empty(words: Sequence[str]) -> bool:
    """Return whether a template is the value of an option that must not be empty, which only a shell can check."""
    options = ((previous, word) for previous, word in zip(("", *words), words, strict=False) if is_template(word))
    return any(previous in _NEVER_EMPTY or word.partition("=")[0] in _NEVER_EMPTY for previous, word in options)
