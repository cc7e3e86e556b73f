"""Prints the facts about an Airflow as JSON for `codegen/airflow_facts`: run it with the Python of that Airflow.

It inspects the installed packages: the types are the annotations of the source, unchanged.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import warnings
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# The packages to import from, in order of preference: the public interface first, modules of providers last.
_PACKAGES = (
    "airflow.sdk",
    "airflow.datasets",
    "airflow",
    "airflow.models.param",
    "airflow.utils.task_group",
    "airflow.sdk.definitions.deadline",
    "airflow.timetables",
    "airflow.operators",
    "airflow.sensors",
    "airflow.notifications",
    "airflow.providers",
)
# The folders of a provider with classes for DAG files.
_OF_PROVIDERS = re.compile(r"airflow\.providers\.\w+(?:\.\w+)*\.(operators|sensors|notifications|timetables)(?:\.|$)")
_NO_INTERFACE = re.compile(r"\.(_\w+|tests|example_dags|version)(?:\.|$)")
_NOT_TAKEN = {"self", "args", "kwargs", "context"}
# The messages of Airflow's operators and of Python.
_MISSING = re.compile(r"missing (?:keyword argument|\d+ required).*")


def facts() -> dict[str, Any]:
    """Return all facts about the Airflow of this Python."""
    warnings.simplefilter("ignore")
    modules = list(_modules())
    return {
        "release": _distribution().version,
        "pythons": _pythons(),
        "cron_data_intervals": _creates_cron_data_intervals(),
        "optional_logical_date": bool(import_module("airflow.models").DagRun.__table__.c.logical_date.nullable)
        if _is_new()
        else False,
        "pool_is_key": not _takes(_interface().BaseOperator, task_id="one", pool="two words"),
        "presets": [preset for preset in _PRESETS if _is_preset(preset)],
        "dag": _arguments(_interface().DAG, "dag_id"),
        "operator": _arguments(_interface().BaseOperator, "task_id"),
        "deprecated": {
            "dag": _deprecated(_interface().DAG, "dag_id", schedule=None),
            "operator": _deprecated(_interface().BaseOperator, "task_id"),
        },
        "commands": sorted(_commands()),
        "context": sorted(_context()),
        "trigger_rules": sorted(_trigger_rules()),
        "imports": dict(sorted(_imports(modules).items())),
        "classes": dict(sorted(_classes(modules).items())),
    }


def _distribution() -> Distribution:
    """Return the name of the core distribution, which is separate since 3.0."""
    with suppress(PackageNotFoundError):
        return distribution("apache-airflow-core")
    return distribution("apache-airflow")


def _pythons() -> list[str]:
    """Return the supported versions of Python."""
    language = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    found = (language.fullmatch(line) for line in _distribution().metadata.get_all("Classifier") or ())
    return [match[1] for match in found if match]


@cache
def _is_new() -> bool:
    """Return whether it has the Task SDK, which is the interface of DAG files since 3.0."""
    with suppress(ImportError):
        return bool(import_module("airflow.sdk"))
    return False


@cache
def _interface() -> Any:  # a module
    """Return the module with `DAG` and `BaseOperator`."""
    return import_module("airflow.sdk" if _is_new() else "airflow.models")


def _creates_cron_data_intervals() -> bool:
    options: Any = import_module("airflow.configuration").conf
    return bool(options.getboolean("scheduler", "create_cron_data_intervals"))


def _context() -> set[str]:
    if _is_new():
        return set(import_module("airflow.sdk.definitions.context").Context.__annotations__)
    return set(import_module("airflow.utils.context").KNOWN_CONTEXT_KEYS)


def _trigger_rules() -> set[str]:
    rules = _first("TriggerRule", "airflow.task.trigger_rule", "airflow.utils.trigger_rule")
    return {rule.value for rule in rules}


def _modules() -> Iterator[ModuleType]:
    """Return the modules to import from, in order of preference."""
    for package in _PACKAGES:
        with suppress(ImportError):
            module = import_module(package)
            yield module
            if package.rpartition(".")[2] in {"timetables", "operators", "sensors", "notifications", "providers"}:
                yield from _inside(module)


def _inside(package: ModuleType) -> Iterator[ModuleType]:
    # Some providers are in folders that are not packages, which `pkgutil` skips.
    files = [path.relative_to(folder) for folder in package.__path__ for path in Path(folder).rglob("*.py")]
    names = {".".join([package.__name__, *path.with_suffix("").parts]) for path in files}
    for name in sorted(name.removesuffix(".__init__") for name in names):
        is_provider = name.startswith("airflow.providers.")
        if _NO_INTERFACE.search(name) or (is_provider and not _OF_PROVIDERS.match(name)):
            continue
        # Skip modules of providers with a missing library.
        with suppress(Exception):
            yield import_module(name)


def _own_classes(module: ModuleType) -> Iterator[tuple[str, type[Any]]]:
    names = getattr(module, "__all__", None) if module.__name__ in {"airflow", "airflow.sdk"} else None
    for name in sorted(names or vars(module)):
        with suppress(Exception):
            found = getattr(module, name)
            if inspect.isclass(found) and not name.startswith("_"):
                yield name, found


def _imports(modules: list[ModuleType]) -> dict[str, str]:
    """Return the module of each public class of the core; of several modules, the most public."""
    found: dict[str, str] = {}
    for module in modules:
        if module.__name__.startswith("airflow.providers.") or (_is_new() and module.__name__ == "airflow"):
            continue
        for name, each in _own_classes(module):
            if module.__name__ in {"airflow", "airflow.sdk"} or each.__module__ == module.__name__:
                found.setdefault(name, module.__name__)
    return found


def _classes(modules: list[ModuleType]) -> dict[str, dict[str, Any]]:
    """Return the operators, sensors, notifiers and timetables by their full names."""
    kinds = _kinds()
    found = {}
    for module in modules:
        for name, each in _own_classes(module):
            kind = next((kind for kind, base in kinds.items() if base in each.__mro__), "")
            if kind and each.__module__ == module.__name__ and each not in kinds.values():
                found[f"{module.__name__}.{name}"] = {"kind": kind, **_class(each, kind)}
    return found


def _kinds() -> dict[str, type[Any]]:
    return {
        "sensor": _first("BaseSensorOperator", "airflow.sdk.bases.sensor", "airflow.sensors.base"),
        "operator": _interface().BaseOperator,
        "notifier": _first(
            "BaseNotifier",
            "airflow.sdk.bases.notifier",
            "airflow.sdk.definitions.notifier",
            "airflow.notifications.basenotifier",
        ),
        "timetable": import_module("airflow.timetables.base").Timetable,
    }


def _first(name: str, *modules: str) -> Any:
    """Return the class with this name in the first module that exists."""
    for module in modules:
        with suppress(ImportError):
            return getattr(import_module(module), name)
    raise RuntimeError(f"{name} was not found")


def _class(each: type[Any], kind: str) -> dict[str, Any]:
    inherited = inspect.signature(_interface().BaseOperator.__init__).parameters
    without = set(inherited) if kind in {"operator", "sensor"} else set()
    result: dict[str, Any] = {"arguments": _all_arguments(each, without)}
    for name, attribute in (("templated", "template_fields"), ("files", "template_ext")):
        values = getattr(each, attribute, ())
        if isinstance(values, (tuple, list)) and values:
            # Some are built from sets, which have no order.
            result[name] = sorted(map(str, values))
    if required := _required(each, kind):
        result["required"] = required
    return result


def _required(each: type[Any], kind: str) -> list[str]:
    """Return the required arguments according to its error messages; an abstract class has none."""
    given: dict[str, Any] = {"task_id": "one"} if kind in {"operator", "sensor"} else {}
    found: list[str] = []
    while True:
        try:
            each(**given, **dict.fromkeys(found, "one"))
        except Exception as error:  # noqa: BLE001  # the exception differs between versions
            missing = _MISSING.search(str(error))
            names = re.findall(r"'(\w+)'", missing[0]) if missing else []
        else:
            names = []
        if not set(names) - set(found):
            return sorted(found)
        found += names


def _all_arguments(each: type[Any], without: set[str]) -> dict[str, str]:
    """Return the arguments of a class and, if it passes on keyword arguments, of its base classes."""
    found: dict[str, str] = {}
    for base in each.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base in {object, _interface().BaseOperator}:
            continue
        parameters = inspect.signature(init).parameters
        for name, parameter in parameters.items():
            is_one = parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
            if is_one and name not in without | _NOT_TAKEN:
                found.setdefault(name, _annotation(parameter.annotation))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return dict(sorted(found.items()))


def _arguments(each: type[Any], *before: str) -> dict[str, str]:
    """Return the arguments of a class itself, with the annotations of their parameters or fields."""
    fields = {field.name: field.type for field in getattr(each, "__attrs_attrs__", ())}
    return {
        name: _annotation(fields.get(name) if parameter.annotation is parameter.empty else parameter.annotation)
        for name, parameter in inspect.signature(each.__init__).parameters.items()
        if name not in {*_NOT_TAKEN, *before} and parameter.kind is not parameter.VAR_KEYWORD
    }


def _deprecated(each: type[Any], first: str, **given: Any) -> list[str]:
    """Return the arguments with a deprecation warning; those without simple values cannot be checked."""
    return [
        name
        for name in _arguments(each, first)
        if any(_warns(each, {first: "one", **given, name: value}, name) for value in _VALUES)
    ]


_DATE = datetime(2024, 1, 1, tzinfo=timezone.utc)
# A value of each type; the values that an argument accepts are found by trying.
_VALUES: tuple[Any, ...] = ("one", True, 1, timedelta(hours=1), _DATE, {}, ["one"])


_PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")


def _is_preset(preset: str) -> bool:
    """Return whether it accepts a word as a cron."""
    try:
        _interface().DAG("one", schedule=preset, start_date=_DATE).timetable.validate()
    except Exception:  # noqa: BLE001  # as below
        return False
    return True


def _takes(each: type[Any], **arguments: Any) -> bool:
    try:
        each(**arguments)
    except Exception:  # noqa: BLE001  # the exception differs between versions
        return False
    return True


def _warns(each: type[Any], arguments: dict[str, Any], name: str) -> bool:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        is_taken = _takes(each, **arguments)
    about = re.compile(rf"\b(?:{name}|{_CALLED.get(name, name)})\b")
    return is_taken and any(about.search(str(warning.message)) for warning in seen)


# Other names of arguments in warnings.
_CALLED = {"access_control": "permissions", "sla": "SLA", "sla_miss_callback": "SLA"}


def _commands() -> Iterator[str]:
    """Return every command of the program, such as `dags list`."""
    for command in import_module("airflow.cli.cli_parser").ALL_COMMANDS_DICT.values():
        yield from (f"{command.name} {each.name}" for each in getattr(command, "subcommands", ()))
        if not hasattr(command, "subcommands"):
            yield command.name


def _annotation(annotation: Any) -> str:
    if annotation is None or annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


if __name__ == "__main__":
    # Airflow and its providers log to stdout when they are imported: the JSON goes to a copy of it.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer.write(json.dumps(facts(), indent=1, ensure_ascii=False) + "\n")
