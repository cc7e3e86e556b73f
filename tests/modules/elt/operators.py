"""Operators as a team writes them, which the cases and the tests use."""

from __future__ import annotations

from typing import Any

try:
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator


class Record(BaseOperator):
    """Returns what its arguments are when it runs; Airflow renders the first."""

    template_fields = ("templated",)
    template_ext = (".sql",)

    def __init__(self, *, templated: Any = None, untemplated: Any = None, **others: Any) -> None:
        super().__init__(**others)
        self.templated = templated
        self.untemplated = untemplated

    def execute(self, context: Any) -> Any:  # noqa: ARG002
        """Return both."""
        return {"templated": self.templated, "untemplated": self.untemplated}


class ListFiles(BaseOperator):
    """Lists files."""


class Load(BaseOperator):
    """Loads files of these sizes."""

    def __init__(self, *, sizes: Any = None, **others: Any) -> None:
        super().__init__(**others)
        self.sizes = sizes


class BashOperator(BaseOperator):
    """Has the name of one of Airflow's operators."""

    template_fields = ("rows", "day")

    def __init__(self, *, rows: Any, day: Any, nothing: Any, text: str, **others: Any) -> None:
        super().__init__(**others)
        self.rows = rows
        self.day = day
        self.nothing = nothing
        self.text = text
