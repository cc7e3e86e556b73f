"""From meltano.yml to schedule files and back, the proof that both run the same, and the files of a new project."""
