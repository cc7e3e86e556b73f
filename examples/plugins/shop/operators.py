"""Operators of the shop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

try:
    from airflow.sdk import BaseOperator
except ImportError:  # Airflow 2
    from airflow.models.baseoperator import BaseOperator


class PublishOperator(BaseOperator):
    """Publish a table to a channel."""

    template_fields: Sequence[str] = ("title", "rates")

    def __init__(
        self, *, channel: str, title: str, rates: dict[str, float], layout: Callable[..., str], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channel = channel
        self.title = title
        self.rates = rates
        self.layout = layout

    def execute(self, context: Any) -> str:
        """Log the table, and return it."""
        table = self.layout(self.rates)
        self.log.info("#%s: %s\n%s", self.channel, self.title, table)
        return table
