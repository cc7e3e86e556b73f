"""Images of containers: what a reference to one is, and whether it may become another image by tomorrow."""

from __future__ import annotations

import re

from codegen import rules
from codegen.diagnostics import InvalidError, quoted
from codegen.keys.texts import TemplatedText
from codegen.text.jinja import is_template, with_templates_as

# The grammar of https://github.com/distribution/reference/blob/main/reference.go.
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REFERENCE = re.compile(rf"(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?")
# Stands for what only Airflow knows: no reference holds it.
_UNKNOWN = "\x00"


class Image(TemplatedText):
    """A reference to an image: `[registry[:port]/]name[:tag][@digest]`, or one that Airflow evaluates."""

    def __init__(self) -> None:
        super().__init__("an image", longest=1000)

    def _check(self, text: str) -> None:
        super()._check(text)
        if not is_template(text) and not _REFERENCE.fullmatch(text):
            if re.search(r":[^/@]*@", text):
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


def moves(image: str) -> bool:
    """Whether the image may be another one tomorrow: it has no digest, and the tag `latest`, which is also the default.

    Any other tag is taken to stay, and so is what only Airflow knows.
    """
    last = with_templates_as(_UNKNOWN, image).rpartition("/")[2]
    if _UNKNOWN in last or "@" in last:
        return False
    return last.partition(":")[2] in {"", "latest"}
