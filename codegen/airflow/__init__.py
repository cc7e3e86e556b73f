"""Real Airflows, each in an environment of its own: called as a program, never imported."""
