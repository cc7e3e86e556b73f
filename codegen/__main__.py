"""Runs the command line as `python -m codegen`."""

from codegen.cli.main import run

run()
