"""The moving square as each medium carries it: pictures of it, its track, or features of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from oddframe.observers.base import Observer
from oddframe.testing.scenes import Clip, moving_square, place_of
from oddframe.types import Boxes, FloatArray, Frame, Medium


def clip_for(observer: Observer, name: str = "square", **how: Any) -> Clip:
    """A small clip that carries what the observer looks at.

    Args:
        observer: names the medium; one of features gives their size by its spec and their segments by its window.
        name: the video's id.
        how: as `moving_square` takes it.
    """
    return _CARRIED[observer.medium](observer, moving_square(name, **how), how)


def _pictures(_: Observer, clip: Clip, __: Mapping[str, Any]) -> Clip:
    return clip


def _tracks(_: Observer, clip: Clip, how: Mapping[str, Any]) -> Clip:
    """The square is track 3; track 5 stands beside its way, from the second frame on."""
    speed, side = how.get("speed", 18.0), how.get("side", 20)
    height, width = clip.info.height, clip.info.width
    standing = [2.0, 2.0, 12.0, 32.0]

    def frames() -> Iterator[Frame]:
        for frame in clip.frames:
            x, y = place_of(frame.time * speed, side, width, height)
            boxes = [[x, y, x + side, y + side], standing][: 1 + (frame.index > 0)]
            yield replace(
                frame, image=_black(frame), boxes=Boxes(np.array([3, 5][: len(boxes)]), np.array(boxes, np.float32))
            )

    return Clip(clip.info, tuple(frames()))


def _features(observer: Observer, clip: Clip, how: Mapping[str, Any]) -> Clip:
    (field,) = observer.spec.fields.values()
    segment = observer.window(clip.info).length
    waves = np.arange(int(np.prod(field.shape)), dtype=np.float32).reshape(field.shape)

    def feature(frame: Frame) -> FloatArray | None:
        if (frame.index + 1) % segment:
            return None
        return np.asarray(np.sin(waves + frame.time * how.get("speed", 18.0)), np.float32)

    frames = (replace(frame, image=_black(frame), feature=feature(frame)) for frame in clip.frames)
    return Clip(clip.info, tuple(frames))


def _black(frame: Frame) -> Any:
    return np.broadcast_to(np.zeros((), np.uint8), frame.image.shape)


_CARRIED: Mapping[Medium, Callable[[Observer, Clip, Mapping[str, Any]], Clip]] = {
    "pictures": _pictures,
    "tracks": _tracks,
    "features": _features,
}
