"""The journal of a detector: every change since it was fitted, from which follows what it knows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal, Self, TypeAlias, get_args

from oddframe.types import Json, VideoId

Kind: TypeAlias = Literal["taught", "untaught", "absorbed", "forgotten", "calibrated"]
Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a detector was told.

    Args:
        kind: "taught" = these frames are normal; "untaught" = none of those of this video any more; "absorbed" = all of
            this video is normal; "forgotten" = nothing of it any more; "calibrated" = the threshold stands on it.
        video: its name.
        when: UTC, ISO 8601.
        fps: its frame rate, as an exact fraction in words; "" of what was forgotten.
        frames: the first and one past the last; None of what was forgotten.
        box: x0 y0 x1 y1, where only what lies in it was taught.
        observations: how many of them that were.
        calibrated: whether the threshold was learnt after it.
    """

    kind: Kind
    video: VideoId
    when: str
    fps: str = ""
    frames: tuple[int, int] | None = None
    box: Box | None = None
    observations: int = 0
    calibrated: bool = False

    @classmethod
    def now(cls, kind: Kind, video: VideoId, **more: Any) -> Self:
        """A change that is made this moment."""
        return cls(kind, video, datetime.now(UTC).isoformat(timespec="seconds"), **more)

    def to_json(self) -> dict[str, Json]:
        """The fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError, TypeError, KeyError: anything else was given.
        """
        lists: dict[str, Any] = {
            name: None if fields[name] is None else tuple(fields[name]) for name in ("frames", "box")
        }
        made = cls(**{**fields, **lists})
        if made.kind not in get_args(Kind):
            raise ValueError(f"a change of the kind {str(made.kind)[:40]!r}")
        if not all(isinstance(word, str) for word in (made.video, made.when, made.fps)):
            raise TypeError("a change whose video, time or rate is no text")
        if made.fps:
            check_rate(made.fps)
        lengths = [(made.frames, 2), (made.box, 4)]
        whole = all(some is None or len(some) == count for some, count in lengths)
        numbers = [*(made.frames or ()), *(made.box or ()), made.observations]
        if not whole or not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
            raise ValueError("a change of frames or a box that are none")
        return made


def check_rate(words: str) -> None:
    """Raise `ValueError` where these are no frame rate, as "30000/1001" is one."""
    try:
        good = len(words) < 100 and Fraction(words) > 0
    except (ValueError, ZeroDivisionError):
        good = False
    if not good:
        raise ValueError(f"{words[:40]!r} is no frame rate")


def calibrated(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same, with a threshold that was learnt after them."""
    return tuple(replace(change, calibrated=True) for change in changes)


def taught_in(changes: Iterable[Change]) -> dict[VideoId, int]:
    """How many moments of each video are taught by now."""
    found: dict[VideoId, int] = {}
    for change in changes:
        if change.kind == "taught":
            found[change.video] = found.get(change.video, 0) + 1
        elif change.kind in ("untaught", "forgotten"):
            found.pop(change.video, None)
    return found


def normal_in(fitted: Iterable[VideoId], changes: Iterable[Change]) -> set[VideoId]:
    """All videos that count as normal by now."""
    found = set(fitted)
    for change in changes:
        if change.kind == "absorbed":
            found.add(change.video)
        elif change.kind == "forgotten":
            found.discard(change.video)
    return found


def staleness(changes: Sequence[Change]) -> str | None:
    """Why the threshold is not that of the detector as it is; None where it is."""
    since = [change.kind for change in changes if not change.calibrated]
    counts = (("taught", "moment"), ("untaught", "video"), ("absorbed", "video"), ("forgotten", "video"))
    told = [
        f"{since.count(kind)} {what}{'s' if since.count(kind) > 1 else ''} {kind}"
        for kind, what in counts
        if kind in since
    ]
    if not told:
        return None
    effect = "too low" if {"untaught", "forgotten"} & set(since) else "too high, if anything"
    since_then = f"{', '.join(told)} since the threshold was learnt, so it may be {effect}"
    return f"{since_then}; absorb normal video, or calibrate on some, to renew it"
