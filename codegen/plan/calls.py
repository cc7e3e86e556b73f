"""The Meltano commands of a task, and the locks that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import (
    DELIMITER,
    in_order_of_locking,
    locks_of,
    locks_of_names,
    locks_of_script,
    locks_of_transform,
    plain_pair,
    without_suffix,
)
from codegen.meltano.call import calls_in, leading_options
from codegen.meltano.changes import changes_project
from codegen.plan.meltano_options import env_of, flags_of, state_id_suffix
from codegen.schema import Schedule, Task
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

_PROJECT_FILE = "meltano.yml"
# Variables of options that `meltano run` and `el` share (meltano/cli/elt.py of 4.4).
_READ_BY_EL = {"MELTANO_RUN_FULL_REFRESH"}
_Words = tuple[str, ...]


def calls_and_locks(
    schedule: Schedule, task: Task, meltano: MeltanoProject | None, *, with_el: bool
) -> tuple[tuple[_Words, ...], tuple[str, ...]]:
    """Return the Meltano commands of a task (none for a script), and its locks.

    With `with_el`, an equivalent `meltano el` can replace a `meltano run`.
    """
    match task.kind:
        case "run":
            call, locks = _run(schedule, task, meltano, with_el=with_el)
        case "extractor":
            call = _extract_load(schedule, task)
            locks = locks_of_transform(meltano) if task.transform else set()
        case "invoke":
            words = ["invoke", *words_of(task.invoke or "")]
            call, locks = _meltano(schedule, *words), set().union(*_locks_of_calls([words], meltano))
        case _:
            script = task.command or ""
            calls = (call.words for call in calls_in(script, env_of(schedule, task)))
            return (), in_order_of_locking(locks_of_script(script, meltano).union(*_locks_of_calls(calls, meltano)))
    before = tuple(_meltano(schedule, *words_of(command)) for command in schedule.of(task, "before_run"))
    of_before = _locks_of_calls((words[1:] for words in before), meltano)
    return (*before, call), in_order_of_locking(locks.union(*of_before))


def _run(schedule: Schedule, task: Task, meltano: MeltanoProject | None, *, with_el: bool) -> tuple[_Words, set[str]]:
    run, own_suffix = without_suffix(words_of(task.run))
    if call := _same_as_el(schedule, task, run, meltano) if with_el else ():
        return call, set()
    # Otherwise Meltano determines the suffix, which may be set only on the worker.
    is_given = own_suffix or schedule.state_id_suffix or schedule.state_suffix
    suffix = [f"--state-id-suffix={state_id_suffix(schedule, task, meltano)}"] if is_given else []
    return _meltano(schedule, "run", *flags_of(schedule, task), *suffix, *run), locks_of(run, meltano)


def _extract_load(schedule: Schedule, task: Task) -> _Words:
    """Return the command of an extractor and loader: `el`, or `elt` for transforms (meltano/cli/elt.py)."""
    words = ["elt" if task.transform else "el", task.extractor or "", task.loader or ""]
    words += [f"--transform={task.transform}"] if task.transform else []
    return _meltano(schedule, *words, f"--state-id={schedule.state_id_of(task)}", *flags_of(schedule, task))


def _locks_of_calls(calls: Iterable[Sequence[str]], meltano: MeltanoProject | None) -> Iterator[set[str]]:
    """Yield the locks of each Meltano command: its plugins, or meltano.yml if it changes the project."""
    for words in calls:
        _, rest = leading_options(words)
        if rest[:1] == ["run"]:
            yield locks_of(rest[1:], meltano)
        elif rest[:1] not in (["el"], ["elt"]):
            yield {_PROJECT_FILE} if changes_project(words) else locks_of_names(rest, meltano)


def _same_as_el(schedule: Schedule, task: Task, run: list[str], meltano: MeltanoProject | None) -> _Words:
    """Return the `meltano el` that loads the same rows under the same state ID, or an empty tuple if uncertain.

    `meltano el` needs no lock: each run has its own directory.
    """
    pair, environment = plain_pair(run, meltano), schedule.environment or ""
    if not (pair and meltano and environment in meltano.environments):
        return ()
    suffix = state_id_suffix(schedule, task, meltano)
    of_run = (name for name in env_of(schedule, task) if name.startswith("MELTANO_RUN_"))
    # Meltano expands variables in the suffix of an environment.
    if is_template(suffix) or {"$", DELIMITER} & {*suffix} or any(name not in _READ_BY_EL for name in of_run):
        return ()
    state_id = f"--state-id={pair.state_id(environment, suffix)}"
    return _meltano(schedule, "el", pair.extractor, pair.loader, state_id, *flags_of(schedule, task))


def _meltano(schedule: Schedule, *words: str) -> _Words:
    options = [f"--environment={schedule.environment}"] if schedule.environment else []
    return ("meltano", *options, *words)
