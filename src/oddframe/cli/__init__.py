"""The command line: one file per command family."""

from oddframe.cli import demo, fit, info, score  # noqa: F401  # importing a file adds its commands
from oddframe.cli.app import app, main

__all__ = ["app", "main"]
