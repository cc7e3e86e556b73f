"""The check of `make lint` for words that are nearly always wrong."""

from __future__ import annotations

import pytest
from plain_words import find

MARKS = '''"""A file beside another.

It goes not with that, and it is
none of ours.
"""
is_none = hinder(beside=True)  # A cure that mends it.
'''


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.py", ["1: beside", "3: goes not with", "3: is none", "6: cure", "6: mends"]),
        ("a.md", ["1: beside", "3: goes not with", "3: is none", "6: beside", "6: cure", "6: hinder", "6: mends"]),
    ],
)
def test_each_mark_is_found_at_its_line_and_python_code_is_not_read(name: str, found: list[str]) -> None:
    messages = sorted(find(name, MARKS))
    assert [
        " ".join(message.split('"')[:2]).removeprefix(f"{name}:").replace(":  ", ": ") for message in messages
    ] == found
    assert messages[0] == f'{name}:1: "beside": write "next to, in addition to"'


@pytest.mark.parametrize(
    "text",
    [
        "git commit --amend is secure; the cron runs on the cron schedule, and besides, there is none: it is None",
        "{{ '' if params.n is none else params.n }}{% if a is none %}{{ (a is none) }}",
    ],
)
def test_other_words_are_not_found(text: str) -> None:
    assert list(find("a.md", text)) == []
    assert list(find("a.py", f"# {text}\nx = {text!r}\n")) == []


def test_the_docstring_of_a_function_begins_with_a_verb() -> None:
    noun = '"""The sum."""'
    text = f"def total():\n    {noun}\n\n@property\ndef total(self):\n    {noun}\n\ndef test_a():\n    {noun}\n"
    assert list(find("a.py", text)) == ['a.py:2: "The": write a verb, such as "Return the"']
