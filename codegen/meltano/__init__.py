"""Reads a Meltano project, without Meltano."""

from codegen.meltano.project import Job, MeltanoProject, read_meltano_project

__all__ = ["Job", "MeltanoProject", "read_meltano_project"]
