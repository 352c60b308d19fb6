"""The pictures of a bench: ROC curves by protocol, and score curves by detector with the truth shaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oddframe.bench.figures import counted
from oddframe.bench.runner import Outcome
from oddframe.draw import plot_roc, plot_timelines
from oddframe.errors import DataError
from oddframe.metrics import RocCurve, roc_curve
from oddframe.types import BoolArray, FloatArray, ImageArray
from oddframe.video import write_image

SHOWN = 12
"""Score curves in one picture."""


def write_pictures(outcome: Outcome, slugs: dict[str, str], folder: Path) -> list[tuple[str, str]]:
    """Write `roc-PROTOCOL.png` for each protocol and `scores-DETECTOR.png` for each detector.

    Args:
        outcome: of a bench.
        slugs: detector -> its name in file names.
        folder: where to write; it must exist.

    Returns:
        (title, file name) of each picture.

    Raises:
        StoreError: a picture cannot be written.
    """
    written = []
    for title, name, image in (*_rocs(outcome), *_curves(outcome, slugs)):
        write_image(folder / name, image)
        written.append((title, name))
    return written


def _rocs(outcome: Outcome) -> Iterator[tuple[str, str, ImageArray]]:
    for protocol in outcome.results.protocols:
        curves = {}
        for row in outcome.results.rows:
            scores, odd = counted(outcome.timelines[row.detector, protocol.title], outcome.truth)
            curve = _roc(np.concatenate(scores), np.concatenate(odd))
            if curve is not None:
                curves[row.detector] = curve
        if curves:
            title = f"{outcome.results.circumstances.dataset['name']}, protocol {protocol.title}"
            yield f"ROC, {title}", f"roc-{protocol.title}.png", plot_roc(curves, title)


def _roc(scores: FloatArray, odd: BoolArray) -> RocCurve | None:
    try:
        return roc_curve(scores, odd)
    except DataError:
        return None  # undefined, as the tables say


def _curves(outcome: Outcome, slugs: dict[str, str]) -> Iterator[tuple[str, str, ImageArray]]:
    """Under the first protocol; of many videos those that the detector tells apart worst."""
    title = outcome.results.protocols[0].title
    odd = {info.id: labels for info, labels in zip(outcome.truth.infos, outcome.truth.labels, strict=True)}
    for row in outcome.results.rows:
        timelines = outcome.timelines[row.detector, title]
        own = [np.inf if value is None else value for value in row.figures[title].videos]
        worst = sorted(np.argsort(own, kind="stable")[:SHOWN].tolist())
        which = "all test videos" if len(worst) == len(own) else f"the {SHOWN} worst of {len(own)} test videos"
        image = plot_timelines([timelines[number] for number in worst], odd, panel_height=0.9)
        yield f"Scores of {row.detector}, {which}, protocol {title}", f"scores-{slugs[row.detector]}.png", image
