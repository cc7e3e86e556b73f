import subprocess

subprocess.run(["meltano", "schedule", "list", "--format=json"])
DAG(schedules)
