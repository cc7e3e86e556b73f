"""Runs generated DAGs on a real Celery cluster, injects faults, and checks the loaded rows: `make soak`."""
