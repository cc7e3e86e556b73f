"""How a text passes unchanged where Kubernetes replaces `$(NAME)`: in the words of a command and in variables.

Kubernetes makes `$` of `$$` too, and may damage a letter beyond ASCII that follows a `$`
(https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go). It does so after
Airflow has rendered the templates, so what those become is in danger as well.
"""

from __future__ import annotations

import re

from codegen.airflow_facts.context import OF_A_DATE, OF_AN_INTERVAL
from codegen.text.jinja import before_template, is_template

_READ_AS_MORE = re.compile(r"\$(?:[$(]|[^\x00-\x7f])")
_NAME = re.compile(r"\{\{ *([A-Za-z_][\w.]*) *\}\}")
_DATES = OF_A_DATE | OF_AN_INTERVAL | {"execution_date", "prev_start_date_success", "prev_end_date_success"}
_DATE = f"(?:{'|'.join(sorted(_DATES))})"
_NUMBERS = r"(?:(?:\w+=)?[+-]?\d+)(?:, *(?:\w+=)?[+-]?\d+)*"
_CALL = rf"\((?:'[^'\\$]*'|\"[^\"\\$]*\"|{_NUMBERS})?\)"
# Dates and times, and what their methods and Airflow's filters make of them.
_WITHOUT_DOLLAR = re.compile(rf"\{{\{{-? *{_DATE}(?:\.\w+(?:{_CALL})?| *\| *\w+)* *-?\}}\}}")


def as_expanded(text: str) -> str:
    """What to write so that the container gets the text, or what Airflow makes of it, as it stands."""
    if not is_template(text):
        return _doubled(text) if _READ_AS_MORE.search(text) else text
    around = _WITHOUT_DOLLAR.sub("", text)
    if "$" not in text and not is_template(around):
        return text
    if not is_template(_NAME.sub("", text)):
        return _NAME.sub(r"{{ \1 | replace('$', '$$') }}", _doubled(text))
    return "{% filter replace('$', '$$') %}" + before_template(text) + "{% endfilter %}"


def _doubled(text: str) -> str:
    return text.replace("$", "$$")
