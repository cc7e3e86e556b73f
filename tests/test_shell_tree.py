"""The syntax tree of a shell script has the words of the shell, whatever their characters."""

from __future__ import annotations

import subprocess

import pytest

from codegen.text.shell_tree import arguments_of, every, tree_of_script

_PLANES = [chr(number) for number in range(0x100, 0x110000, 0x100) if not 0xD800 <= number < 0xE000]


def _words(script: str) -> list[str]:
    return [word for node in every(tree_of_script(script)) if node.type == "command" for word in arguments_of(node)]


_WORDS = ["a\u2003b", "a\u3000b", "{\U0001f600", "{1..\u20ac", "\xe9\u0442\u65e5\U0001f600", "\u2028"]


@pytest.mark.parametrize("word", _WORDS)
def test_a_character_beyond_ascii_is_part_of_a_word(word: str) -> None:
    answer = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, encoding="utf-8", check=True)
    assert "".join(_words(f"printf %s {word}")) == "%s" + answer.stdout


def test_a_character_after_a_brace_does_not_crash_the_grammar() -> None:
    """It crashes most processes for one of them, depending on the addresses of the process."""
    assert [text for text in map("{{{}".format, _PLANES) if _words(f"echo {text}") == []] == []
