"""Things between the camera and the walkway: a lamp post, a planter, and a branch whose leaves sway."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import ImageArray
from oddframe.walkway.camera import Camera, Points
from oddframe.walkway.shapes import SHIFT, SUN

LAMP = (0.1, -3.05)  # along, across
PLANTER = (-4.7, -2.9, -3.75, -3.1)  # along from, to; across from, to

_LANTERN = (  # from and to height, radius, colour
    (0.0, 2.9, 0.042, (62, 68, 74)),
    (0.0, 0.45, 0.075, (52, 58, 64)),
    (2.86, 2.94, 0.1, (52, 58, 64)),
    (2.94, 3.24, 0.12, (250, 240, 208)),
    (3.24, 3.3, 0.17, (52, 58, 64)),
    (3.3, 3.38, 0.06, (52, 58, 64)),
)

_Layer = tuple[ImageArray, ImageArray]


@dataclass(frozen=True, slots=True, eq=False)
class Prop:
    """A cut-out that hides what is behind it: its depth, its upper left corner, its pixels and their mask."""

    depth: float
    x: int
    y: int
    pixels: ImageArray
    mask: ImageArray

    def draw(self, canvas: ImageArray) -> None:
        """Draw it into a picture (H, W, 3) of the size that it was made for."""
        height, width = self.mask.shape
        cv2.copyTo(self.pixels, self.mask, canvas[self.y : self.y + height, self.x : self.x + width])


def props(camera: Camera, generator: np.random.Generator) -> tuple[Prop, ...]:
    """Make the lamp post and the planter."""
    return _cut(camera, LAMP, _lamp(camera)), _cut(camera, (PLANTER[1], PLANTER[3]), _planter(camera, generator))


def prop_shadows(camera: Camera) -> ImageArray:
    """Return the mask of their shadows: (H, W) uint8, 255 in the shadow."""
    mask = np.zeros((camera.height, camera.width), np.uint8)
    foot = np.array([LAMP[0], 0.0, LAMP[1]])
    for low, high, radius in ((0.0, 2.94, 0.045), (2.94, 3.3, 0.12)):
        _fill(mask, _bar(camera, foot + low * SUN, foot + high * SUN, radius), 255)
    x0, x1, z0, z1 = PLANTER
    corners = [(x, 0, z) for x in (x0, x1) for z in (z0, z1)]
    fallen = [np.array(corner) + 0.95 * SUN for corner in corners]
    hull = cv2.convexHull(_pixels(camera, np.array([*corners, *fallen])))
    _fill(mask, np.asarray(hull, np.int32), 255)
    return mask


def _blank(camera: Camera) -> _Layer:
    shape = (camera.height, camera.width)
    return np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)


def _cut(camera: Camera, place: tuple[float, float], layer: _Layer) -> Prop:
    x, y, width, height = cv2.boundingRect(layer[1])
    window = slice(y, y + height), slice(x, x + width)
    depth = float(camera.project(np.array([place[0], 0.0, place[1]]))[1])
    return Prop(depth, x, y, layer[0][window].copy(), layer[1][window].copy())


def _lamp(camera: Camera) -> _Layer:
    layer = _blank(camera)
    x, z = LAMP
    for low, high, radius, colour in _LANTERN:
        outline = _bar(camera, np.array([x, low, z]), np.array([x, high, z]), radius)
        _fill(layer[0], outline, colour)
        _fill(layer[1], outline, 255)
    shine = _bar(camera, np.array([x - 0.015, 0.45, z]), np.array([x - 0.015, 2.86, z]), 0.013)
    _fill(layer[0], shine, (112, 118, 124))
    return layer


def _planter(camera: Camera, generator: np.random.Generator) -> _Layer:
    layer = _blank(camera)
    x0, x1, z0, z1 = PLANTER
    front = np.array([(x0, 0, z0), (x1, 0, z0), (x1, 0.5, z0), (x0, 0.5, z0)], np.float64)
    left = np.array([(x0, 0, z0), (x0, 0, z1), (x0, 0.5, z1), (x0, 0.5, z0)], np.float64)
    top = np.array([(x0, 0.5, z0), (x1, 0.5, z0), (x1, 0.5, z1), (x0, 0.5, z1)], np.float64)
    for face, colour in ((left, (196, 188, 176)), (front, (168, 160, 150)), (top, (92, 78, 62))):
        _fill(layer[0], _pixels(camera, face), colour)
        _fill(layer[1], _pixels(camera, face), 255)
    count = 420
    heights = 0.5 + 0.5 * generator.uniform(0, 1, count) ** 0.7
    places = np.stack([generator.uniform(x0, x1, count), heights, generator.uniform(z0, z1, count)], -1)
    pixels, depth = camera.project(places)
    for i in np.argsort(-depth + 0.5 * places[:, 1]):
        light = 0.55 + 0.75 * (places[i, 1] - 0.5) + generator.uniform(-0.1, 0.1)
        colour = (216, 96, 108) if generator.random() < 0.06 and places[i, 1] > 0.8 else (92, 134, 70)
        value = tuple(float(min(255, c * light)) for c in colour)
        radius = max(1, round(float(camera.scale(depth[i])) * 0.06))
        cv2.circle(layer[0], tuple(int(p) for p in pixels[i]), radius, value, -1)
        cv2.circle(layer[1], tuple(int(p) for p in pixels[i]), radius, 255, -1)
    return layer


def _fill(picture: ImageArray, outline: npt.NDArray[np.int32], colour: tuple[int, int, int] | int) -> None:
    cv2.fillConvexPoly(picture, outline, colour, cv2.LINE_8, SHIFT)


def _pixels(camera: Camera, places: Points) -> npt.NDArray[np.int32]:
    return np.asarray(np.rint(camera.project(places)[0] * 2**SHIFT), np.int32)


def _bar(camera: Camera, a: Points, b: Points, radius: float) -> npt.NDArray[np.int32]:
    """The outline of a straight bar between two places."""
    ends, depth = camera.project(np.stack([a, b]))
    across = ends[1] - ends[0]
    normal = np.array([-across[1], across[0]]) / max(float(np.hypot(*across)), 1e-6)
    wide = (camera.scale(depth) * radius)[:, None] * normal
    corners = np.stack([ends[0] - wide[0], ends[1] - wide[1], ends[1] + wide[1], ends[0] + wide[0]])
    return np.asarray(np.rint(corners * 2**SHIFT), np.int32)


class Branch:
    """Leaves that hang into the upper left corner of the picture, and sway."""

    def __init__(self, camera: Camera, generator: np.random.Generator, wind: float) -> None:
        count, unit = 190, camera.height / 240
        reach = generator.uniform(0, 1, count) ** 0.8
        turn = generator.uniform(-0.12, np.pi / 2 + 0.12, count)
        self._at = np.stack([112 * reach * np.cos(turn), 62 * reach * np.sin(turn)], 1) * unit
        self._radius = np.rint(generator.uniform(2.2, 4.4, count) * unit * 2**SHIFT).astype(int).tolist()
        light = (0.72 + 0.5 * generator.random(count) + 0.2 * reach)[:, None]
        self._colours = np.clip(light * (96, 138, 66), 0, 255).astype(int).tolist()
        self._phase = generator.uniform(0, 0.9, count) + 0.02 * self._at[:, 0] / unit
        self._sway = wind * unit * (0.4 + reach) * generator.uniform(0.6, 1.2, count)

    def draw(self, canvas: ImageArray, seconds: float, gust: float) -> None:
        """Draw it into a picture (H, W, 3), as it is at a time in a wind of strength `gust`."""
        beat = 2 * np.pi * 0.55 * seconds
        x = gust * self._sway * (2.4 * np.sin(beat + self._phase) + 0.8 * np.sin(3.1 * beat + 4 * self._phase))
        y = gust * self._sway * 1.3 * np.sin(1.3 * beat + 2 * self._phase)
        at = np.rint((self._at + np.stack([x, y], 1)) * 2**SHIFT).astype(int).tolist()
        for centre, radius, colour in zip(at, self._radius, self._colours, strict=True):
            cv2.circle(canvas, centre, radius, colour, -1, cv2.LINE_8, SHIFT)
