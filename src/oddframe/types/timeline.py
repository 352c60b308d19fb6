"""What comes out at the end: scored observations, a timeline of frames, and events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from oddframe.types.arrays import BoolArray, FloatArray, ImageArray, IntArray, Json, frozen_array
from oddframe.types.frames import VideoId, VideoInfo
from oddframe.types.hot_spots import HotSpots
from oddframe.types.observations import Observations
from oddframe.types.values import FrozenMapping, Value


@dataclass(frozen=True, slots=True, eq=False)
class Scored(Value):
    """Observations with what a model says of each: one row an observation, in the order they went in.

    Args:
        observations: the columns of the scored observations (no data).
        score: (N,) float32, finite; higher = more anomalous.
        parts: named components before fusion, each (N,).
        maps: (N, h, w) how odd each part of the observation's box is, where the model sees pixels and they were asked
            for; a coarse grid, at most 64 x 64; else None.
        hot_spots: what stands out in the maps; None where nobody made any.
    """

    observations: Observations
    score: FloatArray
    parts: Mapping[str, FloatArray] = field(default_factory=dict)
    maps: FloatArray | None = None
    hot_spots: HotSpots | None = None

    def __post_init__(self) -> None:
        n = len(self.observations)
        put = object.__setattr__
        put(self, "score", frozen_array(self.score, np.float32, "score", n))
        if not np.isfinite(self.score).all():
            row = int(np.flatnonzero(~np.isfinite(self.score))[0])
            raise ValueError(f"{self.observations.video}: score of frame {self.observations.frame[row]} is not finite")
        parts = {name: frozen_array(part, np.float32, name, n) for name, part in self.parts.items()}
        put(self, "parts", FrozenMapping(parts))
        if self.maps is not None:
            put(self, "maps", frozen_array(self.maps, np.float32, "maps", n, None, None))

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def concatenate(cls, pieces: Sequence[Scored]) -> Scored:
        """Consecutive pieces of one video as one."""
        filled = [p for p in pieces if len(p)] or list(pieces[:1])
        maps = [p.maps for p in filled if p.maps is not None]
        spots = [p.hot_spots for p in filled if p.hot_spots is not None]
        counts = [len(p) for p in filled]
        return cls(
            observations=Observations.concatenate([p.observations for p in pieces]),
            score=np.concatenate([p.score for p in filled]),
            parts={name: np.concatenate([p.parts[name] for p in filled]) for name in filled[0].parts},
            maps=np.concatenate(maps) if len(maps) == len(filled) else None,
            hot_spots=HotSpots.concatenate(spots, counts) if len(spots) == len(filled) else None,
        )

    def select(self, rows: IntArray) -> Scored:
        """The scored observations at `rows`, which must keep the frame order."""
        return Scored(
            observations=self.observations.select(rows),
            score=self.score[rows],
            parts={name: part[rows] for name, part in self.parts.items()},
            maps=None if self.maps is None else self.maps[rows],
            hot_spots=None if self.hot_spots is None else self.hot_spots.select(rows, len(self)),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """A run of frames over the threshold.

    Args:
        start, end: first and one-past-last frame.
        peak: the frame with the highest score.
        score: the score at the peak.
        box: x0 y0 x1 y1 of the oddest observation at the peak, in source pixels; None if the frame had none.
        start_time, end_time, peak_time: the same frames in seconds.
        id: a name that it keeps however often the video is scored, as long as its peak stays (`event_id`).
        p_value: how often a normal frame scores as high as its peak; None where nobody held out normal video.
    """

    start: int
    end: int
    peak: int
    score: float
    box: tuple[float, float, float, float] | None
    start_time: float
    end_time: float
    peak_time: float
    id: str = ""
    p_value: float | None = None


def event_id(video: VideoId, peak: int) -> str:
    """Twelve hexadecimal digits that name the event of a video by its peak.

    >>> event_id("gate", 1061)
    '5c20b5386a28'
    """
    return blake2b(f"{peak} {video}".encode(errors="surrogateescape"), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Timeline(Value):
    """Per-frame scores of one video.

    Args:
        info: the video, its frames counted.
        scores: (F,) float32, NaN exactly where `valid` is False; higher = more anomalous.
        valid: (F,) whether the frame was scorable. A dark, covered, frozen or moved camera is not.
        reasons: why frames are not scorable, as (first, one past last, word) runs in frame order.
        scored: the scored observations behind the frames.
        threshold: scores above it make events; None where the detector has no calibration.
        events: the runs over the threshold.
        p_values: (F,) float32, how often a normal frame scores as high as this one, NaN where not valid; None where
            nobody held out normal video.
        low: an event that has begun lasts while scores are above it; None where there is no threshold.
    """

    info: VideoInfo
    scores: FloatArray
    valid: BoolArray
    scored: Scored
    reasons: tuple[tuple[int, int, str], ...] = ()
    threshold: float | None = None
    events: tuple[Event, ...] = ()
    p_values: FloatArray | None = None
    low: float | None = None

    def __post_init__(self) -> None:
        frames = self.info.frames
        if frames is None:
            raise ValueError(f"{self.info.id}: a timeline needs a counted video")
        object.__setattr__(self, "scores", frozen_array(self.scores, np.float32, "scores", frames))
        object.__setattr__(self, "valid", frozen_array(self.valid, np.bool_, "valid", frames))
        if not np.array_equal(np.isfinite(self.scores), self.valid):
            raise ValueError(f"{self.info.id}: scores must be finite where valid, and NaN elsewhere")
        if self.p_values is not None:
            object.__setattr__(self, "p_values", frozen_array(self.p_values, np.float32, "p_values", frames))
            if not np.array_equal(np.isfinite(self.p_values), self.valid):
                raise ValueError(f"{self.info.id}: p-values must be finite where valid, and NaN elsewhere")

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """(F,) when each frame is shown, in seconds since the first."""
        return self.info.frame_times().time

    def to_dict(self) -> dict[str, Json]:
        """What is known of each frame and of each event, as JSON values; a frame that is not scorable scores None.

        Scores are those of `scores` to the bit, so that comparing them with the threshold gives the same events.
        """
        return {
            **self.info.to_dict(),
            "scores": [None if np.isnan(value) else value for value in self.scores.tolist()],
            "events": [self.event_to_dict(event) for event in self.events],
            "threshold": self.threshold,
            "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in self.reasons],
        }

    def event_to_dict(self, event: Event) -> dict[str, Json]:
        """An event as JSON values, with dates and times where it is known when the video starts."""
        moments = {name: self.info.moment(getattr(event, f"{name}_time")) for name in ("start", "peak", "end")}
        clocks = {f"{name}_clock": at.isoformat(timespec="milliseconds") for name, at in moments.items() if at}
        return {**asdict(event), **clocks}

    def to_json(self) -> str:
        """The same as one line of JSON text, as `oddframe score --json` prints it."""
        return json.dumps(self.to_dict())

    def plot(self, file: str | Path | None = None) -> ImageArray:
        """Draw the score curve with its threshold and events.

        Args:
            file: where to write the picture; None = nowhere.

        Returns:
            (H, W, 3) uint8 RGB.

        Raises:
            StoreError: the file cannot be written.
        """
        from oddframe.draw.curves import plot_timeline  # noqa: PLC0415  the one arrow up, followed only when asked

        return plot_timeline(self, file)
