"""Pictures of the normal moments that anomalous ones were compared with, where their videos are still available."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from oddframe.errors import VideoError
from oddframe.report.filmstrip import cut
from oddframe.report.parts import Box, MomentPart, NormalMoment, Shot, VideoPart
from oddframe.types import Frame, VideoId
from oddframe.video import Video

Key: TypeAlias = tuple[VideoId, int, Box]

GONE = "video not available"
CHANGED = "the video has changed since the detector was fitted"
TOO_LARGE = "left out to keep the page small"


def with_near(parts: Sequence[VideoPart], videos: Mapping[VideoId, Video], limit: int) -> tuple[VideoPart, ...]:
    """Add pictures of the normal moments, those of the most anomalous moments first, as long as they fit.

    Args:
        parts: of all videos.
        videos: the normal ones that are available, by name; each is read at most once.
        limit: bytes that the pictures may take.

    Returns:
        The parts, in the same order.
    """
    wanted = [(moment.score, near) for part in parts for moment in part.moments for near in _near(moment)]
    found, left = near_shots((near for _, near in wanted), videos), limit
    for _, near in sorted(wanted, key=lambda one: -one[0]):
        shot = found[_key(near)]
        if isinstance(shot, Shot):
            left -= shot.bytes
            found[_key(near)] = shot if left >= 0 else TOO_LARGE
    return tuple(replace(part, moments=tuple(_filled(moment, found) for moment in part.moments)) for part in parts)


def near_shots(wanted: Iterable[NormalMoment], videos: Mapping[VideoId, Video]) -> dict[Key, Shot | str]:
    """Return the picture of each moment, or the reason why there is none."""
    by_video: dict[VideoId, dict[Key, NormalMoment]] = defaultdict(dict)
    for near in wanted:
        by_video[near.video][_key(near)] = near
    found: dict[Key, Shot | str] = {}
    for name, moments in by_video.items():
        video = videos.get(name)
        found.update(dict.fromkeys(moments, GONE if video is None else CHANGED))
        if video is not None and video.medium == "pictures":
            found.update(_looked_up(list(moments.values()), video))
    return found


def _looked_up(moments: Sequence[NormalMoment], video: Video) -> Iterator[tuple[Key, Shot]]:
    """Those that can be found; the video may be another one by now, or be damaged."""
    same = [near for near in moments if _fits(near, video)]
    try:
        for frame in video.frames_at(near.frame for near in same):
            yield from ((_key(near), cut(frame.image, near.box)) for near in same if _is_of(near, frame, video))
    except VideoError:
        return


def _fits(near: NormalMoment, video: Video) -> bool:
    """Whether a moment can be of this video: its box says so."""
    return near.box[2] <= video.info.width + 1 and near.box[3] <= video.info.height + 1


def _is_of(near: NormalMoment, frame: Frame, video: Video) -> bool:
    """Whether a moment is of this frame: its number and its time say so."""
    in_time = near.seconds is None or abs(frame.time - near.seconds) < 1 / float(video.info.fps)
    return near.frame == frame.index and in_time


def _near(moment: MomentPart) -> tuple[NormalMoment, ...]:
    return () if moment.compared is None else tuple(near for near in moment.compared.nearest if not near.missing)


def _filled(moment: MomentPart, found: Mapping[Key, Shot | str]) -> MomentPart:
    if moment.compared is None:
        return moment
    nearest = tuple(_one(near, found.get(_key(near))) for near in moment.compared.nearest)
    return replace(moment, compared=replace(moment.compared, nearest=nearest))


def _one(near: NormalMoment, shot: Shot | str | None) -> NormalMoment:
    if near.missing or shot is None:
        return near
    return replace(near, missing=shot) if isinstance(shot, str) else replace(near, shot=shot)


def _key(near: NormalMoment) -> Key:
    return near.video, near.frame, near.box
