"""Installs and runs the Airflow of a project. It is called as a program, never imported."""

from codegen.airflow.installation import (
    AirflowError,
    Installation,
    folder_of,
    install,
    installation_of,
    keep_out_of_git,
    version_of,
)
from codegen.airflow.launch import launch

__all__ = [
    "AirflowError",
    "Installation",
    "folder_of",
    "install",
    "installation_of",
    "keep_out_of_git",
    "launch",
    "version_of",
]
