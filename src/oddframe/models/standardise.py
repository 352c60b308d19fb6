"""Standardisation: every value of every entry on one scale, then one vector per observation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np
import torch
from torch import Tensor

from oddframe.errors import DataError, FitError, NotFitted, SettingsError, SpecError, StoreError
from oddframe.index.saving import stored_tensor, stored_value
from oddframe.models.base import ModelState
from oddframe.models.context import ContextFit, parabola, terms
from oddframe.models.source import ObservationSource, each_video
from oddframe.types import Field, Observations, Run, Spec

_FAR = 1e15

_CELLS = 1 << 22  # values read at once: 32 MiB as float64


class Standardiser:
    """Subtracts every value's training mean, divides by its training deviation, and weights whole entries.

    Values beyond 1e15 deviations count as that many, so that squares stay finite.

    Where the spec has context entries, such as the place in the picture, the others are first compared with what is
    expected there (see `ContextFit`); the context itself counts only if it has a weight.

    An entry of n values is weighted by 1/sqrt(n) and its own weight, so that entries count alike whatever their
    lengths. Entries lie in the vector in the order of their names.

    Args:
        weights: entry name -> weight >= 0, the spec's where none is given; 0 drops the entry.
        floor: smallest deviation, as a share of the median positive one in its entry, so that a value that hardly
            varied in training does not drown the others. An entry without any variation counts in its own units.
        plain: subtract nothing, expect nothing and divide by nothing: values as they are, times their entry's own
            weight.

    Raises:
        SettingsError: a weight is negative or not finite.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, floor: float = 0.05, plain: bool = False) -> None:
        self._weights, self._floor, self._plain = dict(weights or {}), floor, plain
        if not all(math.isfinite(weight) and weight >= 0 for weight in self._weights.values()):
            raise SettingsError(f"weights are finite and at least 0, not {self._weights}")
        self._spec: Spec | None = None
        self._mean = self._std = torch.zeros(0, dtype=torch.float64)
        self._shift = self._scale = torch.zeros(0)
        self._slopes: Tensor | None = None

    @property
    def spec(self) -> Spec:
        """The spec it was fitted to. Raises `NotFitted` before `fit`."""
        if self._spec is None:
            raise NotFitted("not fitted yet; train on normal video first")
        return self._spec

    def check(self, spec: Spec) -> None:
        """Raise `SpecError` unless all entries are floats, every weight names an entry, and some value is left."""
        strangers = sorted(self._weights.keys() - spec.fields.keys())
        if strangers:
            raise SpecError(f"weights name {', '.join(strangers)}, but the observer gives {', '.join(spec.fields)}")
        odd = sorted(name for name, entry in spec.fields.items() if not entry.dtype.is_floating_point)
        if odd:
            raise SpecError(
                f"entries must be float tensors, but {', '.join(odd)} is not; choose another observer or model"
            )
        if not sum(entries(spec, self._weights).values()):
            raise SpecError("no values are left to compare; give at least one entry a weight above 0")

    def check_fitted(self, spec: Spec) -> None:
        """Do `check`, and once fitted raise `SpecError` unless it is the same spec."""
        self.check(spec)
        if self._spec is not None and spec != self._spec:
            raise SpecError(f"fitted to {_words(self._spec)}, but given {_words(spec)}; fit anew for this observer")

    def fit(self, source: ObservationSource, run: Run = Run()) -> Self:
        """Compute means and deviations in float64, in one pass over the source's chunks; in two where there is context.

        Args:
            source: the training data.
            run: whom to tell of the progress.

        Raises:
            SpecError: see `check`.
            DataError: a value is not finite.
            FitError: the source has no observations.
        """
        self.check(source.spec)
        self._spec = source.spec
        moments = RunningMoments(source.spec.vector_size)
        for rows in self._rows(source, run):
            moments.add(rows)
        if not moments.count:
            raise FitError("no observations in the training videos; check that the observer finds something in them")
        self._mean, self._std, self._slopes = moments.mean, moments.deviation(), None
        if self._bends(source.spec):
            self._bend(source, run)
        self._prepare()
        return self

    def _rows(self, source: ObservationSource, run: Run) -> Iterator[Tensor]:
        """All values, (N, d) float32 a chunk, entries in the order of their names."""
        for info in each_video(source, run, "standardising"):
            for chunk in source.chunks(info.id, chunk_rows(source.spec)):
                if len(chunk):
                    yield torch.cat([part for _, part in sorted(self._parts(chunk).items())], dim=1)

    def _bends(self, spec: Spec) -> bool:
        return not self._plain and bool(context_columns(spec).any())

    def _bend(self, source: ObservationSource, run: Run) -> None:
        """Fit what is to be expected in context; deviations are then what is left."""
        told = context_columns(self.spec)
        fit = ContextFit(self._mean[told], self._std[told], int((~told).sum()))
        for rows in self._rows(source, run):
            fit.add(rows[:, told], rows[:, ~told].double() - self._mean[~told])
        slopes, left = fit.solve()
        self._slopes = torch.zeros((len(slopes), len(told)), dtype=torch.float64)
        self._slopes[:, ~told] = slopes
        self._std[~told] = left

    def apply(self, observations: Observations) -> Tensor:
        """(N, d) float32 vectors of N observations.

        Raises:
            NotFitted: before `fit`.
            SpecError: the data do not have the spec of `fit`.
            DataError: a value is not finite; the message names video and frame.
        """
        sizes = self.sizes()
        if not len(observations):
            return torch.zeros((0, sum(sizes.values())))
        return self._weighted(self._parts(observations))

    def vectors(self, data: Mapping[str, Tensor]) -> Tensor:
        """(N, d) float32 vectors of data that need no check, such as those of the source that `fit` has seen."""
        return self._weighted({name: tensor.flatten(1).float() for name, tensor in data.items()})

    def sizes(self) -> dict[str, int]:
        """How many values of the vector each entry has, by name, in the order in which they lie there."""
        return entries(self.spec, self._weights)

    def state(self) -> ModelState:
        """What was fitted."""
        slopes = {} if self._slopes is None else {"slopes": self._slopes}
        return ModelState({"mean": self._mean, "std": self._std, **slopes}, {"spec": self.spec.to_json()})

    def restore(self, state: ModelState) -> Self:
        """Become the standardiser whose state this is.

        Raises:
            StoreError: the state does not fit the settings.
        """
        try:
            spec = Spec.from_json(stored_value(state.meta, "spec", dict))
            self.check(spec)
        except (SpecError, ValueError) as error:
            raise StoreError(f"the saved state does not fit these settings: {error}") from error
        self._mean = stored_tensor(state.tensors, "mean", torch.float64, spec.vector_size)
        self._std = stored_tensor(state.tensors, "std", torch.float64, spec.vector_size)
        self._slopes = None
        if self._bends(spec):
            size = terms(int(context_columns(spec).sum()))
            self._slopes = stored_tensor(state.tensors, "slopes", torch.float64, size, spec.vector_size)
        self._spec = spec
        self._prepare()
        return self

    def length(self) -> float:
        """The root mean square length of the training data's vectors."""
        mean = (self._mean - self._shift.double()) * self._scale.double()
        return float((mean.square() + (self._std * self._scale.double()).square()).sum().sqrt())

    def _prepare(self) -> None:
        """What to subtract from and multiply each value with, in float32; dropped entries' factors are 0."""
        scales, start = [], 0
        for name in sorted(self.spec.fields):
            end = start + _values(self.spec.fields[name])
            divisor = torch.ones(end - start, dtype=torch.float64) if self._plain else self._divisor(start, end)
            scales.append(self._weights.get(name, self.spec.fields[name].weight) / divisor)
            start = end
        self._shift = torch.zeros(start) if self._plain else self._mean.float()
        self._scale = torch.cat(scales).float()

    def _divisor(self, start: int, end: int) -> Tensor:
        """Deviations with a floor, times the root of their number. Rounding of a constant is no variation."""
        std, mean = self._std[start:end], self._mean[start:end]
        positive = std[std > 1e-7 * mean.abs()]
        least = self._floor * float(positive.median()) if len(positive) else 1.0
        return std.clamp(min=least) * math.sqrt(end - start)

    def _weighted(self, parts: Mapping[str, Tensor]) -> Tensor:
        kept, vectors, start = self.sizes(), [], 0
        expected = self._expected(parts)
        for name in sorted(self.spec.fields):
            end = start + _values(self.spec.fields[name])
            if name in kept:
                shift = self._shift[start:end] if expected is None else expected[:, start:end]
                vectors.append((parts[name] - shift).mul_(self._scale[start:end]))
            start = end
        return torch.cat(vectors, dim=1).clamp_(-_FAR, _FAR)

    def _expected(self, parts: Mapping[str, Tensor]) -> Tensor | None:
        """(N, d) float32, what each value was to be where it was seen; None where nothing says where."""
        if self._slopes is None:
            return None
        told = context_columns(self.spec)
        context = torch.cat([parts[name] for name in sorted(parts)], dim=1)[:, told]
        basis = parabola(context, self._mean[told], self._std[told])
        expected = self._mean.expand(len(basis), -1)
        # Term by term: a matrix product might round a row otherwise when other rows are with it.
        for term, slope in enumerate(self._slopes):
            expected = expected + basis[:, term, None] * slope
        return expected.float()

    def _parts(self, observations: Observations) -> dict[str, Tensor]:
        """Each entry as (N, values) float32, looked over."""
        expected, found = self.spec.fields, observations.data
        if found.keys() != expected.keys():
            raise SpecError(
                f"{observations.video}: fitted to {', '.join(expected)}, given {', '.join(found) or 'no data'}"
            )
        for name, entry in expected.items():
            if tuple(found[name].shape[1:]) != entry.shape or found[name].dtype != entry.dtype:
                given = f"{tuple(found[name].shape[1:])} {found[name].dtype}"
                raise SpecError(f"{observations.video}: {name} is {given}, fitted to {entry.shape} {entry.dtype}")
        parts = {name: tensor.detach().cpu().flatten(1).float() for name, tensor in found.items()}
        for name, part in parts.items():
            if not bool(torch.isfinite(part).all()):
                row = int(np.flatnonzero(~torch.isfinite(part).all(1).numpy())[0])
                raise DataError(f"{observations.video}: {name} of frame {observations.frame[row]} is not finite")
        return parts


def entries(spec: Spec, weights: Mapping[str, float]) -> dict[str, int]:
    """The names and sizes of the entries that count, sorted by name.

    Args:
        spec: all entries.
        weights: entry name -> weight; the spec's own where none is given.

    >>> entries(Spec({"shape": Field((2, 2)), "flow": Field((8,))}), {})
    {'flow': 8, 'shape': 4}
    """
    return {
        name: _values(f) for name, f in sorted(spec.fields.items()) if weights.get(name, f.weight) > 0 and _values(f)
    }


def context_columns(spec: Spec) -> Tensor:
    """(d,) bool: which of all values are context; entries in the order of their names."""
    each = [torch.full((_values(entry),), entry.context) for _, entry in sorted(spec.fields.items())]
    return torch.cat([torch.zeros(0, dtype=torch.bool), *each])


def chunk_rows(spec: Spec) -> int:
    """How many observations to read at once, so that memory stays bounded whatever their size."""
    return max(1, min(4096, _CELLS // max(spec.vector_size, 1)))


def _values(entry: Field) -> int:
    return math.prod(entry.shape)


def _words(spec: Spec) -> str:
    return ", ".join(f"{name} {list(entry.shape)} {_name(entry.dtype)}" for name, entry in spec.fields.items())


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


class RunningMoments:
    """The count, mean and centred sum of squares of rows, in float64, joined chunk by chunk.

    The method is that of Chan, Golub and LeVeque (1983).

    Args:
        size: values in a row.

    >>> moments = RunningMoments(1)
    >>> moments.add(torch.tensor([[1.0], [3.0]]))
    >>> moments.add(torch.tensor([[5.0]]))
    >>> moments.mean.tolist(), moments.deviation().square().tolist()
    ([3.0], [2.66...])
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.mean = torch.zeros(size, dtype=torch.float64)
        self._squares = torch.zeros(size, dtype=torch.float64)

    def add(self, rows: Tensor) -> None:
        """Add (N, size) rows, N >= 1."""
        rows = rows.double()
        mean = rows.mean(0)
        total = self.count + len(rows)
        apart = mean - self.mean
        self._squares += (rows - mean).square().sum(0) + apart.square() * (self.count * len(rows) / total)
        self.mean = self.mean + apart * (len(rows) / total)
        self.count = total

    def deviation(self) -> Tensor:
        """(size,) standard deviations, the rows taken as the whole population."""
        return (self._squares / max(self.count, 1)).sqrt()
