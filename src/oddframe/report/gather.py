"""What a report shows of one video: its moments with their pictures, and the curve that the chart draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from oddframe.draw.heat import heat
from oddframe.draw.panel import broken, outline
from oddframe.draw.stretches import Truth, kind_at, not_scorable, truth_of
from oddframe.errors import VideoError
from oddframe.report.filmstrip import Filmed, cut, whole, within
from oddframe.report.parts import Box, Compared, MomentPart, Thumbnail, VideoPart
from oddframe.scoring import MapScale, Reasons, anomaly_map
from oddframe.types import FloatArray, Frame, Json, Timeline, duration
from oddframe.video import Video

STRIP = 0.4
"""The share of a video's pictures that thumbnails may take; the rest is for its moments."""

LEFT_OUT = "its picture would have made the page too large"

POINTS, FEWEST = 120_000, 400
"""Points of all curves together, and pairs of points that a curve has at least: less would show on a screen."""


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
    """Make one video's part of a report.

    Args:
        timeline: of the video.
        video: the video, for pictures; one that was `Filmed` while it was scored has thumbnails. None = no pictures.
        scale: what the colours of maps mean.
        truth: the anomalous frames, by video.
        compared: frame of a peak -> what that moment was compared with.
        limit: bytes that the pictures may take.
        videos: how many videos share the page.

    Raises:
        VideoError: the video is not the one that was scored, or changed since.
        DataError: truth that does not fit the video.
    """
    runs, others = truth_of(timeline, truth), compared or {}
    moments = tuple(
        replace(one, when=_when(timeline, one.frame), compared=others.get(one.frame))
        for one in moments_of(timeline, runs)
    )
    drawn = curve(timeline, moments, runs, videos)
    strip = within(video.strip.pictures, round(STRIP * limit)) if isinstance(video, Filmed) else ()
    if video is not None and video.medium == "pictures":
        check_unchanged(timeline, video)
        left = limit - sum(one.picture.bytes for one in strip)
        moments = pictured(timeline, moments, video, scale, left)
    return _part(timeline, moments, strip, drawn)


def _part(
    timeline: Timeline, moments: tuple[MomentPart, ...], strip: tuple[Thumbnail, ...], drawn: dict[str, Json]
) -> VideoPart:
    info, valid = timeline.info, timeline.valid
    peak = int(np.nanargmax(timeline.scores)) if valid.any() else None
    return VideoPart(
        name=info.id,
        seconds=info.until(len(valid)),
        fps=float(info.fps),
        width=info.width,
        height=info.height,
        highest=None if peak is None else (float(timeline.scores[peak]), info.seconds(peak)),
        over=sum(event.end_time - event.start_time for event in timeline.events),
        lost=float(info.frame_times().lasting[~valid].sum()),
        events=bool(timeline.events),
        moments=moments,
        curve={**drawn, "shown": [round(info.seconds(one.frame), 3) for one in strip]},
        strip=strip,
        note=_note(timeline),
        assumed=info.fps_assumed,
    )


def _when(timeline: Timeline, frame: int) -> str:
    """The date and time of a frame; "" where it is not known when the video starts."""
    at = timeline.info.moment(timeline.info.seconds(frame))
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} {at.tzname() or ''}".strip()


def _note(timeline: Timeline) -> str:
    """What a reader has to know of the video's time."""
    info, words = timeline.info, []
    if info.fps_assumed:
        words.append(f"the frame rate is not stated anywhere: {float(info.fps):g} a second are assumed")
    if starts := _when(timeline, 0):
        words.append(f"starts at {starts}")
    holes = [] if info.times is None else list(info.times.starts[1:])
    if info.times is not None and holes:
        longest = max(info.times.begin(start) - info.times.end(start) for start in holes)
        several = f"{len(holes)} holes" if len(holes) > 1 else "a hole"
        words.append(f"the recording has {several}, of up to {duration(longest)}")
    note = "; ".join(words)
    return note[:1].upper() + note[1:]


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
    timeline: Timeline, moments: Sequence[MomentPart], video: Video, scale: MapScale, limit: int
) -> tuple[MomentPart, ...]:
    """Add pictures to moments, the most anomalous first, as long as they fit into `limit` bytes."""
    by_frame, left, shown = {one.frame: one for one in moments}, limit, dict[int, MomentPart]()
    drawn = [_with_pictures(timeline, by_frame[frame.index], frame, scale) for frame in video.frames_at(by_frame)]
    for one in sorted(drawn, key=lambda moment: -moment.score):
        taken = one.bytes
        left = left - taken if taken <= left else 0  # a smaller one after this would look as if it mattered more
        fits = left > 0
        shown[one.frame] = one if fits else replace(one, shot=None, missing=LEFT_OUT, compared=_bare(one.compared))
    return tuple(shown[moment.frame] for moment in moments)


def _with_pictures(timeline: Timeline, moment: MomentPart, frame: Frame, scale: MapScale) -> MomentPart:
    painted = heat(anomaly_map(timeline, moment.frame, floor=scale.low), scale)
    shot, told = whole(frame.image, moment.box, painted), moment.compared
    if told is not None and moment.box is not None:
        told = replace(told, own=cut(frame.image, moment.box))
    return replace(moment, shot=shot, compared=told)


def _bare(told: Compared | None) -> Compared | None:
    if told is None:
        return None
    return replace(told, own=None, nearest=tuple(replace(one, shot=None, missing=LEFT_OUT) for one in told.nearest))


def curve(timeline: Timeline, moments: Iterable[MomentPart], truth: Reasons = (), videos: int = 1) -> dict[str, Json]:
    """Return what the chart draws of a video, as JSON values.

    Args:
        timeline: of the video.
        moments: to be marked.
        truth: the anomalous stretches, as (first frame, one past the last, kind) runs.
        videos: how many curves share the page; the more there are, the fewer points a long curve has.

    Returns:
        Times in seconds and scores of the curve (None where there is no score), and stretches as [from, to, word].
    """
    columns = min(max(POINTS // 2 // max(videos, 1), FEWEST), 6000)
    frame, score = outline(timeline.scores, columns)
    info, times = timeline.info, timeline.info.frame_times()
    time, score = broken(times.at(frame), score, info)

    def stretches(runs: Reasons) -> list[Json]:
        return [[round(info.seconds(start), 3), round(info.until(end), 3), word] for start, end, word in runs]

    return {
        "seconds": info.until(len(timeline.scores)),
        "fps": float(info.fps),
        "t": [round(float(value), 3) for value in time],
        "s": [None if np.isnan(value) else float(f"{value:.5g}") for value in score],
        "threshold": timeline.threshold,
        "gaps": stretches(not_scorable(timeline)),
        "truth": stretches(truth),
        "moments": [[one.start, one.end, one.peak, one.id] for one in moments],
    }


INSTEAD = {True: 1, False: 5}
"""How many moments a video without events shows; with a threshold there is one, for comparison."""
APART = 2.0
"""Seconds between two of these."""

SLACK = 1e-6
"""Seconds: 2 s at 25 fps are 50 frames, whatever binary fractions say."""


def moments_of(timeline: Timeline, truth: Reasons = ()) -> tuple[MomentPart, ...]:
    """Return the moments of a video that are worth a look.

    Args:
        timeline: of the video.
        truth: the anomalous stretches, as (first frame, one past the last, kind) runs.

    Returns:
        Its events, or else its most anomalous moments; in the order of time, without pictures.
    """
    if timeline.events:
        return tuple(
            MomentPart(
                id=event.id or f"{event.peak}",
                start=event.start_time,
                end=event.end_time,
                peak=event.peak_time,
                frame=event.peak,
                score=event.score,
                p_value=event.p_value,
                kind=_kind(truth, event.start, event.end, event.peak),
                box=event.box,
            )
            for event in timeline.events
        )
    return tuple(_at(timeline, truth, frame) for frame in _highest(timeline, INSTEAD[timeline.threshold is not None]))


def _highest(timeline: Timeline, count: int) -> list[int]:
    """The frames with the highest scores, far enough apart."""
    left: FloatArray = np.where(timeline.valid, timeline.scores, -np.inf).astype(np.float32)
    times, found = timeline.info.frame_times(), list[int]()
    while len(found) < count and np.isfinite(left).any():
        peak = int(np.argmax(left))
        found.append(peak)
        left[np.abs(times.time - times.time[peak]) <= APART + SLACK] = -np.inf
    return sorted(found)


def _at(timeline: Timeline, truth: Reasons, frame: int) -> MomentPart:
    time, p_values = timeline.info.seconds(frame), timeline.p_values
    return MomentPart(
        id=f"{frame}",
        start=time,
        end=timeline.info.until(frame + 1),
        peak=time,
        frame=frame,
        score=float(timeline.scores[frame]),
        p_value=None if p_values is None else float(p_values[frame]),
        kind=_kind(truth, frame, frame + 1, frame),
        box=top_box(timeline, frame),
    )


def _kind(truth: Reasons, start: int, end: int, peak: int) -> str:
    """What is there according to the ground truth: at the peak, or else anywhere in the stretch."""
    there = kind_at(truth, peak)
    if there or any(first <= peak < last for first, last, _ in truth):
        return there or "anomalous"
    return next((word or "anomalous" for first, last, word in truth if first < end and start < last), "")


def top_box(timeline: Timeline, frame: int) -> Box | None:
    """Return the box of the highest-scoring observation that covers a frame; None where there is none."""
    rows = timeline.scored.observations
    covers = np.flatnonzero((rows.span[:, 0] <= frame) & (frame < rows.span[:, 1]))
    if not len(covers):
        return None
    row = int(covers[np.argmax(timeline.scored.score[covers])])
    spots, box = timeline.scored.hot_spots, rows.box[row]
    if spots is not None and len(spots.row[spots.of(row)]):
        own = spots.of(row)
        box = spots.box[own][np.argmax(spots.score[own])]
    x0, y0, x1, y1 = (float(edge) for edge in box)
    return x0, y0, x1, y1
