"""The run parameters of a DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.keys.table import keys_of
from codegen.schema.param import Param
from codegen.values import Argument, Call, Value

if TYPE_CHECKING:
    from codegen.schema import Schedule


def params_of(schedule: Schedule) -> dict[str, Value]:
    """What `params` of the DAG gets: a value alone, or a `Param` where there is more than a default."""
    return {name: param.default if param.is_plain else _call(param) for name, param in schedule.params.items()}


def _call(param: Param) -> Call:
    given = {name: getattr(param, name) for name in keys_of(Param) if name in param.at and name != "default"}
    positional = (param.default,) if param.has_default else ()
    return Call("Param", positional, tuple(Argument(name, value) for name, value in given.items()))
