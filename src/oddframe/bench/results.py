"""Figures, together with all that is needed to reproduce them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from oddframe.bench.figures import Figure, Figures
from oddframe.bench.protocol import Protocol
from oddframe.bench.regions import Alarms, Regions
from oddframe.types import Json
from oddframe.version import __version__

PACKAGES = ("numpy", "torch", "faiss-cpu", "opencv-python-headless", "av")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The circumstances of every figure of a bench.

    Args:
        command: the command line that computes the figures again.
        dataset: its identity.
        splits: split -> how many "videos", "frames" and, of the test split, "abnormal" frames.
        seed: of the detectors, the hold-out and the intervals.
        versions: of oddframe, Python and the packages that figures depend on.
        machine: in words.
        when: UTC, ISO 8601.
    """

    command: str
    dataset: Mapping[str, Json]
    splits: Mapping[str, Mapping[str, int]]
    seed: int
    versions: Mapping[str, str]
    machine: str
    when: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the model of a detector costs on the test videos, without observing, which all models share.

    Args:
        fit_seconds: training, hold-out and absorbing; None where it was fitted elsewhere.
        score_seconds: scoring the cached observations.
        observations: their number.
        multiplications: by the paper's formulas (`oddframe.models.Counted`); None for models without one.
        bytes: of the model's state on disk.
    """

    fit_seconds: float | None
    score_seconds: float
    observations: int
    multiplications: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Row:
    """The results of one detector.

    Args:
        detector: the name that the user gave.
        parts: the identities of its observer, model and scoring.
        fitted: on how much, when, and where it was loaded from if not fitted here.
        figures: protocol -> frame-level figures.
        regions, alarms, cost: figures that depend on no protocol.
    """

    detector: str
    parts: Mapping[str, Json]
    fitted: Mapping[str, Json]
    figures: Mapping[str, Figures]
    regions: Regions
    alarms: Alarms
    cost: Cost


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a bench.

    Args:
        circumstances: of every figure.
        protocols: under which figures were computed; the one that was asked for first.
        rows: one a detector.
    """

    circumstances: Circumstances
    protocols: Sequence[Protocol]
    rows: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values: `figures`, a flat list of figures with their circumstances, and `detectors`, the rest."""
        return {
            "circumstances": asdict(self.circumstances),
            "protocols": {protocol.title: protocol.settings() for protocol in self.protocols},
            "figures": list(self._figures()),
            "detectors": [
                {
                    "detector": row.detector,
                    **row.parts,
                    "fitted": row.fitted,
                    "alarms": asdict(row.alarms),
                    "cost": asdict(row.cost),
                    "videos": {title: list(figures.videos) for title, figures in row.figures.items()},
                }
                for row in self.rows
            ],
        }

    def _figures(self) -> Iterator[dict[str, Json]]:
        circumstances = self.circumstances
        about: dict[str, Json] = {
            "dataset": circumstances.dataset["name"],
            "split": "testing",
            "seed": circumstances.seed,
            "oddframe": circumstances.versions["oddframe"],
            "command": circumstances.command,
        }
        for row in self.rows:
            for title, found in row.figures.items():
                counts: dict[str, Json] = {"left_out": found.left_out, "frames": found.frames}
                for name, figure in _named(found).items():
                    yield (
                        {"detector": row.detector, "figure": name, "protocol": title}
                        | figure.to_json()
                        | counts
                        | about
                    )
            for name, figure in (("rbdc", row.regions.rbdc), ("tbdc", row.regions.tbdc)):
                yield (
                    {"detector": row.detector, "figure": name, "protocol": "boxes as scored"} | figure.to_json() | about
                )


def _named(found: Figures) -> dict[str, Figure]:
    return {"micro auroc": found.micro, "macro auroc": found.macro, "ap": found.ap, "eer": found.eer}


def versions() -> dict[str, str]:
    """Return the versions of oddframe, Python, and those packages that figures depend on and that are installed."""
    found = {"oddframe": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine(device: str) -> str:
    """Describe the machine: system, processor, cores, and the device that networks ran on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{platform.system()} {platform.machine()}, {cores} core{'s' if cores != 1 else ''}, device {device}"


def now() -> str:
    """Return the present time, UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
