"""Smoothing of frame scores in time: centred (looks ahead) or causal (never does)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError
from oddframe.types import BoolArray, Configured, FloatArray, IntArray, Times

CUT = 4.0
"""Where a Gaussian ends, in sigmas."""

LEAST = 0.1
"""Frames; under that nothing is smoothed: the next frame would weigh exp(-50)."""

Reals: TypeAlias = npt.NDArray[np.float64]


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

    def array(self, scores: FloatArray, valid: BoolArray, fps: float, times: Times | None = None) -> FloatArray:
        """Smooth the scores of one whole video.

        Where the frame rate changes, weights follow the time between frames, and each frame counts for as long as it
        lasts. Nothing crosses a hole in the recording.

        Args:
            scores: (F,) higher = more anomalous.
            valid: (F,) whether the frame is scorable.
            fps: frames a second; the nominal rate, where there are times.
            times: of the frames; None = evenly, at `fps`.

        Returns:
            (F,) float32; NaN where not `valid`.
        """
        given = np.where(valid, scores, 0).astype(np.float64)
        if times is None or times.is_even:
            smooth = self._evenly(given, valid, fps)
        else:
            parts = [(given[a:b], valid[a:b], times.position[a:b]) for a, b in times.parts()]
            smooth = np.concatenate([self._within(part, fps) for part in parts])
        return np.where(valid, smooth, np.nan).astype(np.float32)

    def _evenly(self, given: Reals, valid: BoolArray, fps: float) -> Reals:
        taps = self.taps(fps)
        if self.kind == "causal":
            return _past(given, taps) / _weight(_past(valid.astype(np.float64), taps), valid)
        if len(taps) > 1 and len(given):
            return _around(given, taps) / _weight(_around(valid.astype(np.float64), taps), valid)
        return given

    def _within(self, part: tuple[Reals, BoolArray, Reals], fps: float) -> Reals:
        """The smoothed scores of one part, whose frames stand at (n,) positions in nominal frames."""
        given, valid, position = part
        frames = self.frames(fps)
        if self.unit == "frames" or self.kind == "none" or frames < LEAST:
            return self._evenly(given, valid, fps)
        around = Around(self.kind, position, frames)
        return around.sum(given) / _weight(around.sum(valid.astype(np.float64)), valid)

    def near(self, frame: int, fps: float, frames: int, times: Times | None = None) -> Iterator[tuple[int, float]]:
        """The frames around one that count for it, and their weights; `frames` is how many there are.

        >>> list(Smoothing("average", 3, "frames").near(1, 25.0, 10))
        [(0, 1.0), (1, 1.0), (2, 1.0)]
        """
        if times is None or times.is_even or self.unit == "frames" or self.kind == "none":
            start, stop = (0, frames) if times is None else times.parts()[times.part[frame]]
            taps = self.taps(fps)
            back, ahead = len(taps) - 1, 0 if self.kind == "causal" else len(taps) - 1
            others = range(max(frame - back, start), min(frame + ahead + 1, stop))
            weights = [float(taps[abs(other - frame)]) for other in others]
        else:
            start, stop = times.parts()[times.part[frame]]
            around = Around(self.kind, times.position[start:stop], max(self.frames(fps), LEAST))
            others, weights = range(start, stop), around.of(frame - start).tolist()
        yield from ((other, weight) for other, weight in zip(others, weights, strict=True) if weight > 0)

    def frames(self, fps: float) -> float:
        """The width in frames."""
        return self.width * fps if self.unit == "seconds" else self.width

    def taps(self, fps: float) -> npt.NDArray[np.float64]:
        """Weights of the frame itself and of those 1, 2, ... frames away; just [1] where nothing is smoothed."""
        frames = self.frames(fps)
        if self.kind == "none" or frames < LEAST:
            return np.ones(1)
        if self.kind == "average":
            # An even number of frames has no middle: the two at its ends count half.
            return np.clip(frames / 2 + 0.5 - np.arange(math.ceil(frames / 2 + 0.5)), 0, 1)
        return np.exp(-0.5 * (np.arange(_reach(frames) + 1) / frames) ** 2)

    def stream(self, fps: float) -> CausalStream:
        """The same for one video while it runs: equal to `array`, bit for bit.

        Raises:
            SettingsError: a centred mean cannot run live.
        """
        if self.kind in ("gaussian", "average"):
            raise SettingsError(f"{self.kind} smoothing looks ahead: choose causal smoothing for live video")
        return CausalStream(self, fps)


class CausalStream:
    """Smooths one video frame by frame.

    Args:
        smoothing: "causal" or "none".
        fps: frames a second, nominal.
    """

    def __init__(self, smoothing: Smoothing, fps: float) -> None:
        self._frames = smoothing.frames(fps)
        self._in_frames = smoothing.unit == "frames"
        self._idle = smoothing.kind == "none" or self._frames < LEAST
        self._last = -1.0
        self._past: deque[tuple[float, float, float]] = (
            deque()
        )  # position, lasting, score (NaN: not valid), newest first

    def push(self, score: float, valid: bool = True, position: float | None = None, *, hole: bool = False) -> float:
        """The smoothed score of this frame; NaN where it is not valid.

        Args:
            score: of the frame.
            valid: whether it is scorable.
            position: its time in nominal frames (`Times.position`); None = one after the last.
            hole: whether there is a hole in the recording before it.
        """
        if hole:
            self._past.clear()
        place = self._last + 1 if position is None or (self._in_frames and not hole) else position
        lasting = place - self._last if self._past and not self._in_frames else 1.0
        self._last = place
        self._past.appendleft((place, lasting, float(np.float32(score)) if valid else math.nan))
        while place - self._past[-1][0] > _reach(self._frames):
            self._past.pop()
        if not valid:
            return math.nan
        return score if self._idle else self._mean(place)

    def _mean(self, place: float) -> float:
        columns = np.array(self._past)  # (n, 3)
        weights = _bell(place - columns[:, 0], self._frames) * columns[:, 1]
        valid = np.isfinite(columns[:, 2])
        # `accumulate` adds strictly from left to right, as the array version does frame by frame.
        total = np.add.accumulate(weights * np.where(valid, columns[:, 2], 0.0))[-1]
        return float(np.float32(total / np.add.accumulate(weights * valid)[-1]))


class Around:
    """Weights of the frames around each frame of one part, by the time between them.

    Args:
        kind: "gaussian", "causal" or "average".
        position: (n,) ascending, in nominal frames.
        frames: the width.
    """

    def __init__(self, kind: str, position: Reals, frames: float) -> None:
        self._kind, self._position, self._frames = kind, position, frames
        steps = np.diff(position) if len(position) > 1 else np.ones(1)
        before, after = np.append(steps[:1], steps), np.append(steps, steps[-1:])
        if len(position) < 2:
            before = after = np.ones(len(position))
        if kind == "causal":
            before[:1] = 1.0
        self._lasting = before if kind == "causal" else (before + after) / 2
        self._left, self._right = position - before / 2, position + after / 2

    def sum(self, values: Reals) -> Reals:
        """(n,) the weighted sums of (n,) values."""
        total = np.zeros_like(values)
        for away in range(len(values)):
            here, there = slice(away, None), slice(0, len(values) - away)
            later = self._weights(here, there)
            earlier = self._weights(there, here) if away and self._kind != "causal" else np.zeros_like(later)
            if away and not later.any() and not earlier.any():
                break
            total[here] += later * values[there]
            total[there] += earlier * values[here]
        return total

    def of(self, frame: int) -> Reals:
        """(n,) the weights of all frames for one."""
        weights = self._weights(np.full(len(self._position), frame), slice(None))
        return np.where(np.arange(len(weights)) <= frame, weights, 0.0) if self._kind == "causal" else weights

    def _weights(self, at: slice | IntArray, others: slice) -> Reals:
        """What each of the `others` weighs for the frame at the same place of `at`."""
        place, half = self._position[at], self._frames / 2
        if self._kind == "average":
            inside = np.minimum(self._right[others], place + half) - np.maximum(self._left[others], place - half)
            return np.asarray(np.maximum(inside, 0.0), np.float64)
        distance = np.abs(place - self._position[others])
        return np.asarray(_bell(distance, self._frames) * self._lasting[others], np.float64)


def _bell(distance: Reals, frames: float) -> Reals:
    """A Gaussian of distances, cut off."""
    bell: Reals = np.where(distance <= _reach(frames), np.exp(-0.5 * (distance / frames) ** 2), 0.0)
    return bell


def _reach(frames: float) -> int:
    return math.ceil(CUT * frames)


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
