"""Runs generated DAGs on a real Celery cluster, disturbs it, and checks that the right rows arrive: `make soak`."""
