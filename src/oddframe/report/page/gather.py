"""From a timeline and its video to what a report shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from oddframe.errors import VideoError
from oddframe.report.heat import heat
from oddframe.report.page.curve import curve
from oddframe.report.page.filmstrip import Filmed, within
from oddframe.report.page.moments import moments_of
from oddframe.report.page.parts import Compared, Moment, Thumbnail, VideoPart
from oddframe.report.page.pictures import cut, whole
from oddframe.report.stretches import Truth, truth_of
from oddframe.scoring import MapScale, anomaly_map
from oddframe.types import Frame, Json, Timeline
from oddframe.video import Video

STRIP = 0.4
"""The share of a video's pictures that thumbnails may take; the rest is for its moments."""
LEFT_OUT = "its picture would have made the page too large"


def video_part(
    timeline: Timeline,
    video: Video | None = None,
    *,
    scale: MapScale,
    truth: Truth | None = None,
    compared: Mapping[int, Compared] | None = None,
    limit: int = 1_000_000,
    videos: int = 1,
) -> VideoPart:
    """One video's part of a report.

    Args:
        timeline: the video's.
        video: itself, for pictures; one that was `Filmed` while it was scored has thumbnails. None = no pictures.
        scale: what the colours of maps mean.
        truth: what is odd, by video.
        compared: frame -> what the moment with its peak there was compared with.
        limit: bytes that the pictures may take.
        videos: how many videos share the page.

    Raises:
        VideoError: the video is not the one that was scored, or changed since.
        DataError: truth that does not fit the video.
    """
    runs, told = truth_of(timeline, truth), compared or {}
    moments = tuple(replace(one, compared=told.get(one.frame)) for one in moments_of(timeline, runs))
    drawn = curve(timeline, moments, runs, videos)
    strip = within(video.strip.pictures, round(STRIP * limit)) if isinstance(video, Filmed) else ()
    if video is not None and video.medium == "pictures":
        check_unchanged(timeline, video)
        left = limit - sum(one.picture.bytes for one in strip)
        moments = pictured(timeline, moments, video, scale, left)
    return _part(timeline, moments, strip, drawn)


def _part(
    timeline: Timeline, moments: tuple[Moment, ...], strip: tuple[Thumbnail, ...], drawn: dict[str, Json]
) -> VideoPart:
    info, valid = timeline.info, timeline.valid
    peak = int(np.nanargmax(timeline.scores)) if valid.any() else None
    return VideoPart(
        name=info.id,
        seconds=info.seconds(len(valid)),
        fps=float(info.fps),
        width=info.width,
        height=info.height,
        highest=None if peak is None else (float(timeline.scores[peak]), info.seconds(peak)),
        over=sum(event.end_time - event.start_time for event in timeline.events),
        lost=info.seconds(int((~valid).sum())),
        events=bool(timeline.events),
        moments=moments,
        curve=drawn,
        strip=strip,
    )


def check_unchanged(timeline: Timeline, video: Video) -> None:
    """Raise VideoError unless the video has the size, frame rate and number of frames that were scored."""
    was, now = timeline.info, video.info
    frames = video.count()
    if (was.width, was.height, was.fps, was.frames) != (now.width, now.height, now.fps, frames):
        told = [f"{i.width} x {i.height} at {float(i.fps):.4g} fps" for i in (was, now)]
        raise VideoError(
            f"{video.source}: has changed since it was scored ({was.frames} frames of {told[0]} then, {frames} of"
            f" {told[1]} now); score it again"
        )


def pictured(
    timeline: Timeline, moments: Sequence[Moment], video: Video, scale: MapScale, limit: int
) -> tuple[Moment, ...]:
    """The moments with their pictures, the oddest first as long as they fit into `limit` bytes."""
    by_frame, left, shown = {one.frame: one for one in moments}, limit, dict[int, Moment]()
    drawn = [_with_pictures(timeline, by_frame[frame.index], frame, scale) for frame in video.frames_at(by_frame)]
    for one in sorted(drawn, key=lambda moment: -moment.score):
        taken = one.bytes
        left = left - taken if taken <= left else 0  # a smaller one after this would look as if it mattered more
        fits = left > 0
        shown[one.frame] = one if fits else replace(one, shot=None, missing=LEFT_OUT, compared=_bare(one.compared))
    return tuple(shown[moment.frame] for moment in moments)


def _with_pictures(timeline: Timeline, moment: Moment, frame: Frame, scale: MapScale) -> Moment:
    painted = heat(anomaly_map(timeline, moment.frame, floor=scale.low), scale)
    shot, told = whole(frame.image, moment.box, painted), moment.compared
    if told is not None and moment.box is not None:
        told = replace(told, own=cut(frame.image, moment.box))
    return replace(moment, shot=shot, compared=told)


def _bare(told: Compared | None) -> Compared | None:
    if told is None:
        return None
    return replace(told, own=None, nearest=tuple(replace(one, shot=None, missing=LEFT_OUT) for one in told.nearest))
