"""What a detector knows of its own fitting."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Self

import numpy as np

from oddframe.engine.journal import Change, check_rate, staleness
from oddframe.engine.recalled import Knots, RecalledTimes, knots_by_video, knots_from_json
from oddframe.engine.sources import frames_of
from oddframe.errors import SpecError, StaleThreshold, StoreError
from oddframe.files import MALFORMED
from oddframe.models.source import ObservationSource
from oddframe.observers.base import Observer
from oddframe.scoring import Calibration, NormalScores
from oddframe.types import FrozenMapping, Json, Spec, VideoId
from oddframe.version import __version__
from oddframe.video.health import View
from oddframe.video.levels import Levels

MOST_VIEWS = 32


@dataclass(frozen=True, slots=True)
class FittedOn:
    """When, by what and on what a detector was fitted.

    Args:
        when: UTC, ISO 8601.
        oddframe: the version that did it.
        videos: their names.
        frames, seconds: how much video.
        observations: how many of them the model learned from.
        fps: the frame rates, as exact fractions in words ("30000/1001").
        rates: the same, video by video.
    """

    when: str
    oddframe: str
    videos: tuple[str, ...]
    frames: int
    seconds: float
    observations: int
    fps: tuple[str, ...]
    rates: tuple[str, ...] = ()

    @classmethod
    def now(cls, source: ObservationSource) -> Self:
        """Fitted this moment, on this."""
        infos = source.videos()
        frames = {info.id: frames_of(info, source) for info in infos}
        return cls(
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            oddframe=__version__,
            videos=tuple(info.id for info in infos),
            frames=sum(frames.values()),
            seconds=sum(info.between(0, frames[info.id]) for info in infos),
            observations=len(source),
            fps=tuple(sorted({str(info.fps) for info in infos})),
            rates=tuple(str(info.fps) for info in infos),
        )

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `asdict`; what an earlier version did not know may be missing.

        Raises:
            ValueError, TypeError, KeyError: anything else was given.
        """
        lists = {name: tuple(fields.get(name, ())) for name in ("videos", "fps", "rates")}
        made = cls(**{**fields, **lists})
        words = (made.when, made.oddframe, *made.videos, *made.fps, *made.rates)
        numbers = (made.frames, made.seconds, made.observations)
        if not all(isinstance(word, str) for word in words):
            raise TypeError("names, versions and rates that are no text")
        if not all(isinstance(number, int | float) and 0 <= number < math.inf for number in numbers):
            raise ValueError(f"frames, seconds and observations that are no numbers: {numbers}")
        for rate in (*made.fps, *made.rates):
            check_rate(rate)
        return made


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything that fitting found out, but for the model's own state.

    Args:
        on: when, and on what.
        calibration: what its scores mean.
        spec: what the observations looked like.
        views: what the camera saw, as `View.to_json` says it: rounded once, so that a loaded detector judges equally.
        changes: what it was taught and calibrated on since, in the order of time.
        levels: the range by which pictures of more than 8 bits are shown; None where it has seen none.
        knots: times of frames of the videos that it learnt from, where they are not evenly spaced.
    """

    on: FittedOn
    calibration: Calibration
    spec: Spec
    views: tuple[Json, ...] = ()
    changes: tuple[Change, ...] = ()
    levels: Levels | None = None
    knots: Mapping[VideoId, Knots] = field(default_factory=lambda: FrozenMapping({}))

    @property
    def stale(self) -> str | None:
        """Why the threshold is older than what the detector knows; None where it is not."""
        return staleness(self.changes)

    def times(self) -> dict[VideoId, RecalledTimes]:
        """When the frames of all videos were that it learnt from."""
        told = dict(zip(self.on.videos, self.on.rates, strict=False))
        told.update({change.video: change.fps for change in self.changes if change.fps})
        return {video: RecalledTimes(Fraction(rate), self.knots.get(video, ())) for video, rate in told.items()}

    def knowing(self, source: ObservationSource) -> Self:
        """The same, with the times of the videos of a source."""
        return replace(self, knots=FrozenMapping({**self.knots, **knots_by_video(source.videos())}))

    def warn_if_stale(self) -> None:
        """Warn whoever called the caller, where there is a threshold to be stale."""
        if self.stale is not None and self.calibration.threshold is not None:
            warnings.warn(self.stale, StaleThreshold, stacklevel=4)

    def check_observer(self, observer: Observer) -> None:
        """Raise `SpecError` where an observer does not give what was fitted on."""
        if observer.spec != self.spec:
            raise SpecError(
                f"fitted on observations {sorted(self.spec.fields)}, which observer {observer.name!r} does not give:"
                " fit it again, or score a source of such observations"
            )

    def check_source(self, source: ObservationSource) -> None:
        """Raise `SpecError` where a source has not what was fitted on."""
        if source.spec != self.spec:
            raise SpecError(f"fitted on {sorted(self.spec.fields)}, the source has {sorted(source.spec.fields)}")

    def cameras(self) -> tuple[View, ...]:
        """`views` as the camera's health is judged by."""
        values: tuple[Any, ...] = self.views
        return tuple(map(View.from_json, values))

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON values."""
        return {
            "on": asdict(self.on),
            "calibration": self.calibration.to_json(),
            "spec": self.spec.to_json(),
            "views": list(self.views),
            "changes": [change.to_json() for change in self.changes],
            **({} if self.levels is None else {"levels": self.levels.to_json()}),
            **({"times": {video: list(knots) for video, knots in self.knots.items()}} if self.knots else {}),
        }

    def told(self) -> dict[str, Json]:
        """What a user may want to know of it, as JSON values."""
        return {
            **{key: value for key, value in self.to_json().items() if key not in {"views", "times"}},
            "stale": self.stale,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], normal: NormalScores | None = None) -> Self:
        """The inverse of `to_json`; what was held out comes beside it, as it is no JSON.

        Raises:
            StoreError: parts are missing or senseless.
        """
        try:
            changes = tuple(map(Change.from_json, value.get("changes", ())))
            calibration, spec = Calibration.from_json(value["calibration"], normal), Spec.from_json(value["spec"])
            levels = Levels.from_json(value["levels"]) if value.get("levels") else None
            knots = FrozenMapping(knots_from_json(value.get("times", {})))
            on = FittedOn.from_json(value["on"])
            return cls(on, calibration, spec, tuple(value["views"]), changes, levels, knots)
        except MALFORMED as error:
            reason = " ".join(str(error).split())[:200]
            raise StoreError(f"a saved detector's description is damaged ({reason}); fit and save it again") from error


def thinned(views: tuple[Json, ...]) -> tuple[Json, ...]:
    """At most `MOST_VIEWS` of them, evenly drawn."""
    chosen = np.linspace(0, len(views) - 1, min(len(views), MOST_VIEWS)).round().astype(int)
    return tuple(views[number] for number in chosen)
