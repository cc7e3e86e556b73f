"""What the real Meltano says of its schedules."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_LINK = ".meltano/run/bin"
_TIMEOUT = 120


class MeltanoError(Exception):
    """Meltano cannot be run, or refuses the project."""


def listed_schedules(folder: Path, timeout: float = _TIMEOUT) -> dict[str, dict[str, Any]]:
    """The schedules of a Meltano project by name, as `meltano schedule list --format=json` has them.

    Args:
        folder: the folder of meltano.yml.
        timeout: in seconds.

    Raises:
        MeltanoError: Meltano is missing, fails or takes too long.
    """
    # As a generated DAG finds it: by the link that Meltano leaves in its project, else on the PATH.
    meltano = _LINK if os.access(folder / _LINK, os.X_OK) else "meltano"
    command = [meltano, "--log-level=warning", "schedule", "list", "--format=json"]
    env = {**os.environ, "NO_COLOR": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # the words are ours
            command, cwd=folder, env=env, text=True, capture_output=True, check=True, timeout=timeout
        )
        schedules = json.loads(done.stdout)["schedules"]
    except FileNotFoundError as error:
        raise MeltanoError("there is no `meltano` on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise MeltanoError(f"`meltano schedule list` did not end within {timeout:.0f} seconds") from error
    except subprocess.CalledProcessError as error:
        # The reason is in the last line; before it there may be a whole traceback in a frame.
        reason = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        raise MeltanoError(f"`meltano schedule list` failed: {reason}") from error
    except (ValueError, TypeError, LookupError) as error:
        raise MeltanoError("`meltano schedule list` gave something else than a list of schedules") from error
    return {schedule["name"]: schedule for schedule in (*schedules["elt"], *schedules["job"])}
