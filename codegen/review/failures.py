"""Explains import errors of DAG files: the cause and its fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from codegen.airflow_facts import facts_of
from codegen.diagnostics import nearest, quoted
from codegen.schema.alerts import KINDS
from codegen.text.tracebacks import exception_of, summary_of

# Error messages of Airflow and Python, in all supported versions.
_INVALID_ARGUMENTS = re.compile(r"Invalid arguments were passed to (\w+) ")
_UNEXPECTED = re.compile(r"\(\) got an unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"missing keyword argument '(\w+)'")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_NO_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_NOT_SERIALIZED = re.compile(r"Failed to serialize DAG '[^']*': (.*)", re.DOTALL)
_NAME_IN_A_MAP = re.compile(r"(?:^|, )'(\w+)': ")
# The prefix that Airflow adds to the module name of a DAG file.
_MODULE_PREFIX = re.compile(r"unusual_prefix_[0-9a-f]+_")
_PROVIDER = re.compile(r"airflow\.providers\.((?:apache|atlassian|cncf|common|dbt|ibm|microsoft)\.\w+|\w+)")
_TIMEOUT = re.compile(r"DagBag import timeout")


class Failure(NamedTuple):
    """The cause of an error.

    Attributes:
        argument: the Airflow argument that it is about.
        name: the name that the line cannot import from its module.
    """

    message: str
    hint: str = ""
    argument: str = ""
    name: str = ""


def failures_of(traceback: str, log: str, module: str, operator: str, airflow: str) -> Iterator[Failure]:
    """Yield the causes of an error.

    Args:
        traceback: Python's traceback, or the last output of a process that exited.
        log: the output of the file.
        module: the module that the failing line imports; empty for other lines.
        operator: the full name of the operator that it calls; empty for other lines.
        airflow: the Airflow version of the project.
    """
    error = _MODULE_PREFIX.sub("", exception_of(traceback))
    if match := _INVALID_ARGUMENTS.search(error):
        for name in _NAME_IN_A_MAP.findall(error[match.end() :].partition("**kwargs: {")[2]):
            yield _unknown_argument(match[1], name, operator, airflow)
    elif match := _UNEXPECTED.search(error):
        function = error[: match.start()].rpartition(" ")[2]
        name = function.removesuffix(".__init__")
        yield _unknown_argument("the function" if name == function else name, match[1], operator, airflow)
    elif match := _MISSING.search(error):
        yield Failure(
            f"{operator.rpartition('.')[2] or 'an operator'} requires the argument {quoted(match[1])}", "add it"
        )
    elif match := _NO_MODULE.search(error):
        yield _missing_module(match[1], module)
    elif match := _NO_NAME.search(error):
        own = (name.rpartition(".") for name in facts_of(airflow).classes)
        hint = nearest(match[1], [name for of, _, name in own if of == match[2]]) or _hint_to_install(match[2])
        name = match[1] if match[2] == module else ""
        yield Failure(f"{quoted(match[2])} has no {quoted(match[1])} in this Airflow", hint, name=name)
    elif match := _NOT_SERIALIZED.search(error):
        yield Failure(f"Airflow cannot serialize the DAG: {_line(match[1])}", _hint_to_serialize(match[1]))
    elif _TIMEOUT.search(error):
        hint = "move slow code into a task, or raise AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT there too"
        yield Failure("the file exceeds Airflow's import timeout", hint)
    else:
        yield Failure(summary_of(error, log))


def _unknown_argument(name_of_class: str, name: str, operator: str, airflow: str) -> Failure:
    facts = facts_of(airflow)
    found = facts.class_of(operator)
    known = facts.dag if name_of_class == "DAG" else {**facts.operator, **(found.arguments if found else {})}
    hint = nearest(name, known) or "remove it, or correct its name"
    return Failure(f"{name_of_class} has no argument {quoted(name)} in this Airflow", hint, name)


def _missing_module(missing: str, module: str) -> Failure:
    """Return a missing module: the one that the line imports, a parent package, or a dependency."""
    full = module if f"{module}.".startswith(f"{missing}.") else missing
    message = f"{quoted(full)} is not in this Airflow"
    if module and full != module:
        message = f"{quoted(module)} imports {quoted(full)}, which is not in this Airflow"
    provider = _PROVIDER.match(full)
    if provider and len(missing) <= len(provider[0]):
        return Failure(message, f"install {quoted(_package(provider))} there")
    return Failure(message, _hint_to_install(full))


def _hint_to_install(module: str) -> str:
    """Return the fix for a missing package, or one without a module or name."""
    provider = _PROVIDER.match(module)
    if provider:
        package = _package(provider)
        action = "install" if ">=" in package else "correct the name, or install a newer"
        return f"{action} {quoted(package)} there"
    if module.partition(".")[0] == "airflow":
        return "use a module that this version has"
    return "install its package there, or add its folder to PYTHONPATH"


def _package(provider: re.Match[str]) -> str:
    """Return the package of a provider, with the minimum version if it is known."""
    package = f"apache-airflow-providers-{provider[1].replace('.', '-').replace('_', '-')}"
    return package + next((f">={least}" for name, least in _minimums() if name == package), "")


def _minimums() -> Iterator[tuple[str, str]]:
    """Yield the providers with the minimum version that the DAG files of a project need."""
    yield from (kind.model.provider for kind in KINDS if kind.model.provider)


def _hint_to_serialize(message: str) -> str:
    return "register it in a plugin of that Airflow" if "not registered" in message else ""


def _line(text: str) -> str:
    return text.strip().partition("\n")[0]
