"""Smoothing of frame scores in time: centred (looks ahead) or causal (never does)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError
from oddframe.types import BoolArray, Configured, FloatArray

CUT = 4.0
"""Where a Gaussian ends, in sigmas."""


@dataclass(frozen=True)
class Smoothing(Configured):
    """A weighted mean over time, renormalised over the scorable frames; one video at a time, so it crosses no border.

    Args:
        kind: "gaussian" is centred (LLSH, section 4.1: sigma 12 frames at 25 fps = 0.48 s) and looks ahead;
            "causal" is its past half alone; "average" is a centred moving average; "none" leaves scores as they are.
        width: the Gaussian's sigma, or how much time the average spans.
        unit: of the width, "seconds" or "frames". Seconds mean the same for every camera; papers say frames.

    Raises:
        SettingsError: another kind or unit, or a negative width.

    >>> Smoothing("causal").array(np.ones(3, np.float32), np.array([True, False, True]), fps=25)
    array([ 1., nan,  1.], dtype=float32)
    """

    kind: Literal["gaussian", "causal", "average", "none"] = "gaussian"
    width: float = 0.48
    unit: Literal["seconds", "frames"] = "seconds"

    name: ClassVar[str] = "smoothing"

    def __post_init__(self) -> None:
        if self.kind not in ("gaussian", "causal", "average", "none"):
            raise SettingsError(f"smoothing {self.kind!r}: choose gaussian, causal, average or none")
        if self.unit not in ("seconds", "frames"):
            raise SettingsError(f"smoothing in {self.unit!r}: choose seconds or frames")
        if not (math.isfinite(self.width) and self.width >= 0):
            raise SettingsError(f"smoothing over {self.width} {self.unit}: give 0 or more")

    def array(self, scores: FloatArray, valid: BoolArray, fps: float) -> FloatArray:
        """Smoothed (F,) scores of one whole video; NaN where not `valid`."""
        taps = self.taps(fps)
        given = np.where(valid, scores, 0).astype(np.float64)
        if self.kind == "causal":
            smooth = _past(given, taps) / _weight(_past(valid.astype(np.float64), taps), valid)
        elif len(taps) > 1 and len(given):
            smooth = _around(given, taps) / _weight(_around(valid.astype(np.float64), taps), valid)
        else:
            smooth = given
        return np.where(valid, smooth, np.nan).astype(np.float32)

    def taps(self, fps: float) -> npt.NDArray[np.float64]:
        """Weights of the frame itself and of those 1, 2, ... frames away; just [1] where nothing is smoothed."""
        frames = self.width * fps if self.unit == "seconds" else self.width
        if self.kind == "none" or frames < 0.1:  # the next frame would weigh exp(-50)
            return np.ones(1)
        if self.kind == "average":
            # An even number of frames has no middle: the two at its ends count half.
            return np.clip(frames / 2 + 0.5 - np.arange(math.ceil(frames / 2 + 0.5)), 0, 1)
        return np.exp(-0.5 * (np.arange(math.ceil(CUT * frames) + 1) / frames) ** 2)

    def stream(self, fps: float) -> CausalStream:
        """The same for one video while it runs: equal to `array`, bit for bit.

        Raises:
            SettingsError: a centred mean cannot run live.
        """
        if self.kind in ("gaussian", "average"):
            raise SettingsError(f"{self.kind} smoothing looks ahead: choose causal smoothing for live video")
        return CausalStream(self.taps(fps))


class CausalStream:
    """Smooths one video frame by frame."""

    def __init__(self, taps: npt.NDArray[np.float64]) -> None:
        self._taps = taps
        self._scores = np.zeros(len(taps))  # newest first
        self._valid = np.zeros(len(taps))

    def push(self, score: float, valid: bool = True) -> float:
        """The smoothed score of this frame; NaN where it is not valid."""
        self._scores[1:] = self._scores[:-1].copy()
        self._valid[1:] = self._valid[:-1].copy()
        self._scores[0], self._valid[0] = (np.float32(score), 1.0) if valid else (0.0, 0.0)
        if not valid:
            return math.nan
        # `accumulate` adds strictly from left to right, as the array version does tap by tap.
        total = np.add.accumulate(self._taps * self._scores)[-1]
        return float(np.float32(total / np.add.accumulate(self._taps * self._valid)[-1]))


def _past(values: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = np.zeros_like(values)
    for back, weight in enumerate(taps[: len(values)]):
        total[back:] += weight * values[: len(values) - back]
    return total


def _weight(weight: npt.NDArray[np.float64], valid: BoolArray) -> npt.NDArray[np.float64]:
    # Frames that are not valid may have nobody in reach; their quotient is thrown away, but must not divide by 0.
    return np.where(valid, weight, 1.0)


def _around(values: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    reach = len(taps) - 1
    kernel = np.concatenate([taps[:0:-1], taps])
    return np.convolve(np.pad(values, reach), kernel, mode="valid")
