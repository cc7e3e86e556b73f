"""Meltano projects: their files, commands and state, and the `meltano` program."""

from codegen.meltano.project import MeltanoProject, meltano_files, name_of, read_meltano_project

__all__ = ["MeltanoProject", "meltano_files", "name_of", "read_meltano_project"]
