"""One clip of the walkway: a video that is drawn as it is read, with its ground truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import BoolArray, Frame, ImageArray, VideoId, VideoInfo
from oddframe.video import Video
from oddframe.walkway.actors import Actor
from oddframe.walkway.incidents import stage
from oddframe.walkway.painter import Painter, outline
from oddframe.walkway.scene import Walkway, generator
from oddframe.walkway.traffic import walkers

IN_SIGHT = 0.4  # share of a box that must lie in the picture for the box to count
_KIND = {"bag": "dropped object"}


@dataclass(frozen=True, slots=True)
class EventBox:
    """The box of an event in one frame.

    Args:
        kind: one of `KINDS` or `KINDS_BY_LOOKS`.
        track: the event's identity within the clip.
        box: x0 y0 x1 y1 in pixels, within the picture.
    """

    kind: str
    track: int
    box: tuple[float, float, float, float]


def simulate(scene: Walkway, seed: int, events: Sequence[str] = ()) -> tuple[Actor, ...]:
    """Simulate all actors of a clip, without pixels; an hour of video takes about a second.

    Args:
        scene: the settings.
        seed: of this clip.
        events: kinds of event, in the order in which they happen.

    Raises:
        SettingsError: an unknown kind of event.
    """
    odd, obstacles = stage(scene, tuple(events), generator(seed, 0))
    return (*odd, *walkers(scene, generator(seed, 1), len(odd), obstacles))


class SyntheticClip(Video):
    """A rendered clip with its ground truth. Every pass draws the same frames; memory does not grow with the length.

    Args:
        painter: the painted surroundings, which clips of one scene share.
        seed: of this clip: everything in it follows from the scene's settings, the seed and the events.
        events: kinds of event, in the order in which they happen.
        name: the video's name; by default made of the seed.

    Raises:
        SettingsError: an unknown kind of event.
    """

    def __init__(self, painter: Painter, seed: int, events: Sequence[str] = (), name: VideoId | None = None) -> None:
        scene = painter.scene
        info = VideoInfo(name or f"walkway-{seed}", scene.width, scene.height, scene.rate, scene.frames)
        super().__init__(f"synthetic {info.id}", info, scene.frames)
        self.scene, self.seed, self.events = scene, seed, tuple(events)
        self.actors = simulate(scene, seed, events)
        self._painter = painter

    @cached_property
    def boxes(self) -> tuple[tuple[EventBox, ...], ...]:
        """Per frame, the boxes of the events in sight, computed from outlines."""
        frames: list[list[EventBox]] = [[] for _ in range(self.scene.frames)]
        for actor in self.actors:
            if actor.odd.any():
                boxes, seen = _in_sight(outline(actor, self.scene.camera, self.scene.fps).boxes(), self.scene)
                kind = _KIND.get(actor.kind, actor.kind)
                for row in np.flatnonzero(actor.odd & seen):
                    if 0 <= actor.first + row < len(frames):
                        x0, y0, x1, y1 = boxes[row].tolist()
                        frames[actor.first + row].append(EventBox(kind, actor.track, (x0, y0, x1, y1)))
        return tuple(map(tuple, frames))

    @cached_property
    def labels(self) -> BoolArray:
        """(F,) whether an event is in sight."""
        return np.array([bool(boxes) for boxes in self.boxes], np.bool_)

    def _pass(self) -> Iterator[Frame]:
        for index, image in enumerate(self.images()):
            yield Frame(index, self.info.seconds(index), image)

    def frames_at(self, indices: Iterable[int]) -> Iterator[Frame]:
        wanted = sorted(set(indices))
        for index in wanted[:1] + wanted[-1:]:
            if not 0 <= index < self.scene.frames:
                raise self._no_frame(index)
        for index, image in zip(wanted, self._painter.film(self.actors, self.seed, frozenset(wanted)), strict=True):
            yield Frame(index, self.info.seconds(index), image)

    def _find(self, index: int) -> Frame:
        return next(self.frames_at([index]))

    def images(self) -> Iterator[ImageArray]:
        """Draw the frames: (H, W, 3) uint8 RGB each."""
        return self._painter.film(self.actors, self.seed)

    def _hash(self) -> str:
        """Of what the frames follow from, which is as good as of the frames, and needs no pass."""
        identity = [self.scene.identity(), self.seed, self.events, cv2.__version__, np.__version__]
        return hashlib.blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=32).hexdigest()


def render(scene: Walkway, seed: int, events: Sequence[str] = (), name: VideoId | None = None) -> SyntheticClip:
    """Make a single clip; for many clips of one scene, share a `Painter` instead. Arguments as of `SyntheticClip`.

    >>> clip = render(Walkway(seconds=8), seed=5, events=["cyclist"])
    >>> clip.info.frames, {box.kind for boxes in clip.boxes for box in boxes}
    (200, {'cyclist'})
    """
    return SyntheticClip(Painter(scene), seed, events, name)


def _in_sight(boxes: npt.NDArray[np.float32], scene: Walkway) -> tuple[npt.NDArray[np.float32], BoolArray]:
    """The boxes clipped to the picture, and whether enough of each is left."""
    limit = np.array([scene.width, scene.height, scene.width, scene.height], np.float32)
    clipped = np.clip(boxes, 0, limit)
    return clipped, _area(clipped) >= IN_SIGHT * _area(boxes)


def _area(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)
