"""One video being scored by LGN-Net."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from oddframe.errors import SpecError
from oddframe.index.slots import slots
from oddframe.models.base import ScoringStream
from oddframe.models.lgn.losses import as_pixels, compactness, squared_error
from oddframe.models.lgn.memory import updated
from oddframe.models.lgn.network import Encoded, LGNNet
from oddframe.models.lgn.score import Standard, gate, psnr
from oddframe.types import Field, FloatArray, Observations, Scored, VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Watcher:
    """All that scoring needs: a trained network and how to use it.

    Args:
        net: in eval mode, where it is to run.
        field: of the windows, uint8 (T + 1, C, S, S).
        together: windows that the network sees at once.
        grid: cells a side of the error maps.
        standard, weights: see `Standard.fused`.
        gamma: a frame whose gate is below is remembered; None = the memory stays as it is.
    """

    net: LGNNet
    field: Field
    together: int
    grid: int
    standard: Standard
    weights: Mapping[str, float]
    gamma: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What was found of N windows.

    Args:
        parts: name -> (N,).
        maps: (N, grid, grid), the mean squared error on pixels of 0 .. 1.
    """

    parts: Mapping[str, FloatArray]
    maps: FloatArray


class LGNStream(ScoringStream):
    """Scores windows as they come.

    Args:
        video: whose they are.
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
        judge, together = Judge(self._watcher, self.items), self._watcher.together
        for slot in slots(len(windows), self._rows, together):
            batch = torch.zeros((together, *windows.shape[1:]), dtype=torch.uint8)
            batch[slot.places] = windows[slot.rows]
            judge.batch(batch, slot.places)
        self.items = judge.items
        return judge.rows()


class Judge:
    """Runs batches of windows through the network, and collects what is found.

    Args:
        watcher: network and settings.
        items: (M, D) of the memory; replaced, never changed, where frames are remembered.
    """

    def __init__(self, watcher: Watcher, items: Tensor) -> None:
        self._watcher, self.items = watcher, items
        self._found: dict[str, list[Tensor]] = {name: [] for name in (*watcher.weights, "maps")}

    def batch(self, windows: Tensor, places: slice) -> None:
        """Judge the windows at `places` of uint8 (together, T + 1, C, S, S)."""
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
        """All that was found."""
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
