"""The command line: one file per command family."""

import importlib

from oddframe.cli.app import app, main

__all__ = ["app", "main"]

# Importing a file adds its commands; help lists them in this order.
for _family in ("fit", "score", "report", "teach", "calibrate", "bench", "demo", "discover", "info"):
    importlib.import_module(f"oddframe.cli.{_family}")
