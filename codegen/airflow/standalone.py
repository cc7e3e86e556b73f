"""Runs `airflow standalone` without log servers: it starts its processes by name, without options."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from codegen.airflow.ports import SKIP_LOGS

# The wrapper removes its own folder from the PATH, since tasks inherit it.
_PROGRAM = """\
#!/bin/sh
# Written by Dagpress for `dagpress invoke airflow standalone`.
PATH=${{PATH#*:}}
case $1 in {commands}) set -- "$@" {option} ;; esac
exec {program} "$@"
"""


def path_without_log_servers(folder: Path, program: Path, commands: Sequence[str], path: str) -> str:
    """Return a PATH with a wrapper of `airflow` in `folder` that turns off the log servers of `commands`."""
    if not commands:
        return path
    text = _PROGRAM.format(commands=" | ".join(commands), option=SKIP_LOGS, program=shlex.quote(str(program)))
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "airflow"
    temporary = folder / f"airflow.{os.getpid()}.tmp"
    temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
    temporary.chmod(0o755)
    temporary.replace(script)
    return os.pathsep.join([str(folder), path])
