"""A Meltano project and the real program: its files, runs and commands."""

from codegen.meltano.project import MeltanoProject, meltano_files, name_of, read_meltano_project

__all__ = ["MeltanoProject", "meltano_files", "name_of", "read_meltano_project"]
