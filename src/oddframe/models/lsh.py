"""Model `lsh`: the distance to the normal observations with similar codes, by random hash functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from oddframe.errors import NotFitted, SettingsError
from oddframe.index.flat import FlatIndex
from oddframe.index.hash_tables import HashTables
from oddframe.index.saving import stored_tensor
from oddframe.index.slots import slots
from oddframe.models.abilities import nearer
from oddframe.models.base import ModelState, Regime, inner, nest
from oddframe.models.crops import EachCrop
from oddframe.models.distance import DistanceModel
from oddframe.models.explaining import Comparison, Explanation, moments
from oddframe.models.multiplications import hashing_cost
from oddframe.models.source import ObservationSource, each_video
from oddframe.models.standardise import Standardiser, chunk_rows
from oddframe.types import FloatArray, IntArray, Observations, Run, VideoId

_BATCH = 64  # rows hashed together, always


class LSH(DistanceModel):
    """Locality-sensitive hashing with random functions (paper LLSH, sections 3.2 and 4.2, "LSH").

    b hash layers turn a vector into b codes of r values in (0, 1); each table stores normal codes under their sign
    bits. Per table, the distance is that to the nearest code in the query's bucket; the score is the smallest over the
    tables, whose distances are the parts "table0", "table1", ... It lies in 0 .. sqrt(r).

    Three things differ from the paper, each a setting:

    - The paper hashes raw features of thousands of values by their directions alone. Standardised values have their
      mean at the origin, where directions say little: twice a normal vector would look normal. So each vector gets one
      more constant value (`lift`), and signs of linear functions then depend on lengths too.
    - Where its bucket is empty, a query goes on to the nearest buckets within `probe` bits; in the paper, an empty
      bucket costs a fixed large value.
    - The paper's mean distance to all codes of a bucket depends on how full of other things the bucket is, more than on
      how near the nearest code is. `summary="all", standardise=False, lift=0, probe=0` is the paper's query.

    Of observations in several crops every crop is indexed, and the score is the mean over them.

    `train` fits the statistics; `absorb` adds codes, and its order does not matter. Taught observations have a shard of
    their own: the distance to the nearest taught observation is the largest over the tables, so that two things must
    look alike in all tables.

    Args:
        tables, bits: b >= 1 and r in 1 .. 63.
        summary: what a bucket's distance is measured to: its "nearest" code, "all" its codes (the paper's), their
            "mean" (light-LLSH), or their "moments"; see `HashTables`.
        probe: bits, >= 0.
        standardise: whether to bring all values and entries to one scale (see `Standardiser`); else they stay as they
            are.
        lift: the constant value, in root mean square lengths of the training vectors; 0 = none.
        weights: entry name -> weight; 0 drops the entry. None = 1 each.
        seed: of the hash functions.

    Raises:
        SettingsError: a value out of range.
    """

    name: ClassVar[str] = "lsh"
    version: ClassVar[int] = 3  # a bucket's nearest code, where nothing else is said
    regime: ClassVar[Regime] = Regime.ONE_CLASS

    def __init__(
        self,
        *,
        tables: int = 8,
        bits: int = 32,
        summary: str = "nearest",
        probe: int = 4,
        standardise: bool = True,
        lift: float = 4.0,
        weights: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        if not 0 <= lift < 1e6:
            raise SettingsError(f"lift is at least 0 and finite, not {lift}")
        self.tables, self.bits, self.summary, self.probe = tables, bits, summary, probe
        self.standardise, self.lift, self.seed = standardise, lift, seed
        self.weights = None if weights is None else dict(weights)
        self._standardiser = self._unfitted()
        self._index, self._taught = self._empty(), self._none_taught()
        self._net: HashNet | None = None

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._net = None
        self._standardiser = self._unfitted().fit(data, run)
        net = self._initial()
        self._learn(net, data, run)
        self._net, self._index, self._taught = net.eval(), self._empty(), self._none_taught()
        return self

    def absorb(self, data: ObservationSource, run: Run = Run()) -> Self:
        data = EachCrop(data)
        self._standardiser.check_fitted(data.spec)
        index = self._empty()
        for info in each_video(data, run, "absorbing"):
            for chunk, codes in self._coded(data, info.id):
                index.add(info.id, chunk.frame, chunk.box, codes)
        self._index.merge(index)
        return self

    def forget(self, video: VideoId) -> Self:
        """Remove what was absorbed from this video; what `train` learned from it stays."""
        self._index.forget(video)
        return self

    def distance_at(self, score: float) -> float:
        """The distance that gives this score: the score itself, which is a distance; see `Explaining`."""
        return score

    def multiplications(self, data: ObservationSource) -> int:
        """How many multiplications scoring takes: d r b (M + N) + r n; see `Counted`.

        With summary "mean" or "moments", 2 r m more. d counts the lift's value too.
        """
        data = EachCrop(data)
        values, stored, taught = self._trained().weight.shape[1], len(self._index), len(self._taught)
        coded = (codes for info in data.videos() for _, codes in self._coded(data, info.id))
        return hashing_cost(
            values=values,
            tables=self.tables,
            bits=self.bits,
            stored=stored,
            queries=len(data),
            compared=sum(int(self._index.compared(codes).sum()) + self.tables * taught * len(codes) for codes in coded),
            averaged=self.tables * stored - self._index.occupied() if self.summary in ("mean", "moments") else 0,
        )

    def state(self) -> ModelState:
        net = ModelState({"weight": self._trained().weight.detach().clone()})
        index, taught = (ModelState(*held.state()) for held in (self._index, self._taught))
        return nest(standardise=self._standardiser.state(), net=net, index=index, taught=taught)

    def restore(self, state: ModelState) -> Self:
        standardise, saved, index, taught = (inner(state, p) for p in ("standardise", "net", "index", "taught"))
        self._net = None
        self._standardiser = self._unfitted().restore(standardise)
        inputs = sum(self._standardiser.sizes().values()) + (self.lift > 0)
        weight = stored_tensor(saved.tensors, "weight", torch.float32, self.tables * self.bits, inputs)
        net = self._initial()
        net.weight = torch.nn.Parameter(weight.clone())
        self._index = self._empty().restore(index.tensors, index.meta)
        self._taught = self._none_taught().restore(taught.tensors, taught.meta)
        self._net = net.eval()
        return self

    def _learn(self, net: HashNet, data: ObservationSource, run: Run) -> None:
        """Random functions stay as they are."""

    def _unfitted(self) -> Standardiser:
        return Standardiser(self.weights, plain=not self.standardise)

    def _empty(self) -> HashTables:
        return HashTables(self.tables, self.bits, self.summary, self.probe)

    def _none_taught(self) -> FlatIndex:
        return FlatIndex({"codes": self.tables * self.bits})

    def _initial(self) -> HashNet:
        size = sum(self._standardiser.sizes().values())
        return HashNet(size, self.tables, self.bits, self.lift * self._standardiser.length(), self.seed)

    def _trained(self) -> HashNet:
        if self._net is None:
            raise NotFitted(f"{self.name} is not fitted; train it on normal video first")
        return self._net

    def _check_comparable(self) -> None:
        if self._net is None or not len(self._index):
            raise NotFitted(f"{self.name} has nothing to compare with; train on normal video and absorb it first")

    def _vectors(self, crops: Observations) -> dict[str, FloatArray]:
        return {"codes": self._codes(crops, 0).reshape(-1, self.tables * self.bits)}

    def _coded(self, data: ObservationSource, video: VideoId) -> Iterator[tuple[Observations, FloatArray]]:
        """One video's observations, and their codes."""
        row = 0
        for chunk in data.chunks(video, chunk_rows(data.spec)):
            yield chunk, self._codes(chunk, row)
            row += len(chunk)

    @torch.no_grad()
    def _codes(self, observations: Observations, start: int) -> FloatArray:
        """(N, b, r) codes of consecutive observations, the first of which is number `start` of its video."""
        net, vectors = self._trained(), self._standardiser.apply(observations)
        codes = np.empty((len(vectors), self.tables, self.bits), np.float32)
        for slot in slots(len(vectors), start, _BATCH):
            batch = torch.zeros((_BATCH, vectors.shape[1]))
            batch[slot.places] = vectors[slot.rows]
            codes[slot.rows] = net(batch)[slot.places].reshape(-1, self.tables, self.bits).numpy()
        return codes

    def _score(self, observations: Observations, start: int) -> tuple[FloatArray, dict[str, FloatArray]]:
        codes = self._codes(observations, start)
        distance = self._index.query(codes).distance
        score, parts = distance.min(axis=1), {f"table{table}": distance[:, table] for table in range(self.tables)}
        if len(self._taught):
            taught = self._from_taught(codes, 1)[0][:, 0]
            score, parts = nearer(score, parts, taught, dict.fromkeys(parts, taught))
        return score, parts

    def _from_taught(self, codes: FloatArray, nearest: int) -> tuple[FloatArray, IntArray]:
        """(N, k) distances of (N, b, r) codes to the nearest taught ones, in the worst table, and these ones' rows."""
        row = self._taught.query("codes", codes.reshape(-1, self.tables * self.bits), nearest).row
        stored = self._taught.vectors("codes")[row].reshape(*row.shape, self.tables, self.bits)  # (N, k, b, r)
        apart: FloatArray = np.linalg.norm(stored - codes[:, None], axis=-1).max(axis=-1)
        return apart, row

    def _explained(self, one: Observations, nearest: int) -> Explanation:
        codes, (score, _) = self._codes(one, 0), self._score(one, 0)
        matches, source = self._index.query(codes), self._index.provenance
        found = [
            Comparison(
                part=f"table{table}",
                distance=float(matches.distance[0, table]),
                codes=met.codes,
                nearest=moments(source, met.row, met.distance),
                bucket=met.key,
                flips=int(matches.flips[0, table]),
            )
            for table, met in enumerate(self._index.met(codes[0], nearest))
        ]
        if len(self._taught):
            distance, row = self._from_taught(codes, nearest)
            near = moments(self._taught.provenance, row[0], distance[0])
            found.append(Comparison("taught", float(distance[0, 0]), len(self._taught), near))
        return Explanation(float(score[0]), float(score[0]), "code distance", tuple(found))


class HashNet(nn.Module):
    """The hash functions as a network: vectors in, b codes of r values out (paper LLSH, section 3.1).

    Layer normalisation without parameters, then b linear layers without bias, then a sigmoid. The layers are stored as
    one: rows j * r to (j + 1) * r of `weight` are layer j, Xavier-uniform on its own.

    Args:
        size: values in a vector.
        tables: b.
        bits: r.
        lift: a constant put beside each vector's values; 0 = none. Signs of linear functions depend on the direction
            from the origin alone; with the constant, directions depend on lengths as well.
        seed: of the initial weights.
    """

    weight: nn.Parameter

    def __init__(self, size: int, tables: int, bits: int, lift: float, seed: int) -> None:
        super().__init__()
        self.lift = lift
        inputs = size + (lift > 0)
        bound = math.sqrt(6 / (inputs + bits))
        uniform = torch.rand((tables * bits, inputs), generator=torch.Generator().manual_seed(seed))
        self.weight = nn.Parameter((2 * uniform - 1) * bound)

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, b * r) codes in (0, 1) of (N, size) vectors."""
        if self.lift > 0:
            vectors = torch.cat([vectors, vectors.new_full((len(vectors), 1), self.lift)], dim=1)
        return torch.sigmoid(functional.layer_norm(vectors, vectors.shape[1:]) @ self.weight.T)
