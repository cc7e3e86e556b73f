"""What a container executes for a step: the same for Docker and for Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.shell import as_script, can_be_empty, stopping
from codegen.templating import is_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.command import Step


def command_of(step: Step, endings: tuple[str, ...]) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The program of the container, its arguments, and the environment variables of the step.

    One call is executed as it is, word by word: no shell reads it. More than one need a shell of the image, and so do
    a program whose name is a template, a template that must not become empty, and a shell command. The image's own
    entrypoint is never used: Meltano's documented image has one, other images have not.

    Args:
        step: what the container does.
        endings: what the operator opens as a file.

    Returns:
        The program with its options, which hold no templates (DockerOperator evaluates none there); the arguments
        behind it, and the variables, which may hold some.
    """
    if step.script:
        return ["sh", "-c"], [stopping(step.script)], step.env
    words, *others = step.calls
    if not others and not is_template(words[0]) and not can_be_empty(words):
        return [words[0]], list(words[1:]), step.env
    script, words_in_env = as_script(step.calls, endings)
    return ["sh", "-c"], [script], {**step.env, **words_in_env}
