"""The author of a commit."""

from __future__ import annotations

import re
from typing import NamedTuple

# Git strips these characters from both ends of a name (`crud` in git's ident.c), so a name must have others.
_CRUD = ".,:;<>\"\\'"
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_MAX_LENGTH = 200


class Person(NamedTuple):
    """A name with an e-mail address, which git accepts if it has no `problems`."""

    name: str
    email: str

    def __str__(self) -> str:
        """The format of git: `Ada Lovelace <ada@example.com>`."""
        return f"{self.name} <{self.email}>"

    @property
    def problems(self) -> dict[str, str]:
        """The problem of each invalid field, by its name."""
        found = {field: _problem(value) for field, value in self._asdict().items()}
        if not found["name"] and not self.name.strip(f"{_CRUD} "):
            found["name"] = "enter your name"
        if not found["email"] and not _EMAIL.fullmatch(self.email):
            found["email"] = "enter an address such as ada@example.com"
        return {field: problem for field, problem in found.items() if problem}

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that make it the author of a commit."""
        return {"GIT_AUTHOR_NAME": self.name, "GIT_AUTHOR_EMAIL": self.email}


def _problem(value: str) -> str:
    if not value.isprintable():
        return "remove the line breaks and invisible characters"
    if {"<", ">"} & {*value}:
        return "remove `<` and `>`"
    return f"use {_MAX_LENGTH} characters at most" if len(value) > _MAX_LENGTH else ""
