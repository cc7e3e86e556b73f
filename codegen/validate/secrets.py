"""Secrets: no value of a schedule may look like one, as it would be in git and on the pages of Airflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.meltano import MeltanoProject
from codegen.schema import Schedule
from codegen.secrets.detection import holds_secret, is_secret
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

# A diagnostic, and the places at which other diagnostics could show the secret.
Secret = tuple[Diagnostic, tuple[Location, ...]]
# The maps with keys that people choose, which name the values; these keys of a run parameter have such values.
_NAMED = {"env", "params", "op_kwargs", "headers", "json"}
_VALUES = {"default", "const", "enum", "examples"}
_INSTEAD = (
    "write {{ conn.NAME.password }} or {{ var.value.NAME }}, which a task reads from Airflow when it runs, or use a "
    "Kubernetes secret"
)
_TEMPLATE = f"{_INSTEAD}; if it is not a secret, write {{{{ 'text' }}}}"
_TEXT = "remove it; if it is not a secret, word it differently"
_VARIABLE = f"put it into a variable of `env`, and use that; there {_TEMPLATE}"
_CONNECTION = "keep it in a connection of Airflow, and name that: `airflow connections add` adds one"
_ENGINE = "leave it out, and set `DOCKER_HOST` for Airflow's worker"
# The fix by the key itself.
_CURES_OF_ONE = {"docker_url": _ENGINE, "docker_conn_id": _CONNECTION, "tasks": _TEMPLATE}
# Else by the outermost of these keys; elsewhere there are no templates.
_CURES = {
    **dict.fromkeys(("env", "op_kwargs", "run", "before_run", "state_id", "state_id_suffix", "environment"), _TEMPLATE),
    "params": f"remove it, and in `env` {_INSTEAD}; if it is not a secret, write {{{{ params.NAME or 'text' }}}} there",
    "command": _VARIABLE,
    **dict.fromkeys(("docker", "kubernetes"), _VARIABLE),
    **dict.fromkeys(("on_failure", "on_success", "on_retry", "on_deadline"), _CONNECTION),
    **dict.fromkeys(("description", "doc", "owner", "tags"), _TEXT),
}


def check_secrets(merged: MapNode) -> Iterator[Secret]:
    """Check every text of a document, with its defaults merged in, and those that it hides."""
    for key, entry in merged.entries.items():
        for each in entry.chain:
            yield from _check(each.value, (key,), ())


def _check(node: Node, path: tuple[str, ...], around: tuple[Location, ...]) -> Iterator[Secret]:
    places = (*around, node.location)
    if isinstance(node, Scalar):
        name = _name_of(path)
        if is_secret(name, node.text):
            cure = _CURES_OF_ONE.get(path[-1]) or next((_CURES[key] for key in path if key in _CURES), _TEXT)
            message = f"the value of {quoted(name or path[-1])} looks like a secret"
            yield Diagnostic(rules.SECRET, message, node.location, cure), places
    elif isinstance(node, ListNode):
        found = [secret for item in node.items for secret in _check(item, path, places)]
        # A list may be the words of a command, such as an option and its value.
        yield from found or _check(_in_one_text(node), path, around)
    else:
        for key, entry in node.entries.items():
            for each in entry.chain:
                yield from _check(each.value, (*path, key), places)


def _in_one_text(node: ListNode) -> Scalar:
    return Scalar("str", " ".join(item.text for item in node.items if isinstance(item, Scalar)), node.location)


def _name_of(path: tuple[str, ...]) -> str:
    """The name of a value that people have chosen; empty for a key of ours."""
    named = next((number for number, (above, _) in enumerate(pairwise(path)) if above in _NAMED), None)
    if named is None:
        return ""
    if path[named] != "params":
        return path[-1]
    return path[named + 1] if {*path[named + 2 : named + 3]} <= _VALUES else ""


def check_secrets_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """The same for the tasks of a job in meltano.yml, which are in the generated file too."""
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    if job and any(holds_secret(run) for run in job.tasks):
        message = f"a task of the job {quoted(schedule.job or '')} looks as if it held a secret"
        hint = f"write the tasks as `tasks` of the schedule, and there {_INSTEAD}"
        yield Diagnostic(rules.SECRET, message, job.location, hint)


def without_secrets(diagnostics: Iterable[Diagnostic], secrets: Iterable[Secret]) -> list[Diagnostic]:
    """The diagnostics with those about secrets, without others that could show a secret."""
    found = list(secrets)
    hidden = {place for _, places in found for place in places}
    return [*(d for d in diagnostics if d.location not in hidden), *(d for d, _ in found)]
