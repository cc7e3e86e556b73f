"""Exchange rates."""

from __future__ import annotations


def fetch(day: str) -> dict[str, float]:
    """Return the rates of a day."""
    return {"USD": 1.08, "CHF": 0.94}


def as_table(rates: dict[str, float]) -> str:
    """Format rates, one per line."""
    return "\n".join(f"{currency} {rate:.2f}" for currency, rate in sorted(rates.items()))
