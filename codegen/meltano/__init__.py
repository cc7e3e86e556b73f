"""Reads a Meltano project, without Meltano."""

from codegen.meltano.project import Job, MeltanoProject, Section, job_tasks, read_meltano_project

__all__ = ["Job", "MeltanoProject", "Section", "job_tasks", "read_meltano_project"]
