"""Installs and runs the Airflow of a project. It is called as a program, never imported."""

from codegen.airflow.environment import (
    AirflowEnvironment,
    AirflowError,
    environment_of,
    folder_of,
    install,
    keep_out_of_git,
    version_of,
)
from codegen.airflow.launch import launch

__all__ = [
    "AirflowEnvironment",
    "AirflowError",
    "environment_of",
    "folder_of",
    "install",
    "keep_out_of_git",
    "launch",
    "version_of",
]
