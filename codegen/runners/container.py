"""The image of a container and the command that it executes for a task, in Docker and Kubernetes."""

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
# The reason why an argument of an operator cannot be set, and the fix.
PROGRAM = ("the task sets the command of the container", "use `run` or `command` in the task")
ENV = ("the key `env` sets environment variables", "use `env`, outside of the runner's settings")
# A placeholder for templates; it is not valid in an image reference.
_UNKNOWN = "\x00"


class Image(TemplatedText):
    """A reference to an image, `[registry[:port]/]name[:tag][@digest]`, or a template for one."""

    def __init__(self) -> None:
        super().__init__("an image", max_length=1000)

    def _check(self, text: str) -> None:
        super()._check(text)
        if not is_template(text) and not _REFERENCE.fullmatch(text):
            if re.search(r":[^:/@]*@", text):
                # The message does not show the value, which can contain a password.
                hint = "use a connection or secret for the registry: `docker_conn_id`, or `image_pull_secrets`"
                raise InvalidError("an image name cannot contain credentials", hint, rules.SECRET)
            lower = text.lower()
            hint = (
                f"write {quoted(lower)}: image names are lower case"
                if _REFERENCE.fullmatch(lower)
                else "write it as `registry.example.com/elt:2026.11.1`, or with a digest `@sha256:...`"
            )
            raise InvalidError(f"{quoted(text)} is not a valid image name", hint)


def _is_unpinned(image: str) -> bool:
    """Return whether the image can change: it has no digest, and the tag `latest`, which is also the default.

    Other tags and templates are assumed to be stable.
    """
    last = with_templates_as(_UNKNOWN, image).rpartition("/")[2]
    if _UNKNOWN in last or "@" in last:
        return False
    return last.partition(":")[2] in {"", "latest"}


def command_of(work: Work, template_ext: tuple[str, ...]) -> tuple[list[str], list[str], Mapping[str, str]]:
    """Return the program of the container with its options, the arguments and the environment variables.

    A single call is executed directly, without a shell. A shell in the image runs several calls, a shell command, a
    program whose name is a template, and a template that must not render to empty text. The entrypoint of the image
    is never used: Meltano's official image has one, other images do not. DockerOperator does not render templates in
    the program; `template_ext` is the operator's.
    """
    if work.script:
        return ["sh", "-c"], [with_errexit_for_sh(work.script)], work.env
    words, *others = work.calls
    if not others and not is_template(words[0]) and not can_be_empty(words):
        return [words[0]], list(words[1:]), work.env
    script, words_in_env = as_script(work.calls, template_ext)
    return ["sh", "-c"], [script], {**work.env, **words_in_env}


def check_image(placed: Placed, runner: str) -> Iterator[Diagnostic]:
    """Report a missing image, and an image that is not pinned."""
    if placed.settings is None or placed.settings.image is None:
        message = f"the runner `{runner}` requires an image"
        hint = f"add `{runner}: {{image: registry.example.com/elt:1.0}}`"
        yield Diagnostic(rules.MISSING_KEY, message, placed.runner_at, hint)
    elif _is_unpinned(placed.settings.image):
        message = f"the image {quoted(placed.settings.image)} is not pinned: later runs may use a different image"
        hint = "use a fixed tag, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic(rules.MOVING_IMAGE, message, placed.settings.at["image"], hint)
