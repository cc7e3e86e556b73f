"""Runs axe-core on a page in a browser."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(tab: Page, selector: str | None = None) -> list[str]:
    """Return the violations on a page, or in an element of it, one line per element."""
    results = Axe().run(tab, context=selector, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['html'][:200]} ({' '.join(node['failureSummary'].split())})"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
