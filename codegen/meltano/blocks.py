"""Parses the blocks of a `meltano run`: extractor-loader pairs, plugin commands, and the locks they need.

Meltano keeps the catalog and the state of an extractor in `.meltano/run/<extractor>`, one directory for all runs of a
project (https://github.com/meltano/meltano/issues/8763). `meltano el` uses a separate directory for each run. Loaders
and mappers share only their logging configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from codegen.diagnostics import InvalidError
from codegen.meltano.call import split_options
from codegen.meltano.project import MeltanoProject
from codegen.text.ids import RUN_OPTIONS_WITH_VALUE
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

# The flags of `meltano run`.
_FLAGS = {"--dry-run", "--full-refresh", "--refresh-catalog", "--no-state-update", "--force", "--merge-state", "--help"}
_FLAGS |= {"--install", "--no-install", "--only-install"}
# Separates the parts of a state ID (STATE_ID_COMPONENT_DELIMITER in meltano/core/constants.py).
DELIMITER = ":"
_NAME = re.compile(r"[\w.:+/@-]+")
# Characters with a special meaning for a shell.
_IN_CODE = re.compile(r"""[$`*?{}<>&|;'"]""")
# The suffix of a shared lock, which several tasks can hold at the same time.
_SHARED = ":shared"
_DEPS = ":deps"


class Pair(NamedTuple):
    """An extractor and a loader that `meltano run` connects."""

    extractor: str
    loader: str

    def state_id(self, environment: str, suffix: str) -> str:
        """Return the state ID in `meltano run` (`generate_state_id` in meltano/core/block/extract_load.py)."""
        parts = (environment, f"{self.extractor}-to-{self.loader}", suffix)
        return DELIMITER.join(part for part in parts if part)


def pairs_of(words: Iterable[str], meltano: MeltanoProject | None) -> list[Pair]:
    """Return the extractor-loader pairs in the arguments of a `meltano run` and in its jobs, in order."""
    pairs: list[Pair] = []
    extractor = ""
    for name in _expanded(words, meltano):
        match _type_of(name, meltano):
            case "extractors":
                extractor = name
            case "mappers":
                pass
            case "loaders" if extractor:
                pairs.append(Pair(extractor, name))
                extractor = ""
            case _:
                extractor = ""
    return pairs


def plain_pair(words: Iterable[str], meltano: MeltanoProject | None) -> Pair | None:
    """Return the pair of a `meltano run` that has only an extractor and a loader, else None."""
    match list(words):
        case [extractor, loader]:
            types = (_type_of(extractor, meltano), _type_of(loader, meltano))
            return Pair(extractor, loader) if types == ("extractors", "loaders") else None
    return None


def locks_of(words: Iterable[str], meltano: MeltanoProject | None) -> set[str]:
    """Return the locks of a `meltano run`: names or templates of plugins, some with the suffix of a shared lock.

    An unknown name counts as an extractor, unless it is shell code. A template can render to any extractor or job.
    """
    names = {name for name in _expanded(words, meltano) if is_template(name) or not _IN_CODE.search(name)}
    found = {name for name in names if _type_of(name, meltano) in {"extractors", ""}}
    if meltano and any(is_template(name) for name in names):
        found |= meltano.plugins.get("extractors", set())
    of_dbt = {name for name in names if _is_of_dbt(name, meltano)}
    return (found - of_dbt) | {_lock_of_dbt(name) for name in of_dbt}


def locks_of_script(script: str, meltano: MeltanoProject | None) -> set[str]:
    """Return the locks of a shell script that calls Meltano, for names anywhere in it, such as in a loop."""
    return locks_of_names(_NAME.findall(script), meltano) if "meltano" in script else set()


def locks_of_names(found: Iterable[str], meltano: MeltanoProject | None) -> set[str]:
    """Return the locks for the extractors, jobs and dbt plugins among some words."""
    words = set(found)
    names = {name for name in words if _type_of(name, meltano) == "extractors" or (meltano and name in meltano.jobs)}
    names |= {f"{name}{_DEPS}" if "deps" in words else name for name in words if _is_of_dbt(name, meltano)}
    return locks_of(names, meltano)


def locks_of_transform(meltano: MeltanoProject | None) -> set[str]:
    """Return the locks for a transform of `meltano elt`, which removes dbt packages (meltano/core/runner/dbt.py)."""
    return meltano.plugins.get("transformers", set()) if meltano else set()


def in_order_of_locking(locks: Iterable[str]) -> tuple[str, ...]:
    """Return the locks without duplicates, in the same order for every task to prevent deadlocks."""
    names = set(locks)
    return tuple(sorted(names - {f"{name}{_SHARED}" for name in names}))


def _is_of_dbt(name: str, meltano: MeltanoProject | None) -> bool:
    """Return whether a block is dbt or its command: a transformer, or a plugin `dbt...` that is not an extractor."""
    plugin = name.partition(DELIMITER)[0]
    plugin_type = _type_of(plugin, meltano)
    return plugin_type == "transformers" or (plugin.startswith("dbt") and plugin_type != "extractors")


def _lock_of_dbt(name: str) -> str:
    """Return an exclusive lock for `dbt deps`, which removes packages (dbt/task/deps.py), else a shared lock."""
    plugin = name.partition(DELIMITER)[0]
    return plugin if name.endswith(_DEPS) else f"{plugin}{_SHARED}"


def block_names(words: Iterable[str]) -> list[str]:
    """Return the arguments of `meltano run` without options, their values, and empty arguments."""
    return list(filter(None, split_options(words, RUN_OPTIONS_WITH_VALUE)[1]))


def unknown_option(words: Iterable[str]) -> str:
    """Return the first option that `meltano run` does not have, such as a plugin's option, or an empty string."""
    options = (word for word in words if word.startswith("--"))
    return next((word for word in options if word.partition("=")[0] not in RUN_OPTIONS_WITH_VALUE | _FLAGS), "")


def without_suffix(words: Iterable[str]) -> tuple[list[str], str]:
    """Return the arguments of `meltano run` without `--state-id-suffix`, and its last value; empty if missing."""
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
    """Yield the blocks with jobs expanded; jobs in jobs are not (`_expand_jobs` in core/block/block_parser.py)."""
    for name in block_names(words):
        job = meltano.jobs.get(name) if meltano else None
        try:
            yield from [part for task in job.tasks for part in words_of(task)] if job else [name]
        except InvalidError:  # an unclosed quote in the job, which Meltano rejects
            yield name


def _type_of(name: str, meltano: MeltanoProject | None) -> str:
    """Return the plugin type in meltano.yml, else by Singer's naming; `commands` for commands; empty if unknown."""
    if DELIMITER in name and not is_template(name):
        return "commands"
    for plugin_type, names in meltano.plugins.items() if meltano else ():
        if name in names:
            return plugin_type
    if meltano and name in meltano.mappings:
        return "mappers"
    return {"tap": "extractors", "target": "loaders"}.get(name.partition("-")[0], "")
