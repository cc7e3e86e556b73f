"""The exit codes of `dagpress`."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    FINE = 0
    DRIFT = 1
    BAD_INPUT = 2
    BUG = 3
