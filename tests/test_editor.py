"""Edits in place: only the value changes, and every other character of the file is the same."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codegen.source.edit import EditError, append, remove, set_value, set_written, written_at
from codegen.source.write import to_yaml

SCHEDULE = """\
# yaml-language-server: $schema=schedule.schema.json
extractor: tap-a   # ours
loader: 'target-b'

# after the backup
interval: '@daily'  # at night
env:
    # inside
    A: 1
# the end
"""
PROJECT = """\
plugins: {extractors: [{name: tap-a}, {name: tap-b}]}
schedules:
# the first
# has two lines
- name: a
  job: x
  # inside
  interval: '@daily' # daily

# the second
-   name: b # here
    job: y
# the end
version: 1
"""


def _changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the removed and the added lines; all others are the same, in the same order."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


@pytest.mark.parametrize(
    ("key", "value", "gone", "come"),
    [
        ("interval", "0 6 * * 1-5", "interval: '@daily'  # at night\n", "interval: '0 6 * * 1-5'  # at night\n"),
        ("interval", "it's", "interval: '@daily'  # at night\n", "interval: 'it''s'  # at night\n"),
        ("extractor", "tap-c", "extractor: tap-a   # ours\n", "extractor: tap-c   # ours\n"),
        ("extractor", "on", "extractor: tap-a   # ours\n", 'extractor: "on"   # ours\n'),
        ("loader", "a\\b\t", "loader: 'target-b'\n", 'loader: "a\\\\b\\t"\n'),
    ],
)
def test_a_replaced_value_keeps_its_quotes_and_comment(key: str, value: str, gone: str, come: str) -> None:
    """Only its line changes."""
    assert _changed_lines(SCHEDULE, set_value(SCHEDULE, (key,), value)) == ([gone], [come])


def test_a_missing_key_is_added_after_the_others() -> None:
    """Before a comment at the end of the file, with the indentation of the other keys."""
    assert _changed_lines(SCHEDULE, set_value(SCHEDULE, ("transform",), "run")) == ([], ["transform: run\n"])
    assert _changed_lines(SCHEDULE, set_value(SCHEDULE, ("env", "B"), "yes")) == ([], ['    B: "yes"\n'])


def test_an_item_is_removed_with_the_comments_above_it() -> None:
    """Comments of adjacent items, and those after the list, are kept."""
    without_first = remove(PROJECT, ("schedules", 0))
    assert (
        "".join(_changed_lines(PROJECT, without_first)[0])
        == PROJECT[PROJECT.index("# the first") :].split("# the second", maxsplit=1)[0]
    )
    without_second = remove(PROJECT, ("schedules", 1))
    assert _changed_lines(PROJECT, without_second) == (["# the second\n", "-   name: b # here\n", "    job: y\n"], [])
    nothing = remove(without_first, ("schedules", 0))
    assert nothing == PROJECT.split("schedules:", maxsplit=1)[0] + "schedules: []\n# the end\nversion: 1\n"
    assert append(nothing, ("schedules",), {"name": "c"}) == nothing.replace(" []", "\n- name: c")


def test_a_further_indented_comment_belongs_to_the_item_above() -> None:
    """A commented-out key is removed or kept with its item."""
    text = "l:\n- a: 1\n  # b: 2\n# the second\n- a: 3\n  # b: 4\nm: 5\n"
    assert remove(text, ("l", 0)) == "l:\n# the second\n- a: 3\n  # b: 4\nm: 5\n"
    assert remove(text, ("l", 1)) == "l:\n- a: 1\n  # b: 2\nm: 5\n"
    assert remove("l:\n    # the first\n- a: 1\n  # b: 2\n", ("l", 0)) == "l: []\n"
    assert remove("l:\n- a: 1\n\n  # b: 2\n# the second\n- a: 3\n", ("l", 0)) == "l:\n# the second\n- a: 3\n"


def test_trailing_empty_lines_of_a_text_are_kept() -> None:
    """An item that is added after a text with several trailing newlines does not remove any."""
    text = "l:\n- a: |+\n    x\n\n\n"
    assert append(text, ("l",), {"b": "y"}) == text + "- b: y\n"
    assert append("l: []\n", ("l",), {"a": "x\n\n"}) == 'l:\n- a: "x\\n\\n"\n'
    assert remove(append(text, ("l",), {"b": "y"}), ("l", 0)) == "l:\n- b: y\n"


def test_an_item_is_added_after_the_others() -> None:
    """Also to a list in brackets, and to a missing list."""
    assert _changed_lines(PROJECT, append(PROJECT, ("schedules",), {"name": "c", "env": {"A": "1"}})) == (
        [],
        ["- name: c\n", "  env:\n", '    A: "1"\n'],
    )
    assert "{name: tap-b}, {name: tap-c}]}" in append(PROJECT, ("plugins", "extractors"), {"name": "tap-c"})
    assert append(PROJECT, ("jobs",), "x").endswith("version: 1\njobs:\n- x\n")
    for nothing in ("schedules: null", "schedules: []\n", "schedules:", "schedules: ~\n"):
        assert append(nothing, ("schedules",), "x").removesuffix("\n") == "schedules:\n- x"


def test_line_ends_and_the_byte_order_mark_are_kept() -> None:
    """A file with Windows line ends keeps them."""
    windows = "\ufeff" + SCHEDULE.replace("\n", "\r\n")
    assert set_value(windows, ("transform",), "run") == "\ufeff" + set_value(SCHEDULE, ("transform",), "run").replace(
        "\n", "\r\n"
    )


def test_an_alias_is_replaced_and_a_used_anchor_is_not() -> None:
    """Replacing the anchor would change or break its aliases."""
    text = "a: &x 1\nb: *x\n"
    assert set_value(text, ("b",), 2) == "a: &x 1\nb: 2\n"
    with pytest.raises(EditError, match="anchors"):
        set_value(text, ("a",), 2)
    with pytest.raises(EditError, match="anchors"):
        remove("l:\n- &x 1\n- *x\n", ("l", 0))


def test_comments_within_a_replaced_value_are_kept() -> None:
    """They are moved above the new value; a comment after a key stays there."""
    assert set_value("interval: >- # ask Ann\n  0 5 * * *\nb: 2\n", ("interval",), "@hourly") == (
        '# ask Ann\ninterval: "@hourly"\nb: 2\n'
    )
    assert set_value("tasks: # all\n# one\n- a # x\n- 'b # no'\nb: 2 # y\n", ("tasks",), ["c"]) == (
        "# all\n# one\n# x\ntasks:\n- c\nb: 2 # y\n"
    )
    listed = "schedules: # ours\n- name: a\nb: 1\n"
    assert remove(listed, ("schedules", 0)) == "schedules: [] # ours\nb: 1\n"
    assert append("schedules: # ours\nb: 1\n", ("schedules",), {"name": "a"}) == listed


def test_yaml_source_is_inserted_unchanged() -> None:
    """With its comments and quotes; those around it are kept."""
    changed = set_written(SCHEDULE, ("env",), "A: 1.10  # new\nB: 'x'")
    assert _changed_lines(SCHEDULE, changed) == (["    A: 1\n"], ["    A: 1.10  # new\n", "    B: 'x'\n"])
    assert set_written("a: {b: 1} # c\n", ("a",), "- x # y\n- z") == "a:\n- x # y\n- z # c\n"
    assert set_written("a:\n  b: 1\nc: 2\n", ("a",), "{b: 2}") == "a: {b: 2}\nc: 2\n"
    assert set_written("a: # none\nb: 2\n", ("a",), "c: 1") == "a: # none\n  c: 1\nb: 2\n"
    assert set_written("a: 1\r\n", ("b",), "|\n x\n  y") == "a: 1\r\nb: |\r\n  x\r\n   y\r\n"
    assert set_written("{a: 1}\n", ("b",), "[1, 2]") == "{a: 1, b: [1, 2]}\n"


@pytest.mark.parametrize("written", ["a: [", "", "a: 1\n---\nb: 2", "*x", "}", "1, c: 2"])
def test_yaml_source_that_is_not_one_value_is_rejected(written: str) -> None:
    """Also if it would change more than the value at its location."""
    with pytest.raises(EditError):
        set_written("{a: 1}\n", ("b",), written)


_BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9))


@pytest.mark.parametrize(
    "text",
    # The last ones crashed Python or exhausted the memory.
    ["a: [", "- a\n", "a: 1\n---\nb: 2\n", "just text", "a: &a [*a]\n", _BOMB, "a: " + "[" * 200_000],
    ids=lambda text: text[:12],
)
def test_a_document_that_is_not_a_map_is_an_error(text: str) -> None:
    with pytest.raises(EditError):
        set_value(text, ("key",), "value")


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | _TEXTS | st.sampled_from(["on", "10:30", "# c", "a: b", "*", "-"])
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=6
)
_KEYS = st.sampled_from(["interval", "env", "tasks", "on", "a b", "é"])
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES, min_size=1)


@given(_VALUES, st.booleans())
def test_every_written_value_is_read_back(value: object, flow: bool) -> None:  # noqa: FBT001  # Hypothesis passes it by position
    """In block and flow style."""
    text = to_yaml({"key": value}, flow=flow)
    assert yaml.safe_load(text) == {"key": value}
    assert not flow or text.count("\n") == 1


def _with_comments(text: str) -> str:
    """Add a comment above each top-level key and after each key with a nested value, and an empty line."""
    lines = re.sub(r"(?m)^([a-z]+:)$", r"\1 # inside", text).splitlines(keepends=True)
    starts = [line[:1] not in {" ", "-", "|", "\n"} and ":" in line for line in lines]
    return (
        "# head\n\n" + "".join(f"# of {i}\n{line}" if starts[i] else line for i, line in enumerate(lines)) + "# tail\n"
    )


@given(_DOCUMENTS, _KEYS, _VALUES, st.booleans())
def test_any_key_of_any_document_can_be_set(document: dict[str, object], key: str, value: object, flow: bool) -> None:  # noqa: FBT001
    """The other data and every comment are unchanged."""
    text = to_yaml(document, flow=flow)
    text = text if "\n\n" in text else _with_comments(text)
    changed = set_value(text, (key,), value)
    assert yaml.safe_load(changed) == {**document, key: value}
    if yaml.safe_load(text) == document:
        assert Counter(re.findall(r"# (?:of \d|head|tail|inside)", changed)) == Counter(
            re.findall(r"# (?:of \d|head|tail|inside)", text)
        )


@given(st.lists(_VALUES, min_size=1, max_size=4), st.data(), st.booleans())
def test_any_item_can_be_removed_and_added_again(items: list[object], data: st.DataObject, flow: bool) -> None:  # noqa: FBT001

    text = f"before: 1\nitems:{' ' if flow else chr(10)}{to_yaml(items, flow=flow)}after: 2\n"
    index = data.draw(st.integers(0, len(items) - 1))
    less = remove(text, ("items", index))
    left = items[:index] + items[index + 1 :]
    assert yaml.safe_load(less) == {"before": 1, "items": left, "after": 2}
    more = append(less, ("items",), items[index])
    assert yaml.safe_load(more) == {"before": 1, "items": [*left, items[index]], "after": 2}


@given(_DOCUMENTS, _VALUES, st.booleans(), st.booleans())
def test_the_source_of_any_value_can_be_copied(
    document: dict[str, object],
    value: object,
    flow: bool,  # noqa: FBT001
    other: bool,  # noqa: FBT001
) -> None:
    """At its own location, the text is unchanged; in another document, it has the same value."""
    text = to_yaml({**document, "last": value}, flow=flow)
    written = written_at(text, ("last",))
    assert set_written(text, ("last",), written) == text
    elsewhere = set_written(to_yaml(document, flow=other), ("last",), to_yaml(value, flow=True))
    assert yaml.safe_load(elsewhere) == {**document, "last": value}
