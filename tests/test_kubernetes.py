"""The expansion of words and variables in Kubernetes, its escaping, and quantities."""

from __future__ import annotations

import json
import os
import subprocess
from fractions import Fraction
from typing import Any

import pytest
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment
from kubelet import expand, started
from kubernetes_definitions import TARGET, definitions
from strategies import TEXT

from codegen.runners import Work
from codegen.runners.kubernetes.expansion import as_expanded
from codegen.runners.kubernetes.operator import KUBERNETES
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.runners.kubernetes.types import amount
from codegen.text.jinja import is_template

_DOLLARS = st.lists(st.sampled_from(["$", "$$", "$(A)", "$(B", ")", "(", "é", "a"]) | TEXT, max_size=6).map("".join)
_ENV = {"A": "a value"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)-1", "a value-1"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$a value"),
        ("f000-$$VAR", "f000-$VAR"),
        ("${A} $A $", "${A} $A $"),
        ("--$($(A", "--$($(A"),
        ("$é", "$Ã\ufffd"),
    ],
)
def test_the_kubelet_of_the_tests_behaves_as_documented(text: str, expected: str) -> None:
    """With the cases of Kubernetes' own tests (expand_test.go)."""
    assert expand(text, _ENV) == expected


@given(_DOLLARS.filter(lambda text: not is_template(text)))
@example("$$")
@example("$(A)")
@example("costs $é")
def test_kubernetes_changes_no_text(text: str) -> None:
    """No text is a reference to a variable."""
    assert expand(as_expanded(text), _ENV) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ value }}",
        "$HOME/{{ value }}-{{ value }}$$",
        "{{ value | upper }}",
        "{% if value %}{{ value }}{% endif %}$(A)",
        "{{ '}}' }}{{ value }}",
        "{{ ds ~ value }}",
        "{{ '$(A)' }}",
        r"{{ '\x24(A)' }}",
        "{{ ds.replace('2', value) }}",
        "{{ ds.replace('2', '$(A)') }}",
        "{{ ds }}{{ value }}",
        "{{ ds }}",
    ],
)
@given(value=_DOLLARS)
def test_kubernetes_does_not_change_a_rendered_template(template: str, value: str) -> None:
    """Airflow renders it first, so the result is escaped like any text."""
    environment = Environment(autoescape=False)  # noqa: S701  # as in Airflow
    context = {"value": value, "ds": "2026-03-02"}
    rendered = environment.from_string(template).render(context)
    assert expand(environment.from_string(as_expanded(template)).render(context), _ENV) == rendered


@fewer(2)
@given(st.lists(_DOLLARS.filter(lambda text: text and not is_template(text)), min_size=1, max_size=8))
def test_any_argument_reaches_each_of_several_programs(words: list[str]) -> None:
    """After Airflow, Kubernetes and a shell that runs one program after the other."""
    work = Work((("printf", r"%s\0", *words), ("printf", r"%s\0", "second", *words)), settings=Kubernetes())
    arguments: dict[str, Any] = KUBERNETES.lower(work)
    environment = Environment(autoescape=False)  # noqa: S701  # as in Airflow
    command, args = (
        [environment.from_string(text).render() for text in arguments[name]] for name in ("cmds", "arguments")
    )
    given_env = (arguments["env_vars"] or {}).items()
    env = [{"name": name, "value": environment.from_string(value).render()} for name, value in given_env]
    container = {"command": command, "args": args, "env": env}
    program, variables = started(container)
    done = subprocess.run(program, env={**os.environ, **variables}, capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [*words, "second", *words]


@pytest.mark.parametrize(
    "template",
    [
        "{{ ds }}",
        "{{ data_interval_start | ds }}/x",
        "{{ ts_nodash }}-{{ds}}",
        "{{ logical_date.subtract(days=1).strftime('%Y') }}",
    ],
)
def test_a_template_of_a_date_is_not_escaped(template: str) -> None:
    """Its result contains no `$`, so it stays readable for reviewers."""
    assert as_expanded(template) == template


def test_the_definitions_match_those_of_kubernetes() -> None:
    """`make kubernetes` would write the same."""
    data = json.loads(TARGET.read_text(encoding="utf-8"))
    assert data["definitions"] == definitions()


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("500m", Fraction(1, 2)),
        ("2", Fraction(2)),
        (".5Gi", Fraction(2**29)),
        ("1e3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("1.5k", Fraction(1500)),
        ("1Ki", Fraction(1024)),
        ("100n", Fraction(1, 10**7)),
        ("1.", Fraction(1)),
    ],
)
def test_a_quantity_is_parsed_as_in_kubernetes(quantity: str, expected: Fraction) -> None:
    """With every suffix of Kubernetes' documentation."""
    assert amount(quantity) == expected
