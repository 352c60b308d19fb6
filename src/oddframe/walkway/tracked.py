"""The walkway without pixels: boxes as a person detector and a tracker would give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.types import BoolArray
from oddframe.video import TrackVideo
from oddframe.walkway.actors import Actor
from oddframe.walkway.camera import Camera
from oddframe.walkway.clip import IN_SIGHT, simulate
from oddframe.walkway.motion import Series, swing
from oddframe.walkway.scene import Walkway, generator

WOBBLE = 0.02  # of the box's height: how far its edges wander about the truth
STEADY = 0.8  # what an edge keeps of its error from frame to frame
MISSED = 0.03  # share of frames in which somebody is not found

_LENGTH = {"cyclist": 1.75, "slow cyclist": 1.75, "escorted cyclist": 1.75, "cart pusher": 1.6, "skateboarder": 0.75}
_WIDTH, _STANDING, _LEG = 0.5, 0.35, 0.45  # metres; the last, of a person's height
_BAG = (0.45, 0.4)  # a bag's length and height


def tracked(
    scene: Walkway, seed: int, events: Sequence[str] = (), name: str | None = None
) -> tuple[TrackVideo, BoolArray]:
    """Simulate the boxes of a clip, with errors and misses like those of a tracker.

    Args:
        scene: the settings; those of light and noise have no effect.
        seed: of this clip.
        events: kinds of event, in the order in which they happen.
        name: of the video; None = made of the seed.

    Returns:
        The boxes as a video of tracks, and (F,) whether something anomalous is in sight.

    Raises:
        SettingsError: an unknown kind of event.

    >>> video, odd = tracked(Walkway(seconds=20, fps=8), seed=3, events=["cyclist"])
    >>> video.count(), bool(odd.any())
    (160, True)
    """
    random, labels = generator(seed, 2), np.zeros(scene.frames, np.bool_)
    columns: list[tuple[npt.NDArray[Any], npt.NDArray[Any], Series]] = []
    for actor in simulate(scene, seed, events):
        box, seen = _in_sight(boxes_of(actor, scene.camera), actor, scene)
        frame = actor.first + np.arange(len(actor))
        labels[frame[seen & actor.odd]] = True
        found = seen & (random.random(len(actor)) >= MISSED)
        noisy = box + _wobble(random, len(actor)) * (box[:, 3:] - box[:, 1:2])
        found &= (noisy[:, 2:] > noisy[:, :2]).all(1)
        columns.append((frame[found], np.full(int(found.sum()), actor.track), noisy[found]))
    frame, track, box = (np.concatenate(column) for column in zip(*columns, strict=True))
    video = TrackVideo(
        frame,
        track,
        box,
        width=scene.width,
        height=scene.height,
        fps=scene.rate,
        frames=scene.frames,
        name=name or f"walkway-{seed}",
    )
    return video, labels


def boxes_of(actor: Actor, camera: Camera) -> npt.NDArray[np.float64]:
    """Return boxes around a block as long, wide and high as the actor: (T, 4) x0 y0 x1 y1 in pixels."""
    height, length = _size(actor)
    forward = np.stack([np.cos(actor.heading), np.sin(actor.heading)], -1)  # (T, 2)
    aside = np.stack([-forward[:, 1], forward[:, 0]], -1)
    corners = []
    for ahead in (-0.5, 0.5):
        for side in (-0.5, 0.5):
            place = forward * (ahead * length)[:, None] + aside * (side * _WIDTH)
            for up in (np.zeros_like(height), height):
                corners.append(np.stack([actor.along + place[:, 0], up, actor.across + place[:, 1]], -1))
    pixels, _ = camera.project(np.stack(corners, 1))  # (T, 8, 2)
    return np.concatenate([pixels.min(1), pixels.max(1)], 1)


def _size(actor: Actor) -> tuple[Series, Series]:
    """(T,) height and length along its way in metres; legs that walk open and close."""
    ones = np.ones(len(actor))
    if actor.kind == "bag":
        return _BAG[1] * ones, _BAG[0] * ones
    height = actor.look.height * (1 - 0.35 * actor.stoop)
    if actor.kind in _LENGTH:
        return height, _LENGTH[actor.kind] * ones
    return height, _STANDING + 2 * _LEG * actor.look.height * np.abs(np.sin(actor.stride)) * np.sin(swing(actor.speed))


def _in_sight(box: Series, actor: Actor, scene: Walkway) -> tuple[Series, BoolArray]:
    """Boxes cut to the picture, and whether enough of each is left, in a frame of the clip."""
    limit = np.array([scene.width, scene.height, scene.width, scene.height], np.float64)
    cut = np.clip(box, 0, limit)
    frame = actor.first + np.arange(len(actor))
    seen: BoolArray = (_area(cut) >= IN_SIGHT * _area(box)) & (frame >= 0) & (frame < scene.frames)
    return cut, seen


def _area(box: Series) -> Series:
    return np.asarray((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))


def _wobble(random: np.random.Generator, count: int) -> Series:
    """(count, 4) errors that wander from frame to frame, in box heights."""
    errors = random.normal(scale=WOBBLE * np.sqrt(1 - STEADY**2), size=(count, 4))
    for row in range(1, count):
        errors[row] += STEADY * errors[row - 1]
    return errors
