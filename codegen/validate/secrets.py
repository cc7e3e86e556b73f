"""Checks for secrets in schedules, which would be visible in git and in Airflow's UI."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.meltano import MeltanoProject
from codegen.schema import Schedule
from codegen.secrets.detection import is_secret, is_secret_in_words, looks_random
from codegen.secrets.masking import HIDDEN, masked_quotes
from codegen.secrets.names import name_of
from codegen.source.nodes import ListNode, MapNode, Node, Scalar

# Results for longer texts are not cached.
_SHORT = 100
_REFERENCES = {"$import", "$x", "$xcom"}
# Maps with free keys, which describe their values.
_NAMED = {"env", "private_environment", "params", "op_kwargs", "headers", "json", "with"}
_INSTEAD = (
    "write {{ conn.NAME.password }} or {{ var.value.NAME }}, which Airflow resolves when the task runs, or use a "
    "Kubernetes secret"
)
_SILENCER = "silence the warning on its line: `# dagpress: ignore[possible-secret] reason`"


# The fix for a secret and, if there is one, for a value that only looks like a secret.
_Fix = tuple[str, str]
_TEMPLATE = (_INSTEAD, "write {{ 'text' }}")
_TEXT = ("remove it", "use other words")
_VARIABLE = (f"use a variable of `env`, and there {_INSTEAD}", "write {{ 'text' }} there")
_PARAM = (
    f"remove it, or write `default: null` with `type: [string, 'null']`, and in `env` {_INSTEAD}",
    "write {{ params.NAME or 'text' }} there",
)
_CONNECTION = ("store it in an Airflow connection with `airflow connections add`, and use its connection ID", "")
_ENGINE = ("remove it, and set `DOCKER_HOST` on the Airflow worker", "")
_JOB = (f"write the tasks as `tasks` of the schedule, and there {_INSTEAD}", "write {{ 'text' }} there")
# Fixes by the key itself.
_FIXES_OF_ONE = {"docker_url": _ENGINE, "docker_conn_id": _CONNECTION, "tasks": _TEMPLATE}
# Otherwise by the outermost of these keys; other keys are not templated.
_FIXES = {
    **dict.fromkeys(
        ("env", "op_kwargs", "with", "run", "invoke", "before_run", "state_id", "state_id_suffix", "environment"),
        _TEMPLATE,
    ),
    "params": _PARAM,
    "command": _VARIABLE,
    **dict.fromkeys(("docker", "kubernetes"), _VARIABLE),
    **dict.fromkeys(("on_failure", "on_success", "on_retry", "on_deadline"), _CONNECTION),
    **dict.fromkeys(("description", "doc", "owner", "tags"), _TEXT),
}


class Secret(NamedTuple):
    """A secret or possible secret, and the places where other diagnostics could quote it."""

    diagnostic: Diagnostic
    places: Sequence[Location]


def check_secrets(merged: MapNode) -> Iterator[Secret]:
    """Check every text of a document and its defaults, including overridden values."""
    for key, entry in merged.entries.items():
        for each in entry.chain:
            yield from _check(each.value, (key,), "", ())


def _check(node: Node, path: tuple[str, ...], name: str, around: tuple[Location, ...]) -> Iterator[Secret]:
    """Check a value by its path and its name, which is empty outside maps with free keys."""
    places = (*around, node.location)
    if isinstance(node, Scalar):
        if rule := _rule_for(name, node.content if isinstance(node.content, str) else node.text):
            yield Secret(_diagnostic_of(rule, path, name, node.location), places)
    elif isinstance(node, ListNode):
        found = [secret for item in node.items for secret in _check(item, path, name, places)]
        words = {item.location: item.text for item in node.items if isinstance(item, Scalar)}
        # In a command as a list of words, an option and its value can be separate items.
        if not found and is_secret_in_words([*words.values()]):
            found = [Secret(_diagnostic_of(rules.SECRET, path, name, node.location), [*places, *words])]
        yield from found
    else:
        are_named = name or not _NAMED.isdisjoint(path)
        for key, entry in node.entries.items():
            for each in entry.chain:
                # A marker such as `$const` does not name its value; a reference has no value.
                inner = path if key.startswith("$") else (*path, key)
                own = "" if key in _REFERENCES else name if key.startswith("$") else name_of(key, name)
                yield from _check(each.value, inner, own if are_named else "", places)


def check_secrets_of_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Check the tasks of a job in meltano.yml, which are also in the generated file."""
    job = meltano.jobs.get(schedule.job or "") if meltano else None
    if job and (found := {rule for run in job.tasks if (rule := _rule_for("", run))}):
        rule = rules.SECRET if rules.SECRET in found else rules.POSSIBLE_SECRET
        yield _diagnostic(rule, f"a word in a task of the job {quoted(schedule.job or '')}", job.location, _JOB)


def _rule_for(name: str, text: str) -> rules.Rule | None:
    return _rule_for_short(name, text) if len(text) <= _SHORT else _find_rule(name, text)


def _find_rule(name: str, text: str) -> rules.Rule | None:
    if is_secret(name, text):
        return rules.SECRET
    return rules.POSSIBLE_SECRET if looks_random(name, text) else None


# Many schedules have the same values, such as inherited ones, a loader or a timezone.
_rule_for_short = lru_cache(maxsize=4096)(_find_rule)


def _diagnostic_of(rule: rules.Rule, path: Sequence[str], name: str, location: Location) -> Diagnostic:
    """Return the diagnostic for a value; the arguments are as in `_check`."""
    fix = _FIXES_OF_ONE.get(path[-1]) or next((_FIXES[key] for key in path if key in _FIXES), _TEXT)
    return _diagnostic(rule, f"the value of {quoted(name or path[-1])}", location, fix)


def _diagnostic(rule: rules.Rule, what: str, location: Location, fix: _Fix) -> Diagnostic:
    is_certain = rule is rules.SECRET
    look = "looks like a secret" if is_certain else "looks random and may be a secret"
    # Comments in meltano.yml do not silence warnings.
    instead, otherwise = fix[0], fix[1] if is_certain or fix is _JOB else _SILENCER
    hint = f"{instead}; if it is not a secret, {otherwise}" if otherwise else instead
    return Diagnostic(rule, f"{what} {look}", location, hint)


def redacted(node: MapNode, secrets: Iterable[Secret]) -> MapNode:
    """Return a document with its secrets masked, for previews; the errors prevent a write."""
    places = {place for secret in secrets if secret.diagnostic.is_error for place in secret.places}
    return _redacted_map(node, places) if places else node


def _redacted(node: Node, places: Container[Location]) -> Node:
    if isinstance(node, Scalar):
        return Scalar("str", HIDDEN, node.location, content=HIDDEN) if node.location in places else node
    if isinstance(node, ListNode):
        return node._replace(items=tuple(_redacted(item, places) for item in node.items))
    return _redacted_map(node, places)


def _redacted_map(node: MapNode, places: Container[Location]) -> MapNode:
    entries = {key: entry._replace(value=_redacted(entry.value, places)) for key, entry in node.entries.items()}
    return node._replace(entries=entries)


def without_secrets(diagnostics: Iterable[Diagnostic], secrets: Sequence[Secret]) -> list[Diagnostic]:
    """Add the diagnostics about secrets, and remove other diagnostics that could quote a secret."""
    given = list(diagnostics)
    hidden = {place for secret in secrets if secret.diagnostic.is_error for place in secret.places}
    # For example in a job in meltano.yml.
    hidden |= {each.location for each in given if each.code == rules.SECRET.code}
    others = [each for each in given if each.code == rules.SECRET.code or each.location not in hidden]
    return [*without_quoted_secrets(others), *(secret.diagnostic for secret in secrets)]


def without_quoted_secrets(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Mask secrets that diagnostics quote, such as a possible secret that has another error."""
    return [d._replace(message=masked_quotes(d.message), hint=masked_quotes(d.hint)) for d in diagnostics]
