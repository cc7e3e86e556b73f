"""The blocks of a `meltano run`: extractor-loader pairs and commands of other plugins, and which plugins they share.

Meltano keeps the catalog and the state of an extractor in `.meltano/run/<extractor>`, one directory for all runs of a
project (https://github.com/meltano/meltano/issues/8763). `meltano el` uses a directory of its own for each run. Loaders
and mappers share nothing but the settings of their log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.diagnostics import InvalidError
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codegen.meltano.project import MeltanoProject

# The options of `meltano run` that take the next word (meltano/cli/run.py of 4.4).
_OPTIONS_WITH_VALUE = {"--run-id", "--state-id-suffix", "--state-strategy", "--timeout"}
# Joins the parts of a state id, and cannot be in one (STATE_ID_COMPONENT_DELIMITER in meltano/core/constants.py).
DELIMITER = ":"
_NAME = re.compile(r"[\w.:+/@-]+")
# Behind the name of a plugin: others may hold the lock at the same time in the same way.
SHARED = ":shared"
_DEPS = ":deps"


@dataclass(frozen=True)
class Pair:
    """An extractor and a loader that `meltano run` links, with the mappings between them."""

    extractor: str
    loader: str
    mappings: tuple[str, ...] = ()

    def state_id(self, environment: str, suffix: str) -> str:
        """The id under which `meltano run` keeps its state (`generate_state_id` in meltano/core/block/extract_load.py).

        Args:
            environment: the environment of Meltano.
            suffix: its `--state-id-suffix`, else the environment's `state_id_suffix`; empty for none.
        """
        parts = (environment, f"{self.extractor}-to-{self.loader}", suffix)
        return DELIMITER.join(part for part in parts if part)


def pairs_of(words: Iterable[str], meltano: MeltanoProject | None) -> list[Pair]:
    """The extractor-loader pairs of a `meltano run`, in its order, also those of the jobs that it names.

    Args:
        words: what follows `meltano run`.
        meltano: the Meltano project, if there is one.
    """
    pairs: list[Pair] = []
    extractor, mappings = "", list[str]()
    for name in _expanded(words, meltano):
        match _type_of(name, meltano):
            case "extractors":
                extractor, mappings = name, []
            case "mappers":
                mappings.append(name)
            case "loaders" if extractor:
                pairs.append(Pair(extractor, name, tuple(mappings)))
                extractor = ""
            case _:
                extractor = ""
    return pairs


def plain_pair(words: Iterable[str], meltano: MeltanoProject | None) -> Pair | None:
    """The pair of a `meltano run` that is nothing else: without options, mappings, jobs and templates."""
    match list(words):
        case [extractor, loader]:
            types = (_type_of(extractor, meltano), _type_of(loader, meltano))
            return Pair(extractor, loader) if types == ("extractors", "loaders") else None
    return None


def locks_of(words: Iterable[str], meltano: MeltanoProject | None) -> set[str]:
    """What a `meltano run` must not share with another: plugins, by names or templates, some with `SHARED` behind them.

    A word that nothing is known of counts as an extractor. A template can become any extractor or job.
    """
    names = set(_expanded(words, meltano))
    found = {name for name in names if _type_of(name, meltano) in {"extractors", ""}}
    if meltano and any(is_template(name) for name in names):
        found |= meltano.plugins.get("extractors", set())
    of_dbt = {name for name in names if _is_of_dbt(name, meltano)}
    return (found - of_dbt) | {_lock_of_dbt(name) for name in of_dbt}


def locks_of_script(script: str, meltano: MeltanoProject | None) -> set[str]:
    """The same for a shell script that calls Meltano, by the names in it."""
    if "meltano" not in script:
        return set()
    words = set(_NAME.findall(script))
    names = {name for name in words if _type_of(name, meltano) == "extractors" or (meltano and name in meltano.jobs)}
    names |= {f"{name}{_DEPS}" if "deps" in words else name for name in words if _is_of_dbt(name, meltano)}
    return locks_of(names, meltano)


def locks_of_transform(meltano: MeltanoProject | None) -> set[str]:
    """The same for a transformation of `meltano elt`, which removes dbt's packages (meltano/core/runner/dbt.py)."""
    return meltano.plugins.get("transformers", set()) if meltano else set()


def in_order_of_locking(locks: Iterable[str]) -> tuple[str, ...]:
    """Each lock once, in the order in which every task takes them, so that no two wait for each other."""
    names = set(locks)
    return tuple(sorted(names - {f"{name}{SHARED}" for name in names}))


def _is_of_dbt(name: str, meltano: MeltanoProject | None) -> bool:
    """Whether it is dbt or one of its commands: a transformer, or a plugin of that name unless it is an extractor."""
    plugin = name.partition(DELIMITER)[0]
    plugin_type = _type_of(plugin, meltano)
    return plugin_type == "transformers" or (plugin.startswith("dbt") and plugin_type != "extractors")


def _lock_of_dbt(name: str) -> str:
    """`dbt deps` removes the packages that other commands of the plugin read (dbt/task/deps.py)."""
    plugin = name.partition(DELIMITER)[0]
    return plugin if name.endswith(_DEPS) else f"{plugin}{SHARED}"


def block_names(words: Iterable[str]) -> Iterator[str]:
    """The blocks that `meltano run` is given: its words without the options and their values."""
    previous = ""
    for word in words:
        if not word.startswith("-") and previous not in _OPTIONS_WITH_VALUE:
            yield word
        previous = word


def without_suffix(words: Iterable[str]) -> tuple[list[str], str]:
    """A `meltano run` without its own suffix of state ids, and that suffix: the last one counts; empty for none."""
    rest, suffix = list[str](), ""
    remaining = iter(words)
    for word in remaining:
        option, equals, value = word.partition("=")
        if option == "--state-id-suffix":
            suffix = value if equals else next(remaining, "")
        else:
            rest.append(word)
    return rest, suffix


def _expanded(words: Iterable[str], meltano: MeltanoProject | None) -> Iterator[str]:
    """The blocks, with jobs expanded; a job inside a job is not (`_expand_jobs` in core/block/block_parser.py)."""
    for name in block_names(words):
        job = meltano.jobs.get(name) if meltano else None
        try:
            yield from [part for task in job.tasks for part in words_of(task)] if job else [name]
        except InvalidError:  # a quote of the job is not closed, so Meltano refuses it
            yield name


def _type_of(name: str, meltano: MeltanoProject | None) -> str:
    """The type of a plugin in meltano.yml, or `commands` for a plugin's command; empty if unknown.

    Where no meltano.yml says it, names are read as Singer's conventions have them.
    """
    if DELIMITER in name and not is_template(name):
        return "commands"
    for plugin_type, names in meltano.plugins.items() if meltano else ():
        if name in names:
            return plugin_type
    if meltano and name in meltano.mappings:
        return "mappers"
    return {"tap": "extractors", "target": "loaders"}.get(name.partition("-")[0], "")
