"""Bodies made of tapered limbs, and their outlines in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oddframe.walkway.actors import Colour
from oddframe.walkway.camera import Camera, Points

SHIFT = 4  # binary places of the outlines' pixel coordinates
SUN = np.array([0.62, 0.0, 0.38])  # metres that a shadow's end moves along and across per metre of height
_ROUND = np.linspace(-np.pi / 2, np.pi / 2, 5)  # directions of an outline's corners around one end


@dataclass(frozen=True, slots=True, eq=False)
class Limb:
    """A limb through T frames: a tube with round ends.

    Args:
        a, b: (T, 3) its ends; along, up, across in metres.
        radius_a, radius_b: metres; numbers, or (T,).
        colour: RGB.
        nearer: metres by which it counts as nearer to the camera than it is (a stripe lies upon a shirt).
        shadow: whether it throws one.
        shown: (T,) whether it is there; None = always.
    """

    a: Points
    b: Points
    radius_a: float | Points
    radius_b: float | Points
    colour: Colour
    nearer: float = 0.0
    shadow: bool = False
    shown: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """An actor's outlines in the picture, L limbs through T frames.

    Args:
        outlines: (T, L, V, 2) int32, pixels times 2**SHIFT.
        order: (T, L) limbs from the farthest to the nearest.
        colours: (L) RGB.
        shown: (T, L) which limbs are there.
        shadows: (T, S, V, 2) outlines on the ground of the limbs that throw shadows.
        depth: (T,) metres from the camera, for painting far before near.
    """

    outlines: npt.NDArray[np.int32]
    order: npt.NDArray[np.int64]
    colours: tuple[Colour, ...]
    shown: npt.NDArray[np.bool_]
    shadows: npt.NDArray[np.int32]
    depth: Points

    def boxes(self) -> npt.NDArray[np.float32]:
        """Return tight boxes around what is shown: (T, 4) x0 y0 x1 y1 in pixels, not clipped to the picture."""
        hidden = ~self.shown[:, :, None, None]
        low = np.where(hidden, np.iinfo(np.int32).max, self.outlines).min((1, 2))
        high = np.where(hidden, np.iinfo(np.int32).min, self.outlines).max((1, 2))
        return np.asarray(np.concatenate([low, high], 1) / 2**SHIFT, np.float32)


def figure(camera: Camera, limbs: list[Limb], ground: Points) -> Outlines:
    """Project limbs into the picture.

    Args:
        camera: the camera.
        limbs: of one actor.
        ground: (T, 3) where the actor stands, in metres.
    """
    ends = [np.stack([limb.a for limb in limbs], 1), np.stack([limb.b for limb in limbs], 1)]
    radii = [np.stack(side, 1) for side in zip(*map(_radii, limbs), strict=True)]
    outlines, depth = _outlines(camera, ends, radii)
    nearer = np.array([limb.nearer for limb in limbs])
    casts = [i for i, limb in enumerate(limbs) if limb.shadow]
    fallen = [end[:, casts] * (1, 0, 1) + end[:, casts, 1:2] * SUN for end in ends]
    shadows, _ = _outlines(camera, fallen, [radius[:, casts] for radius in radii])
    everywhere = np.ones(len(ground), np.bool_)
    return Outlines(
        outlines=outlines,
        order=np.argsort(nearer - depth, axis=1, kind="stable"),
        colours=tuple(limb.colour for limb in limbs),
        shown=np.stack([everywhere if limb.shown is None else limb.shown for limb in limbs], 1),
        shadows=shadows,
        depth=camera.project(ground)[1],
    )


def _radii(limb: Limb) -> tuple[Points, Points]:
    a, b = (np.broadcast_to(np.asarray(r, np.float64), len(limb.a)) for r in (limb.radius_a, limb.radius_b))
    return a, b


def _outlines(camera: Camera, ends: Sequence[Points], radii: Sequence[Points]) -> tuple[npt.NDArray[np.int32], Points]:
    """(T, L, V, 2) corners around each limb, and (T, L) the depth of its middle."""
    (from_, depth_a), (to, depth_b) = map(camera.project, ends)
    axis = to - from_
    facing = np.arctan2(axis[..., 1], axis[..., 0])[..., None]
    corners = []
    for end, depth, radius, turn in ((to, depth_b, radii[1], 0.0), (from_, depth_a, radii[0], np.pi)):
        angle = facing + turn + _ROUND
        reach = np.maximum(camera.scale(depth) * radius, 0.5)[..., None]
        corners.append(end[..., None, :] + np.stack([np.cos(angle) * reach, np.sin(angle) * reach], -1))
    pixels = np.concatenate(corners, -2)
    limit = 2.0**14  # far outside any picture, and within what drawing can take
    return np.rint(np.clip(pixels, -limit, limit) * 2**SHIFT).astype(np.int32), (depth_a + depth_b) / 2
