"""Escapes text where Kubernetes expands `$(NAME)`: in the words of a command and in environment variables.

Kubernetes also replaces `$$` by `$`, and may corrupt a non-ASCII character that follows a `$`
(https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go). It does so after
Airflow has rendered the templates, so their results must be escaped too.
"""

from __future__ import annotations

import re

from codegen.airflow_facts.context import DATE_NAMES, INTERVAL_NAMES
from codegen.text.jinja import before_template, is_template

_EXPANDED = re.compile(r"\$(?:[$(]|[^\x00-\x7f])")
_NAME = re.compile(r"\{\{ *([A-Za-z_][\w.]*) *\}\}")
_DATES = DATE_NAMES | INTERVAL_NAMES | {"execution_date", "prev_start_date_success", "prev_end_date_success"}
_DATE = f"(?:{'|'.join(sorted(_DATES))})"
_NUMBERS = r"(?:(?:\w+=)?[+-]?\d+)(?:, *(?:\w+=)?[+-]?\d+)*"
_CALL = rf"\((?:'[^'\\$]*'|\"[^\"\\$]*\"|{_NUMBERS})?\)"
# Dates and times, and the results of their methods and of Airflow's filters.
_WITHOUT_DOLLAR = re.compile(rf"\{{\{{-? *{_DATE}(?:\.\w+(?:{_CALL})?| *\| *\w+)* *-?\}}\}}")


def as_expanded(text: str) -> str:
    """Escape a text or a template, so that the container gets it, or its result, unchanged."""
    if not is_template(text):
        return _doubled(text) if _EXPANDED.search(text) else text
    around = _WITHOUT_DOLLAR.sub("", text)
    if "$" not in text and not is_template(around):
        return text
    if not is_template(_NAME.sub("", text)):
        return _NAME.sub(r"{{ \1 | replace('$', '$$') }}", _doubled(text))
    return "{% filter replace('$', '$$') %}" + before_template(text) + "{% endfilter %}"


def _doubled(text: str) -> str:
    return text.replace("$", "$$")
