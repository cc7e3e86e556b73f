"""The person who uses the page: the author of proposals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Person(NamedTuple):
    """The author of a commit."""

    name: str
    email: str

    def __str__(self) -> str:
        """As git writes it."""
        return f"{self.name} <{self.email}>"

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of git for the author of a commit."""
        return {"GIT_AUTHOR_NAME": self.name, "GIT_AUTHOR_EMAIL": self.email}
