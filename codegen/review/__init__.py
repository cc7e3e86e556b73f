"""The generated DAGs compared: those of two environments."""
