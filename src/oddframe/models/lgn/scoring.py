"""Scoring with LGN-Net: how badly a frame is predicted, and how far its queries are from the memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from oddframe.errors import SpecError
from oddframe.index.slots import slots
from oddframe.models.base import ScoringStream
from oddframe.models.lgn.memory import updated
from oddframe.models.lgn.network import Branches, Encoded, LGNNet
from oddframe.models.lgn.training import as_pixels, compactness, squared_error
from oddframe.types import Field, FloatArray, FrozenMapping, Observations, Scored, VideoInfo

LEAST_ERROR = 1e-10
"""Mean squared errors below count as this, 100 dB: a perfect prediction has no finite PSNR."""

_LEAST_DEVIATION = 1e-6


def psnr(error: Tensor) -> Tensor:
    """(N,) peak signal-to-noise ratios in dB of (N, C, S, S) squared errors of pixels in 0 .. 1; higher is more normal.

    >>> float(psnr(torch.full((1, 1, 2, 2), 0.01)))
    20.0
    """
    return -10 * torch.log10(error.flatten(1).mean(dim=1).clamp_min(LEAST_ERROR))


def gate(error: Tensor) -> Tensor:
    """(N,) g of (N, C, S, S) squared errors e of pixels in 0 .. 1; it decides whether a test frame is remembered.

    g = sum (1 - exp(-e)) e / sum (1 - exp(-e)): the mean error, large errors counting more (paper, "test phase").

    >>> round(float(gate(torch.tensor([[[[0.0, 0.5]]]]))), 3)
    0.5
    """
    flat = error.flatten(1)  # (N, C S S)
    weight = -torch.expm1(-flat)  # (N, C S S)
    return (weight * flat).sum(dim=1) / weight.sum(dim=1).clamp_min(torch.finfo(flat.dtype).tiny)


def weights(branches: Branches, psnr_weight: float) -> Mapping[str, float]:
    """What each part counts for in the score; negative where a high value is normal.

    Without the global branch there are no queries, so PSNR is the only part.

    Args:
        branches: of the network.
        psnr_weight: lambda, 0 .. 1.

    >>> dict(weights("both", 0.75))
    {'psnr': -0.75, 'distance': 0.25}
    """
    if branches == "local":
        return FrozenMapping({"psnr": -1.0})
    return FrozenMapping({"psnr": -psnr_weight, "distance": 1 - psnr_weight})


@dataclass(frozen=True, slots=True)
class PartStandard:
    """The parts' means and standard deviations in normal video, by name.

    Raises:
        ValueError: a value that is not finite, or a deviation that is not above 0.
    """

    mean: Mapping[str, float]
    deviation: Mapping[str, float]

    def __post_init__(self) -> None:
        fine = all(map(math.isfinite, [*self.mean.values(), *self.deviation.values()]))
        if self.mean.keys() != self.deviation.keys() or not fine or min(self.deviation.values(), default=1.0) <= 0:
            raise ValueError(f"means and deviations that do not fit: {self.mean}, {self.deviation}")

    @classmethod
    def of(cls, parts: Mapping[str, FloatArray]) -> PartStandard:
        """The standard of normal frames, whose parts are (N,) each."""
        mean = {name: float(part.mean(dtype=np.float64)) for name, part in parts.items()}
        deviation = {name: max(float(part.std(dtype=np.float64)), _LEAST_DEVIATION) for name, part in parts.items()}
        return cls(mean, deviation)

    def fused(self, parts: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
        """(N,) the sum over the parts of weight * (part - mean) / deviation.

        Args:
            parts: name -> (N,).
            weights: name -> what the part counts for.

        >>> standard = PartStandard({"psnr": 30.0}, {"psnr": 2.0})
        >>> standard.fused({"psnr": np.array([26, 28], np.float32)}, {"psnr": -1.0})
        array([2., 1.], dtype=float32)
        """
        terms = [w * ((parts[n].astype(np.float64) - self.mean[n]) / self.deviation[n]) for n, w in weights.items()]
        fused: FloatArray = np.sum(terms, axis=0).astype(np.float32)
        return fused


@dataclass(frozen=True, slots=True, eq=False)
class Watcher:
    """All that scoring needs: a trained network and how to use it.

    Args:
        net: in eval mode, on the device where it is to run.
        field: of the windows, uint8 (T + 1, C, S, S).
        together: windows that the network sees at once.
        grid: cells a side of the error maps.
        standard, weights: see `PartStandard.fused`.
        gamma: a frame whose gate is below is remembered; None = the memory stays as it is.
    """

    net: LGNNet
    field: Field
    together: int
    grid: int
    standard: PartStandard
    weights: Mapping[str, float]
    gamma: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The results for N windows.

    Args:
        parts: name -> (N,).
        maps: (N, grid, grid), the mean squared error on pixels of 0 .. 1.
    """

    parts: Mapping[str, FloatArray]
    maps: FloatArray


class LGNStream(ScoringStream):
    """Scores windows as they come.

    Args:
        video: the video that is scored.
        watcher: network and settings.
        items: (M, D), what the memory holds as the video begins.
    """

    def __init__(self, video: VideoInfo, watcher: Watcher, items: Tensor) -> None:
        self._video, self._watcher, self.items = video, watcher, items
        self._rows = self._through = 0

    def push(self, observations: Observations) -> Scored:
        rows = self._judged(_windows(observations, self._watcher.field))
        self._rows += len(observations)
        self._through = max(self._through, observations.through)
        return self._scored(observations.columns(), rows)

    def close(self) -> Scored:
        nothing = torch.zeros((0, *self._watcher.field.shape), dtype=torch.uint8)
        return self._scored(Observations.none(self._video.id, through=self._through), self._judged(nothing))

    def _scored(self, columns: Observations, rows: Rows) -> Scored:
        fused = self._watcher.standard.fused(rows.parts, self._watcher.weights)
        return Scored(columns, fused, rows.parts, rows.maps)

    @torch.no_grad()
    def _judged(self, windows: Tensor) -> Rows:
        """What is to be said of uint8 windows (N, T + 1, C, S, S)."""
        judge, together = LGNScorer(self._watcher, self.items), self._watcher.together
        for slot in slots(len(windows), self._rows, together):
            batch = torch.zeros((together, *windows.shape[1:]), dtype=torch.uint8)
            batch[slot.places] = windows[slot.rows]
            judge.batch(batch, slot.places)
        self.items = judge.items
        return judge.rows()


class LGNScorer:
    """Runs batches of windows through the network, and collects the results.

    Args:
        watcher: network and settings.
        items: (M, D) of the memory; replaced, never changed, where frames are remembered.
    """

    def __init__(self, watcher: Watcher, items: Tensor) -> None:
        self._watcher, self.items = watcher, items
        self._found: dict[str, list[Tensor]] = {name: [] for name in (*watcher.weights, "maps")}

    def batch(self, windows: Tensor, places: slice) -> None:
        """Score some windows of a batch.

        Args:
            windows: uint8 (together, T + 1, C, S, S).
            places: which of them; the others are padding.
        """
        frames = as_pixels(windows.to(self.items.device))  # (together, T + 1, C, S, S)
        encoded, actual = self._watcher.net.encode(frames[:, :-1]), frames[:, -1]
        if self._watcher.gamma is None:
            self._note(encoded, actual, places)
            return
        for place in range(*places.indices(len(windows))):  # each frame may change what the next one reads
            row = slice(place, place + 1)
            error = self._note(_of(encoded, row), actual[row], slice(0, 1))
            if encoded.queries is not None and float(gate(error)) < self._watcher.gamma:
                self.items = updated(encoded.queries[row].flatten(0, -2), self.items)

    def rows(self) -> Rows:
        """All results so far."""
        grid, found = self._watcher.grid, {}
        for name, parts in self._found.items():
            none = torch.zeros((0, grid, grid) if name == "maps" else 0)
            found[name] = torch.cat([none, *(part.float().cpu() for part in parts)]).numpy()
        maps = found.pop("maps")
        return Rows(found, maps)

    def _note(self, encoded: Encoded, actual: Tensor, places: slice) -> Tensor:
        """Judge (n, C, S, S) frames and keep what is found at `places`; gives their squared errors."""
        predicted = self._watcher.net.predict(encoded, self.items)  # (n, C, S, S)
        error = squared_error(predicted, actual)  # (n, C, S, S)
        side = self._watcher.grid
        maps = functional.adaptive_avg_pool2d(error.mean(dim=1), side)  # (n, grid, grid)
        found = {"psnr": psnr(error), "maps": maps}  # (n,), (n, grid, grid)
        if encoded.queries is not None:
            found["distance"] = compactness(encoded.queries, self.items)  # (n,)
        for name, kept in self._found.items():
            kept.append(found[name][places])
        return error


def _of(encoded: Encoded, row: slice) -> Encoded:
    local = None if encoded.local is None else encoded.local[row]
    return Encoded(local, None if encoded.queries is None else encoded.queries[row])


def _windows(observations: Observations, field: Field) -> Tensor:
    """The windows of observations that are what the model was trained on."""
    windows = observations.data.get("frames")
    if windows is None or windows.dtype != torch.uint8 or tuple(windows.shape[1:]) != field.shape:
        found = "none" if windows is None else f"{windows.dtype} {tuple(windows.shape[1:])}"
        raise SpecError(
            f"{observations.video}: frames should be uint8 {field.shape}, there are {found}; use the observer that the"
            " model was trained with"
        )
    return windows
