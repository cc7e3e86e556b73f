"""Finds words that are nearly always wrong in the texts of this repository, and prints the better ones: `make lint`.

It reads the comments and strings of Python files, and all other tracked text files in full. A pattern must not have
false alarms: narrow it, or leave it out. The docstring of a function begins with a verb ("Return ..."), except for
properties, fixtures and tests.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

# A space in a pattern is any white space, so that a line break does not hide a phrase.
_WORDS = {
    r"(?<!there\s)is (?-i:none)(?!\s*(?:else|and|or|[%})]))": "is not a ...",  # The lookahead excludes Jinja's test.
    r"go(?:es)? not with|exclude each other": "cannot be combined",
    r"tells? of": "reports",
    r"mend(?:s|ed|ing)?|cure[sd]?": "fix",
    r"hinder(?:s|ed|ing)?": "block",
    r"in the form that": "in the format",
    r"such as one of": "for example",
    r"(?:somebody|someone|a person) starts (?:it|them)|waits? for a person": "manual; manual runs only",
    r"on the cron(?!\s(?:schedule|expression))": "on the cron schedule",
    r"must be [\w\s]+, and this is": "expected ..., got ...",
    r"the folder of `?meltano\.yml": "the Meltano project directory",
    r"it is so already": "already up to date",
    r"comes? along": "is kept, is migrated",
    r"what is (?:there|not there)": "existing ..., missing ...",
    r"who looks at": "a noun, such as: reader",
    r"beside": "next to, in addition to",
    r"anew": "again",
    r"changes? of (?:the|a) clock": "DST change",
    r"commands? of the shell": "shell command",
    r"in the place of": "instead of",
}
_PATTERNS = {
    re.compile(rf"\b(?:{pattern})(?!\w)".replace(" ", r"\s+"), re.IGNORECASE): better
    for pattern, better in _WORDS.items()
}
_SKIPPED = re.compile(
    r"LICENSE$|.*\.(json|svg)$|.*requirements/.*\.txt$|.*/vendor/|tests/(cases|imports|generators)/|.*plain_words\.py$"
)
_NOUN = re.compile(r"(The|An?|Each|Every|Whether)\b")
_NAMED_BY_NOUN = re.compile(r"property|fixture")
_TEXTS = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def find(name: str, text: str) -> Iterator[str]:
    """Yield a message for each match in the text of a file."""
    parts = [(1, text)]
    if name.endswith(".py"):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        parts = [(token.start[0], token.string) for token in tokens if token.type in _TEXTS]
        yield from _nouns(name, ast.parse(text))
    for first, part in parts:
        for pattern, better in _PATTERNS.items():
            for match in pattern.finditer(part):
                found = " ".join(match[0].split())
                yield f'{name}:{first + part.count(chr(10), 0, match.start())}: "{found}": write "{better}"'


def _nouns(name: str, module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith(("test_", "__")):
            match = _NOUN.match(ast.get_docstring(node) or "")
            if match and not any(_NAMED_BY_NOUN.search(ast.unparse(each)) for each in node.decorator_list):
                yield f'{name}:{node.body[0].lineno}: "{match[0]}": write a verb, such as "Return {match[0].lower()}"'


def main() -> int:
    """Print the matches in all tracked files, and return 1 if there are any."""
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    messages: list[str] = []
    for name in filter(None, names):
        if not _SKIPPED.match(name) and Path(name).is_file():
            try:
                messages += find(name, Path(name).read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue
    sys.stdout.write("".join(f"{message}\n" for message in messages))
    return bool(messages)


if __name__ == "__main__":
    sys.exit(main())
