"""Containers: the image of one, and what it executes for a step; the same for Docker and for Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.keys.texts import TemplatedText
from codegen.runners.runner import Placed, Work
from codegen.text.errexit import with_errexit_for_sh
from codegen.text.jinja import is_template, with_templates_as
from codegen.text.shell import as_script, can_be_empty

# The grammar of https://github.com/distribution/reference/blob/main/reference.go.
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REFERENCE = re.compile(rf"(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?")
# Arguments of an operator that cannot be set: the reason, and the fix.
PROGRAM = ("the task sets the command of the container", "use `run` or `command` of the task")
ENV = ("the key `env` sets environment variables", "use `env`, outside of the settings of the runner")
# Stands for what only Airflow knows: no reference holds it.
_UNKNOWN = "\x00"


class Image(TemplatedText):
    """A reference to an image: `[registry[:port]/]name[:tag][@digest]`, or one that Airflow evaluates."""

    def __init__(self) -> None:
        super().__init__("an image", longest=1000)

    def _check(self, text: str) -> None:
        super()._check(text)
        if not is_template(text) and not _REFERENCE.fullmatch(text):
            if re.search(r":[^:/@]*@", text):
                # It is not shown: a password can be in it.
                hint = "the registry's connection has it: `docker_conn_id`, or `image_pull_secrets`"
                raise InvalidError("an image name cannot contain credentials", hint, rules.SECRET)
            lower = text.lower()
            hint = (
                f"write {quoted(lower)}: a name has no capitals"
                if _REFERENCE.fullmatch(lower)
                else "such as `registry.example.com/elt:2026.11.1`, or with a digest `@sha256:...`"
            )
            raise InvalidError(f"{quoted(text)} is not a valid image name", hint)


def _moves(image: str) -> bool:
    """Whether the image may be another one tomorrow: it has no digest, and the tag `latest`, which is also the default.

    Any other tag is taken to stay, and so is what only Airflow knows.
    """
    last = with_templates_as(_UNKNOWN, image).rpartition("/")[2]
    if _UNKNOWN in last or "@" in last:
        return False
    return last.partition(":")[2] in {"", "latest"}


def command_of(work: Work, endings: tuple[str, ...]) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The program of the container with its options, its arguments, and the environment variables of the work.

    One call is executed as it is, word by word: no shell reads it. More than one need a shell of the image, and so do
    a program whose name is a template, a template that must not become empty, and a shell command. The image's own
    entrypoint is never used: Meltano's documented image has one, other images have not. DockerOperator renders no
    templates in the program; `endings` are those of the files that the operator opens.
    """
    if work.script:
        return ["sh", "-c"], [with_errexit_for_sh(work.script)], work.env
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
    elif _moves(placed.settings.image):
        message = f"the image {quoted(placed.settings.image)} is not pinned: tomorrow's run may use a different program"
        hint = "use a tag that does not move, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic(rules.MOVING_IMAGE, message, placed.settings.at["image"], hint)
