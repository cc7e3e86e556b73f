"""A Meltano project: its files, its runs, its commands as Meltano has them, and the real program."""

from codegen.meltano.project import Job, MeltanoProject, job_tasks, meltano_files, read_meltano_project

__all__ = ["Job", "MeltanoProject", "job_tasks", "meltano_files", "read_meltano_project"]
