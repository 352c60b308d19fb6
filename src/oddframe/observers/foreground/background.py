"""The empty scene, learnt from a video's own past, and what stands in front of it."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

from oddframe.observers.foreground.flow import Grey
from oddframe.types import HALF, BoolArray, FloatArray

SAME_TEXTURE = 0.5
"""Correlation of fine texture from which on two patches count as one surface under different light."""


class Background:
    """A slow picture of the scene without its people.

    The median of pictures taken over the first seconds, then followed at `drift` grey levels a second, except where
    something stands (else a bag that was left behind would melt into the floor).

    Args:
        fps: nominal frame rate of the video.
        seconds: how long the first look takes.
        samples: how many pictures it takes.
        drift: grey levels a second; daylight changes slower, a passer-by leaves no trace.
    """

    def __init__(self, fps: Fraction, seconds: float = 3.0, samples: int = 15, drift: float = 2.0) -> None:
        self._every = max(1, round(seconds * fps / samples))
        self._samples = samples
        self._drift = float(drift / fps)
        self._first: list[Grey] = []
        self._due = 0.0  # position of the next picture of the first look
        self._position, self._step = 0.0, 1.0  # of the newest picture, and how long after the one before it
        self.picture: FloatArray | None = None

    def difference(self, grey: Grey, position: float | None = None) -> FloatArray | None:
        """How much brighter each pixel is than the background, a change of light over the whole picture taken out.

        Args:
            grey: (h, w) the next picture.
            position: when it is, in nominal frames; None = one after the last.

        Returns:
            (h, w) grey levels; None while the first look lasts.
        """
        now = self._position + 1 if position is None else position
        self._step, self._position = now - self._position, now
        if self.picture is None:
            self._look(grey)
            return None
        difference = grey.astype(np.float32) - self.picture
        # Every fourth pixel each way is plenty for a median.
        return np.asarray(difference - np.median(difference[::4, ::4]), np.float32)

    def _look(self, grey: Grey) -> None:
        due = self._due if self._first else self._position
        if self._position >= due - HALF:
            self._first.append(grey)
            self._due = max(due, self._position - HALF) + self._every
        if len(self._first) == self._samples:
            self.picture = np.median(np.stack(self._first), axis=0).astype(np.float32)
            self._first = []

    def follow(self, difference: FloatArray, standing: BoolArray) -> None:
        """Drift towards the present picture wherever nothing is `standing`."""
        if self.picture is not None:
            drift = self._drift * self._step
            step = np.clip(difference, -drift, drift)
            step[standing] = 0
            self.picture = self.picture + step

    def accept(self, grey: Grey, where: BoolArray, top: int, left: int) -> None:
        """Take the present picture over where a patch (its corner given) turned out to be empty scene."""
        if self.picture is not None:
            height, width = where.shape
            patch = self.picture[top : top + height, left : left + width]
            patch[where] = grey[top : top + height, left : left + width][where]

    def uncovered(self, grey: Grey, where: BoolArray, top: int, left: int) -> bool:
        """Whether a patch differs because something *left*: then the outline is sharper in the old picture than now."""
        assert self.picture is not None
        height, width = where.shape
        window = np.s_[top : top + height, left : left + width]
        outline = cv2.morphologyEx(where.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        return _sharpness(self.picture[window], outline) > _sharpness(grey[window].astype(np.float32), outline)

    def relit(self, grey: Grey, where: BoolArray, top: int, left: int) -> bool:
        """Whether a patch differs by its light alone: then the fine texture of the empty scene still shows in it."""
        assert self.picture is not None
        height, width = where.shape
        window = np.s_[top : top + height, left : left + width]
        now, before = _texture(grey[window].astype(np.float32))[where], _texture(self.picture[window])[where]
        spread = float(np.sqrt((now * now).sum() * (before * before).sum()))
        return spread > 0 and float((now * before).sum()) / spread > SAME_TEXTURE


def _texture(picture: FloatArray) -> FloatArray:
    """What is left of a picture once everything wider than a few pixels is taken away."""
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), 2.0), np.float32)


def _sharpness(picture: FloatArray, where: BoolArray) -> float:
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return float(np.hypot(across, down)[where].mean()) if where.any() else 0.0
