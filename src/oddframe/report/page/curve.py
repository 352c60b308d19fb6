"""What a chart draws of one video, as JSON values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from oddframe.report.outline import outline
from oddframe.report.page.parts import Moment
from oddframe.report.stretches import not_scorable
from oddframe.scoring import Reasons
from oddframe.types import Json, Timeline

POINTS, FEWEST = 120_000, 400
"""Points of all curves together, and pairs of points that a curve has at least: less would show on a screen."""


def curve(timeline: Timeline, moments: Iterable[Moment], truth: Reasons = (), videos: int = 1) -> dict[str, Json]:
    """Times (seconds) and scores of the curve, null where there is none; and stretches as [from, to, word].

    Args:
        timeline: of the video.
        moments: to be marked.
        truth: what is said to be odd, as runs of frames.
        videos: how many curves share the page: a long video among many is drawn by each column's lowest and highest.
    """
    columns = min(max(POINTS // 2 // max(videos, 1), FEWEST), 6000)
    frame, score = outline(timeline.scores, columns)
    rate = float(timeline.info.fps)

    def stretches(runs: Reasons) -> list[Json]:
        return [[round(start / rate, 3), round(end / rate, 3), word] for start, end, word in runs]

    return {
        "seconds": timeline.info.seconds(len(timeline.scores)),
        "fps": rate,
        "t": [round(float(value), 3) for value in frame / rate],
        "s": [None if np.isnan(value) else float(f"{value:.5g}") for value in score],
        "threshold": timeline.threshold,
        "gaps": stretches(not_scorable(timeline)),
        "truth": stretches(truth),
        "moments": [[one.start, one.end, one.peak, one.id] for one in moments],
    }
