"""The surroundings, painted once by ray casting: paving, lawn, hedge and a brick building."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.types import ImageArray
from oddframe.walkway.camera import HEIGHT, Camera, Points
from oddframe.walkway.traffic import DOOR

EDGE = 2.65  # half the walkway's breadth, metres
HEDGE = (8.2, 9.0, 0.85)  # from, to across, and height
WALL = 9.0  # metres across
_FINE = 2  # painted this many times finer, then averaged

_Hues = npt.NDArray[np.float32]


class _Grain:
    """Smooth random textures over the plane, each value in -1 .. 1."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._table = generator.uniform(-1, 1, (256, 256)).astype(np.float32)

    def __call__(self, x: Points, y: Points, per_metre: float) -> _Hues:
        u, v = (np.mod(axis * per_metre + 1000.0, 255).astype(np.float32) for axis in (x, y))
        return np.asarray(cv2.remap(self._table, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)

    def cells(self, x: Points, y: Points) -> _Hues:
        """One value for each unit square."""
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        return np.asarray(self._table[(row * 37 + 128) % 256, (column * 17 + row * 91 + 128) % 256])


def paint(camera: Camera, generator: np.random.Generator) -> ImageArray:
    """Paint the surroundings in full sun, without actors.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    fine = Camera(camera.width * _FINE, camera.height * _FINE)
    ray, stand, grain = fine.rays(), fine.stand, _Grain(generator)
    ground = -HEIGHT / ray[1]
    wall = (WALL - stand[2]) / ray[2]
    front = (HEDGE[0] - stand[2]) / ray[2]
    top = (HEDGE[2] - HEIGHT) / ray[1]
    picture = _ground(stand[0] + ground * ray[0], stand[2] + ground * ray[2], grain)
    _put(picture, wall < ground, _wall(stand[0] + wall * ray[0], HEIGHT + wall * ray[1], grain))
    along, across = stand[0] + top * ray[0], stand[2] + top * ray[2]
    upon = (across > HEDGE[0]) & (across < HEDGE[1]) & _hedged(along)
    _put(picture, upon, _leaves(along, across, grain, 1.12))
    along, up = stand[0] + front * ray[0], HEIGHT + front * ray[1]
    before = (front < ground) & (up < HEDGE[2]) & _hedged(along)
    _put(picture, before, _leaves(along, up, grain, 0.72 + 0.3 * up / HEDGE[2]))
    small = cv2.resize(picture, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * _vignette(camera)[..., None], 0, 255), np.uint8)


def _put(picture: _Hues, where: npt.NDArray[np.bool_], colours: _Hues) -> None:
    np.copyto(picture, colours, where=where[..., None])


def _hedged(along: Points) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(along - DOOR[0]) > 1.15)


def _tint(colour: tuple[int, int, int], brightness: Points | _Hues) -> _Hues:
    return np.asarray(np.asarray(brightness)[..., None] * np.array(colour), np.float32)


def _ground(along: Points, across: Points, grain: _Grain) -> _Hues:
    picture = _lawn(along, across, grain)
    path = (np.abs(along - DOOR[0]) < 0.95) & (np.abs(across) > EDGE)
    _put(picture, path, _slabs(along, across, grain, (0.4, 0.2), (192, 158, 134)))
    border = (np.abs(along - DOOR[0]) < 1.07) & (np.abs(across) > EDGE) & ~path
    _put(picture, border, _tint((206, 200, 188), 1 + 0.06 * grain(along, across, 5)))
    _put(picture, np.abs(across) < EDGE, _slabs(along, across, grain, (0.9, 0.6), (206, 197, 181)))
    kerb = (np.abs(across) > EDGE) & (np.abs(across) < EDGE + 0.14)
    _put(picture, kerb, _tint((224, 219, 207), 1 + 0.05 * grain.cells(along / 0.8, across)))
    return picture


def _lawn(along: Points, across: Points, grain: _Grain) -> _Hues:
    patches = 0.10 * grain(along, across, 0.4) + 0.07 * grain(along, across, 2.3) + 0.10 * grain(along, across, 14.0)
    mown = 0.035 * np.sign(np.sin(along * np.pi / 1.3))
    picture = _tint((122, 160, 84), 1 + patches + mown)
    blossom = (grain(along + 31, across, 17.0) > 0.72) & (grain(along, across + 17, 0.45) > 0.3)
    _put(picture, blossom, _tint((240, 232, 190), np.ones_like(along)))
    return picture


def _slabs(
    along: Points, across: Points, grain: _Grain, size: tuple[float, float], colour: tuple[int, int, int]
) -> _Hues:
    """Staggered slabs with joints."""
    long, broad = size
    row = np.floor(across / broad)
    x, y = along / long + 0.5 * np.mod(row, 2), across / broad
    joint = np.minimum(np.abs(x - np.rint(x)) * long, np.abs(y - np.rint(y)) * broad) < 0.016
    rough = 0.045 * grain.cells(x, y) + 0.03 * grain(along, across, 1.1) + 0.035 * grain(along, across, 11.0)
    return _tint(colour, np.where(joint, 0.8, 1.0) + rough)


def _wall(along: Points, up: Points, grain: _Grain) -> _Hues:
    """Brick with a plinth, windows and a door."""
    row = np.floor(up / 0.16)
    x, y = along / 0.42 + 0.5 * np.mod(row, 2), up / 0.16
    joint = (np.abs(x - np.rint(x)) * 0.42 < 0.018) | (np.abs(y - np.rint(y)) * 0.16 < 0.016)
    bricks = 1 + 0.09 * grain.cells(x, y) + 0.05 * grain(along, up, 0.6)
    picture = _tint((184, 118, 94), np.where(joint, 1.07, bricks))
    _put(picture, up < 0.45, _tint((176, 168, 156), 1 + 0.05 * grain(along, up, 3)))
    sideways = np.abs(np.mod(along - DOOR[0] - 1.5, 3.0) - 1.5)  # from the middle of the next window
    sideways = np.where(np.abs(along - DOOR[0]) < 1.5, 9.0, np.abs(1.5 - sideways))
    frame = (sideways < 0.78) & (np.abs(up - 2.35) < 0.98)
    glass = (sideways < 0.68) & (np.abs(up - 2.35) < 0.88) & (sideways > 0.035) & (np.abs(up - 2.6) > 0.03)
    _put(picture, frame, _tint((238, 234, 224), np.ones_like(up)))
    shine = 0.8 + 0.16 * up + 0.16 * (np.mod(along + 0.7 * up, 1.9) < 0.5)
    _put(picture, glass, _tint((98, 124, 142), shine))
    _put(picture, (sideways < 0.9) & (np.abs(up - 1.3) < 0.07), _tint((226, 220, 206), np.ones_like(up)))
    aside = np.abs(along - DOOR[0])
    _put(picture, (aside < 0.86) & (up < 2.5), _tint((238, 234, 224), np.ones_like(up)))
    _put(picture, (aside < 0.72) & (up < 2.36), _tint((52, 56, 62), 0.8 + 0.12 * up))
    return picture


def _leaves(x: Points, y: Points, grain: _Grain, light: float | Points) -> _Hues:
    return _tint((84, 122, 66), light * (1 + 0.22 * grain(x, y, 9.0) + 0.14 * grain(x, y, 3.0)))


def _vignette(camera: Camera) -> Points:
    x, y = np.linspace(-1, 1, camera.width), np.linspace(-1, 1, camera.height)[:, None]
    return np.asarray(1 - 0.07 * (x**2 + y**2))
