"""What a container executes for a step: the same for Docker and for Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.shell import as_script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.command import Step


def command_of(step: Step) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The program of the container, its arguments, and the environment variables of the step.

    One call is executed as it is, word by word: no shell reads it. More than one need a shell of the image. The image's
    own entrypoint is never used: Meltano's documented image has one, other images have not.

    Returns:
        The program with its options, the arguments behind it, and the variables; each may hold templates of Airflow.
    """
    if len(step.calls) == 1:
        (words,) = step.calls
        return [words[0]], list(words[1:]), step.env
    script, words_in_env = as_script(step.calls)
    return ["sh", "-c"], [script], {**step.env, **words_in_env}
