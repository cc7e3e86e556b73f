"""Airflow ids: valid characters, and the conversion of names to IDs."""

from __future__ import annotations

import re
import unicodedata

# `validate_key` and `validate_group_key` in airflow/utils/helpers.py on 2, airflow/sdk/definitions/_internal/node.py
# on 3. `\w` matches letters and digits of every script, but not combining marks.
ID = re.compile(r"[\w.-]+")
GROUP_ID = re.compile(r"[\w-]+")
# The options of `meltano run` with a value (meltano/cli/run.py of 4.4).
RUN_OPTIONS_WITH_VALUE = {"--run-id", "--state-id-suffix", "--state-strategy", "--timeout"}
_PART = r"""(?:"[^"]*"|'[^']*'|[^\s"'])"""
_OPTION = re.compile(rf"(?:(?:{'|'.join(sorted(RUN_OPTIONS_WITH_VALUE))})\s+{_PART}+|-{_PART}*)(?:\s+|\Z)")
MAX_ID_LENGTH = 250
MAX_GROUP_ID_LENGTH = 200


def composed(text: str) -> str:
    """Return the text in Unicode's composed form (NFC): `é` is one character instead of `e` and a combining accent."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text)


def file_key(name: str) -> str:
    """Return a key that is equal for names of the same file on macOS or Windows, which ignore case or Unicode form."""
    return composed(composed(name).casefold())


def airflow_id(name: str) -> str:
    """Return the name with `_` in place of characters that are invalid in Airflow IDs."""
    return re.sub(r"[^\w.-]", "_", composed(name))


def id_of(run: str) -> str:
    """Return the default ID of a task: the first names in its `run`, without options, in valid characters."""
    text, start = composed(run).strip(), 0
    while option := _OPTION.match(text, start):
        start = option.end()
    names = re.split(r"\s-", text[start:], maxsplit=1)[0]
    return re.sub(r"[^\w.-]+", "_", names).strip("_")
