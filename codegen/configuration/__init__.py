"""The configuration of a project: its keys, its file, and the Dagpress that it requires."""

from codegen.configuration.file import BrokenFileError, find_configuration, has_configuration
from codegen.configuration.model import CUSTOM_DAGS, Configuration, read_configuration
from codegen.configuration.required_version import check_required_version

__all__ = [
    "CUSTOM_DAGS",
    "BrokenFileError",
    "Configuration",
    "check_required_version",
    "find_configuration",
    "has_configuration",
    "read_configuration",
]
