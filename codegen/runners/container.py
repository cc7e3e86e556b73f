"""What a container executes for a step: the same for Docker and for Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.runners.image import moves
from codegen.text.jinja import is_template
from codegen.text.shell import as_script, can_be_empty, stopping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.runners.runner import Placed, Work


def command_of(work: Work, endings: tuple[str, ...]) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The program of the container with its options, its arguments, and the environment variables of the work.

    One call is executed as it is, word by word: no shell reads it. More than one need a shell of the image, and so do
    a program whose name is a template, a template that must not become empty, and a shell command. The image's own
    entrypoint is never used: Meltano's documented image has one, other images have not. DockerOperator renders no
    templates in the program; `endings` are those of the files that the operator opens.
    """
    if work.script:
        return ["sh", "-c"], [stopping(work.script)], work.env
    words, *others = work.calls
    if not others and not is_template(words[0]) and not can_be_empty(words):
        return [words[0]], list(words[1:]), work.env
    script, words_in_env = as_script(work.calls, endings)
    return ["sh", "-c"], [script], {**work.env, **words_in_env}


def check_image(placed: Placed, runner: str) -> Iterator[Diagnostic]:
    """A container needs an image, one whose tag does not move."""
    if placed.settings is None or placed.settings.image is None:
        message = f"the runner `{runner}` needs an image"
        hint = f"add `{runner}: {{image: registry.example.com/elt:1.0}}`"
        yield Diagnostic(rules.MISSING_KEY, message, placed.runner_at, hint)
    elif moves(placed.settings.image):
        message = f"the image {quoted(placed.settings.image)} is not pinned: tomorrow's run may use a different program"
        hint = "use a tag that does not move, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic(rules.MOVING_IMAGE, message, placed.settings.at["image"], hint)
