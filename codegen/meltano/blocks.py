"""The words of a `meltano run`: its options, and its blocks, which are plugins, mappings and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.diagnostics import InvalidError
from codegen.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from codegen.meltano.project import MeltanoProject

# The options that take the next word (meltano/cli/run.py of 4.4).
OPTIONS_WITH_VALUE = {"--state-id-suffix", "--state-strategy", "--run-id", "--timeout"}
# What Meltano Hub calls every extractor and loader.
_PREFIXES = {"extractors": "tap-", "loaders": "target-"}


@dataclass(frozen=True)
class RunWords:
    """A `meltano run` in its parts.

    Attributes:
        options: the last value of each option; empty for one without a value.
        blocks: the names in their order, without the command after a colon.
    """

    options: Mapping[str, str]
    blocks: tuple[str, ...]


def read_run(run: str) -> RunWords:
    """Split what `meltano run` gets; nothing is in a text with an open quote, which is an error of its own."""
    try:
        words = words_of(run)
    except InvalidError:
        words = []
    options, blocks = {}, []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            blocks.append(word.split(":")[0])
            continue
        name, separator, value = word.partition("=")
        options[name] = value if separator or name not in OPTIONS_WITH_VALUE else next(rest, "")
    return RunWords(options, tuple(blocks))


def extracts_and_loads(blocks: Collection[str], meltano: MeltanoProject | None) -> bool:
    """Whether an extractor or a loader is among the blocks, or in a job that is: Meltano runs neither by itself."""
    names = [name for block in blocks for name in _plugins_of(block, meltano)]
    return any(_is_one_of(kind, name, meltano) for name in names for kind in _PREFIXES)


def _plugins_of(block: str, meltano: MeltanoProject | None) -> Iterator[str]:
    """The block itself, or the plugins of the job that it names."""
    job = meltano.jobs.get(block) if meltano else None
    for run in job.tasks if job else ():
        yield from read_run(run).blocks
    if job is None:
        yield block


def _is_one_of(kind: str, name: str, meltano: MeltanoProject | None) -> bool:
    """Whether that is its kind in meltano.yml; a name that is not in there says it by its prefix."""
    if meltano and name in meltano.names_for_run():
        return name in meltano.plugins.get(kind, ())
    return name.startswith(_PREFIXES[kind])
