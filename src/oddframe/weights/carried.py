"""Weights that lie in a package which is installed anyway: read where they are, and the package's code never runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from oddframe.weights.archive import sha256_of
from oddframe.weights.table import find


def carried(name: str) -> Path | None:
    """The original file of some weights in an installed package.

    Args:
        name: of weights that are one file.

    Returns:
        Its path; None where no such package is installed, or its file is not the one in the table.

    Raises:
        WeightsError: there are no weights of that name.
    """
    weights = find(name)
    (file,) = weights.files
    for package in weights.packages:
        try:
            place = Path(str(distribution(package.name).locate_file(file.path)))
            if place.stat().st_size == file.size and sha256_of(place) == file.sha256:
                return place
        except (PackageNotFoundError, OSError):
            continue
    return None
