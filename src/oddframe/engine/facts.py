"""What a detector knows of its own fitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from oddframe import __version__
from oddframe.engine.source import frames_of
from oddframe.errors import StoreError
from oddframe.models.source import ObservationSource
from oddframe.scoring import Calibration
from oddframe.types import Json, Spec


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
    """

    when: str
    oddframe: str
    videos: tuple[str, ...]
    frames: int
    seconds: float
    observations: int
    fps: tuple[str, ...]

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
            seconds=sum(info.seconds(frames[info.id]) for info in infos),
            observations=len(source),
            fps=tuple(sorted({str(info.fps) for info in infos})),
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything that fitting found out, but for the model's own state.

    Args:
        on: when, and on what.
        calibration: what its scores mean.
        spec: what the observations looked like.
        views: what the camera saw, as `View.to_json` says it: rounded once, so that a loaded detector judges equally.
    """

    on: FittedOn
    calibration: Calibration
    spec: Spec
    views: tuple[Json, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON values."""
        return {
            "on": asdict(self.on),
            "calibration": self.calibration.to_json(),
            "spec": self.spec.to_json(),
            "views": list(self.views),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            StoreError: parts are missing or senseless.
        """
        try:
            on = dict(value["on"])
            on["videos"], on["fps"] = tuple(on["videos"]), tuple(on["fps"])
            calibration, spec = Calibration.from_json(value["calibration"]), Spec.from_json(value["spec"])
            return cls(FittedOn(**on), calibration, spec, tuple(value["views"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"a saved detector's description is damaged ({error}); fit and save it again") from error
