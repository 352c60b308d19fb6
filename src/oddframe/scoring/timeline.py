"""The whole way from scored observations to a timeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oddframe.errors import DataError
from oddframe.scoring.events import find_events
from oddframe.scoring.normal import NormalScores
from oddframe.scoring.reasons import Reasons
from oddframe.scoring.settings import Scoring
from oddframe.scoring.to_frames import frame_scores
from oddframe.types import Event, Scored, Timeline, VideoInfo, Window


def make_timeline(
    scored: Scored,
    info: VideoInfo,
    window: Window,
    scoring: Scoring,
    *,
    floor: float,
    threshold: float | None = None,
    low: float | None = None,
    normal: NormalScores | None = None,
    reasons: Reasons = (),
) -> Timeline:
    """Frame scores, smoothing and events of one video.

    Args:
        scored: all its observations, scored.
        info: the video, its frames counted.
        window: what one observation needed.
        scoring: how it is done.
        floor: the score of a frame with nothing in it.
        threshold: scores above it make events; None = no events.
        low: events last while scores are above it; None = the threshold.
        normal: of held-out video, scored in the same way: gives p-values.
        reasons: the frames that are unscorable by themselves.

    Raises:
        DataError: nobody counted the frames.
    """
    if info.frames is None:
        raise DataError(f"{info.id}: a timeline needs a counted video")
    times = info.frame_times()
    raw = frame_scores(scored, times, window, floor=floor, reasons=reasons, edges=scoring.edges)
    smooth = scoring.smoothing.array(raw.scores, raw.valid & ~raw.zero, float(info.fps), info.times)
    scores = np.where(raw.zero, np.float32(0), smooth)
    kept = scored if raw.kept.all() else scored.select(np.flatnonzero(raw.kept))
    p_values = None if normal is None else normal.frames.p_values(scores)
    bare = Timeline(info, scores, raw.valid, kept, raw.reasons, threshold, p_values=p_values)
    if threshold is None:
        return bare
    low = threshold if low is None else low
    return replace(bare, low=low, events=_events(bare, scoring, threshold, low))


def _events(timeline: Timeline, scoring: Scoring, threshold: float, low: float) -> tuple[Event, ...]:
    return find_events(
        timeline.scores,
        timeline.scored,
        timeline.info,
        threshold=threshold,
        low=low,
        merge=scoring.merge,
        shortest=scoring.shortest,
        p_values=timeline.p_values,
    )
