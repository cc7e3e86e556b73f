"""Secrets: no value of a schedule may hold one, as it would be in git and on the pages of Airflow."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.meltano import MeltanoProject
from codegen.schema import Schedule
from codegen.secrets.detection import holds_secret, is_secret_in_words, is_secret_of, looks_random, random_words
from codegen.secrets.masking import HIDDEN, masked_quotes
from codegen.secrets.names import kind_of, name_of
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

# The maps with keys that people choose, which name the values.
_NAMED = {"env", "params", "op_kwargs", "headers", "json", "with"}
_INSTEAD = (
    "write {{ conn.NAME.password }} or {{ var.value.NAME }}, which a task reads from Airflow when it runs, or use a "
    "Kubernetes secret"
)
_SILENCER = "silence this at its line: `# dagpress: ignore[possible-secret] reason`"


class _Fix(NamedTuple):
    """The fix of a secret, and the way out for a value that only looks like one; empty if there is none."""

    instead: str
    otherwise: str = ""


_TEMPLATE = _Fix(_INSTEAD, "write {{ 'text' }}")
_TEXT = _Fix("remove it", "word it differently")
_VARIABLE = _Fix(f"put it into a variable of `env`, and use that; there {_INSTEAD}", "write {{ 'text' }}")
_PARAM = _Fix(f"remove it, and in `env` {_INSTEAD}", "write {{ params.NAME or 'text' }} there")
_CONNECTION = _Fix("keep it in a connection of Airflow, and name that: `airflow connections add` adds one")
_ENGINE = _Fix("leave it out, and set `DOCKER_HOST` for Airflow's worker")
# The fix by the key itself.
_FIXES_OF_ONE = {"docker_url": _ENGINE, "docker_conn_id": _CONNECTION, "tasks": _TEMPLATE}
# Else by the outermost of these keys; elsewhere there are no templates.
_FIXES = {
    **dict.fromkeys(
        ("env", "op_kwargs", "with", "run", "before_run", "state_id", "state_id_suffix", "environment"), _TEMPLATE
    ),
    "params": _PARAM,
    "command": _VARIABLE,
    **dict.fromkeys(("docker", "kubernetes"), _VARIABLE),
    **dict.fromkeys(("on_failure", "on_success", "on_retry", "on_deadline"), _CONNECTION),
    **dict.fromkeys(("description", "doc", "owner", "tags"), _TEXT),
}


@dataclass(frozen=True)
class Secret:
    """A secret, or a value that looks like one.

    Attributes:
        places: the places at which other diagnostics could show it.
        text: the value.
    """

    diagnostic: Diagnostic
    places: tuple[Location, ...]
    text: str


def check_secrets(merged: MapNode) -> Iterator[Secret]:
    """Check every text of a document, with its defaults merged in, and those that it hides."""
    for key, entry in merged.entries.items():
        for each in entry.chain:
            yield from _check(each.value, (key,), "", ())


def _check(node: Node, path: tuple[str, ...], name: str, around: tuple[Location, ...]) -> Iterator[Secret]:
    """Check a value with the keys above it and the name that people have given to it; empty for a key of ours."""
    places = (*around, node.location)
    if isinstance(node, Scalar):
        kind = kind_of(name)
        if is_secret_of(kind, node.text):
            yield _secret(rules.SECRET, name or path[-1], path, places, node.text)
        elif any(random_words(kind, node.text)):
            yield _secret(rules.POSSIBLE_SECRET, name or path[-1], path, places, node.text)
    elif isinstance(node, ListNode):
        found = [secret for item in node.items for secret in _check(item, path, name, places)]
        words = [item.text for item in node.items if isinstance(item, Scalar)]
        # A command as a list of words: an option and its value are two of them.
        if not found and is_secret_in_words(words):
            found = [_secret(rules.SECRET, name or path[-1], path, places, " ".join(words))]
        yield from found
    else:
        are_named = name or not _NAMED.isdisjoint(path)
        for key, entry in node.entries.items():
            for each in entry.chain:
                yield from _check(each.value, (*path, key), name_of(key, name) if are_named else "", places)


def _secret(rule: rules.Rule, name: str, path: tuple[str, ...], places: tuple[Location, ...], text: str) -> Secret:
    fix = _FIXES_OF_ONE.get(path[-1]) or next((_FIXES[key] for key in path if key in _FIXES), _TEXT)
    is_certain = rule is rules.SECRET
    otherwise = fix.otherwise if is_certain else _SILENCER
    hint = f"{fix.instead}; if it is not a secret, {otherwise}" if otherwise else fix.instead
    look = "looks like a secret" if is_certain else "looks random, as a secret does"
    return Secret(Diagnostic(rule, f"the value of {quoted(name)} {look}", places[-1], hint), places, text)


def check_secrets_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """The same for the tasks of a job in meltano.yml, which are in the generated file too."""
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    if job is None:
        return
    hint = "write the tasks as `tasks` of the schedule, and there "
    if any(map(holds_secret, job.tasks)):
        message = f"a task of the job {quoted(schedule.job or '')} looks as if it held a secret"
        yield Diagnostic(rules.SECRET, message, job.location, hint + _INSTEAD)
    elif any(looks_random("", run) for run in job.tasks):
        message = f"a task of the job {quoted(schedule.job or '')} contains a word that looks random, as a secret does"
        otherwise = f"; if it is not a secret, {_SILENCER}"
        yield Diagnostic(rules.POSSIBLE_SECRET, message, job.location, hint + _INSTEAD + otherwise)


def redacted(node: MapNode, secrets: Iterable[Secret]) -> MapNode:
    """The document with its secrets hidden, so that nothing made of it shows them: the errors forbid to write it."""
    places = {secret.diagnostic.location for secret in secrets if secret.diagnostic.is_error}
    return _redacted_map(node, places) if places else node


def _redacted(node: Node, places: Container[Location]) -> Node:
    if isinstance(node, Scalar):
        return Scalar("str", HIDDEN, node.location) if node.location in places else node
    if isinstance(node, ListNode):
        items = (_redacted(item, places) for item in node.items)
        are_words = node.location in places and all(isinstance(item, Scalar) for item in node.items)
        hidden = (Scalar("str", HIDDEN, item.location) for item in node.items)
        return replace(node, items=tuple(hidden if are_words else items))
    return _redacted_map(node, places)


def _redacted_map(node: MapNode, places: Container[Location]) -> MapNode:
    entries = {key: replace(entry, value=_redacted(entry.value, places)) for key, entry in node.entries.items()}
    return replace(node, entries=entries)


def without_secrets(diagnostics: Iterable[Diagnostic], secrets: Iterable[Secret]) -> list[Diagnostic]:
    """The diagnostics with those about secrets, without others that show a secret."""
    found, given = list(secrets), list(diagnostics)
    hidden = {place for secret in found if secret.diagnostic.is_error for place in secret.places}
    # Such as a job in meltano.yml.
    hidden |= {each.location for each in given if each.code == rules.SECRET.code}
    others = [each for each in given if each.code == rules.SECRET.code or each.location not in hidden]
    return [*without_quoted_secrets(others), *(secret.diagnostic for secret in found)]


def without_quoted_secrets(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics without the secrets that they quote, such as a possible one with another mistake."""
    return [replace(d, message=masked_quotes(d.message), hint=masked_quotes(d.hint)) for d in diagnostics]
