"""Custom operators of a team, for the cases and the tests."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

_Base: Any = import_module("airflow.sdk" if find_spec("airflow.sdk") else "airflow.models").BaseOperator


class Record(_Base):
    """Returns its arguments; Airflow renders the first."""

    template_fields: tuple[str, ...] = ("templated",)
    template_ext = (".sql",)

    def __init__(self, *, templated: Any = None, untemplated: Any = None, **others: Any) -> None:
        super().__init__(**others)
        self.templated, self.untemplated = templated, untemplated

    def execute(self, context: Any) -> Any:
        """Return both."""
        del context
        return {"templated": self.templated, "untemplated": self.untemplated}


class Load(Record):
    """Loads files of these sizes."""

    def __init__(self, *, sizes: Any = None, secrets: Any = None, password: Any = None, **others: Any) -> None:
        super().__init__(**others)
        self.sizes, self.secrets, self.password = sizes, secrets, password


class ListFiles(Record):
    """Lists files."""


class BashOperator(Record):
    """Has the name of one of Airflow's operators."""

    template_fields = ("rows", "text")

    def __init__(self, *, rows: Any, day: Any, nothing: Any, text: str, data: Any, **others: Any) -> None:
        super().__init__(**others)
        self.rows, self.day, self.nothing, self.text, self.data = rows, day, nothing, text, data
