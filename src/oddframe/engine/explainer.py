"""Observations behind the highest scores, stored while a video is scored: explaining needs no second pass."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from oddframe.engine.detector import Detector
from oddframe.engine.explain import Explained, explain_one
from oddframe.models.base import Model, ModelState, ScoringStream
from oddframe.models.explaining import Explaining
from oddframe.models.source import ObservationSource
from oddframe.types import FloatArray, IntArray, Observations, Run, Scored, Spec, Timeline, VideoInfo

ROOM = 64 * 2**20
"""Bytes of observations stored of one video: an hour of an observer that describes things by 1,280 values has more
frames than fit, and those that scored least go."""


@dataclass(slots=True)
class TopObservations:
    """The most anomalous observation of each frame of a video, with its data; of too many, those that scored highest.

    Args:
        room: bytes.
    """

    room: int = ROOM
    _rows: list[Observations] = field(default_factory=list)
    _scores: list[FloatArray] = field(default_factory=list)
    _bytes: int = 0

    def add(self, observations: Observations, scored: Scored) -> None:
        """Add what was pushed to a model and its scores; nothing is stored of a model that answers later."""
        if not len(scored) or not np.array_equal(observations.frame, scored.observations.frame):
            return
        rows = _oddest(observations.frame, scored.score)
        self._put(observations.select(rows), scored.score[rows])
        if self._bytes > self.room:
            self._halve()

    def at(self, frame: int) -> Observations | None:
        """The most anomalous observation that covers a frame; None where none is stored."""
        if not self._rows:
            return None
        self._merge()
        (rows,), (scores,) = self._rows, self._scores
        covers = (rows.span[:, 0] <= frame) & (frame < rows.span[:, 1])
        best = int(np.argmax(np.where(covers, scores, -np.inf)))
        return rows.select(slice(best, best + 1)) if covers[best] else None

    def _put(self, rows: Observations, scores: FloatArray) -> None:
        self._rows.append(rows)
        self._scores.append(scores)
        self._bytes += sum(tensor.nbytes for tensor in rows.data.values())

    def _merge(self) -> None:
        if len(self._rows) > 1:
            self._rows, self._scores = [Observations.concatenate(self._rows)], [np.concatenate(self._scores)]

    def _halve(self) -> None:
        self._merge()
        (rows,), (scores,) = self._rows, self._scores
        high: IntArray = np.sort(np.argsort(scores, kind="stable")[len(scores) // 2 :])
        self._rows, self._scores, self._bytes = [], [], 0
        self._put(rows.select(high), scores[high])


class Keeping(Model):
    """A model that scores as another does, and stores the observations behind its highest scores.

    Args:
        model: the other.
    """

    name = "keeping"

    def __init__(self, model: Model) -> None:
        self.model, self.kept = model, dict[str, TopObservations]()

    def check(self, spec: Spec) -> None:
        self.model.check(spec)

    def train(self, data: ObservationSource, run: Run = Run()) -> Self:
        self.model.train(data, run)
        return self

    def open(self, video: VideoInfo, run: Run = Run()) -> ScoringStream:
        stream = self.model.open(video, run)
        if not isinstance(self.model, Explaining):
            return stream
        return _KeepingStream(stream, self.kept.setdefault(video.id, TopObservations()))

    def state(self) -> ModelState:
        return self.model.state()

    def restore(self, state: ModelState) -> Self:
        self.model.restore(state)
        return self


class _KeepingStream(ScoringStream):
    def __init__(self, stream: ScoringStream, kept: TopObservations) -> None:
        self._stream, self._kept = stream, kept

    def push(self, observations: Observations) -> Scored:
        scored = self._stream.push(observations)
        self._kept.add(observations, scored)
        return scored

    def close(self) -> Scored:
        return self._stream.close()


@dataclass(frozen=True, slots=True)
class Witness:
    """A detector that can say why a moment that it has scored has its score.

    >>> witness = Witness.of(detector)  # doctest: +SKIP
    >>> timeline = witness.detector.score("today.mp4")  # doctest: +SKIP
    >>> witness.explain(timeline, timeline.events[0].peak)  # doctest: +SKIP

    Args:
        detector: scores as the one that it was made of.
        keeping: its model.
    """

    detector: Detector
    keeping: Keeping

    @classmethod
    def of(cls, detector: Detector) -> Self:
        """Made of a detector, which stays as it is."""
        other = copy.copy(detector)
        other.model = keeping = Keeping(detector.model)
        return cls(other, keeping)

    def explain(self, timeline: Timeline, frame: int, nearest: int = 3) -> Explained | None:
        """Explain the most anomalous observation of a frame; None where the model cannot, or nothing is stored."""
        kept, model = self.keeping.kept.get(timeline.info.id), self.keeping.model
        one = None if kept is None else kept.at(frame)
        if one is None or not isinstance(model, Explaining):
            return None
        told = explain_one(model, one, timeline.info, frame, timeline.threshold, nearest=nearest)
        return told.with_times(self.detector._known().times(), nearest)

    def drop(self, timeline: Timeline) -> None:
        """Drop what is stored of this video."""
        self.keeping.kept.pop(timeline.info.id, None)


def _oddest(frame: IntArray, score: FloatArray) -> IntArray:
    """Of the rows of each frame, which are in order, the one with the highest score, the first of equals."""
    order = np.lexsort((np.arange(len(frame)), -score, frame))
    first = np.flatnonzero(np.diff(frame[order], prepend=frame[order[0]] - 1))
    return np.asarray(order[first], np.int64)
