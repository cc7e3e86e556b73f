"""Operators with any arguments, of which Airflow renders some."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

_Base: Any = import_module("airflow.sdk" if find_spec("airflow.sdk") else "airflow.models").BaseOperator


class Load(_Base):  # type: ignore[misc]  # Airflow is not where mypy runs
    """Returns its arguments."""

    template_fields = ("rows", "sizes", "text")

    def __init__(
        self,
        *,
        rows: Any = None,
        day: Any = None,
        nothing: Any = 1,
        sizes: Any = None,
        text: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows, self.day, self.nothing, self.sizes, self.text = rows, day, nothing, sizes, text

    def execute(self, context: Any) -> Any:
        """Return what it got."""
        del context
        return {"rows": self.rows, "nothing": self.nothing, "sizes": self.sizes, "text": self.text}


class BashOperator(Load):
    """Has the name of one of Airflow's."""


class ListFiles(Load):
    """Has another name."""
