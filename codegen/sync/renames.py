"""Finds generated files that were renamed, so that Airflow sees a new DAG."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.sync.changes import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codegen.sync.changes import Change

_STATE_ID = re.compile(r"--state-id=[^\s\"']+")
_DAG_ID = re.compile(r"^ +dag_id=.*$", re.MULTILINE)


def find_renames(changes: Sequence[Change]) -> Iterator[Diagnostic]:
    """A warning for each file that goes while the same comes under another name and with another DAG id.

    Airflow takes it for a new DAG without a history, and Meltano for a new state if the name is its id.
    """
    deleted = [change for change in changes if change.action is Action.DELETE]
    if not deleted:
        return
    created = {_without_its_name(c.after, c.name): c for c in changes if c.action is Action.CREATE}
    for gone in deleted:
        come = created.get(_without_its_name(gone.before, gone.name))
        if come and _DAG_ID.findall(come.after) != _DAG_ID.findall(gone.before):
            message = f"this looks like {quoted(gone.name)} renamed: Airflow treats it as a new DAG without history"
            with_state = " and `state_id`" if _STATE_ID.findall(come.after) != _STATE_ID.findall(gone.before) else ""
            hint = f"to keep the history, set `dag_id`{with_state} to the former value"
            yield Diagnostic(rules.RENAMED, message, Location(come.name), hint)


def _without_its_name(text: str, name: str) -> str:
    """The text less the header and the state id, and less the name where it stands for itself or in another id."""
    body = _STATE_ID.sub("", text.split("\n", 2)[-1])
    nameless = re.sub(rf"(?<![A-Za-z0-9-]){re.escape(PurePosixPath(name).stem)}(?![A-Za-z0-9-])", "*", body)
    # A longer name can break a line.
    return " ".join(nameless.split())
