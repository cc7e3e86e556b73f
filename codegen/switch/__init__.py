"""The way from meltano.yml to schedule files, and back."""
