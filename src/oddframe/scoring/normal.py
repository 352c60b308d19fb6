"""What is kept of held-out normal video: enough for p-values, and for a threshold of any rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError, StoreError
from oddframe.scoring.conformal import FrameSample
from oddframe.scoring.event_peaks import EventPeaks
from oddframe.scoring.settings import Scoring
from oddframe.types import Timeline


@dataclass(frozen=True, slots=True)
class NormalScores:
    """What normal video scored that the model had not seen; at most some hundred kB, however long the video was.

    Args:
        frames: the scores of its frames.
        events: the peaks of its events.
    """

    frames: FrameSample
    events: EventPeaks

    @classmethod
    def measure(cls, timelines: Sequence[Timeline], scoring: Scoring, ceiling: float = math.inf) -> Self | None:
        """Of the timelines of normal video, scored as `scoring` says; None where not one frame is scorable.

        `ceiling` is what no score is ever above.
        """
        scores = np.concatenate([np.zeros(0, np.float32), *(one.scores[one.valid] for one in timelines)])
        if not len(scores):
            return None
        frames = FrameSample.draw(scores)
        return cls(frames, EventPeaks.count(timelines, scoring, frames.typical, ceiling))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NormalScores):
            return NotImplemented
        mine, theirs = self.arrays(), other.arrays()
        return all(np.array_equal(mine[name], theirs[name]) for name in mine)

    __hash__ = None  # type: ignore[assignment]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, by name, to be saved."""
        frames, events = self.frames, self.events
        return {
            "level": frames.level,
            "at_least": frames.at_least,
            "more": frames.more,
            "frames": np.array([frames.frames], np.int64),
            "typical": np.array([frames.typical], np.float32),
            "height": events.height,
            "block": events.block,
            "seconds": events.seconds,
            "highest": np.array([events.highest], np.float32),
            "ceiling": np.array([events.ceiling], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The inverse of `arrays`.

        Raises:
            StoreError: some are missing or senseless.
        """
        try:
            count, typical, highest = (arrays[name].item() for name in ("frames", "typical", "highest"))
            ceiling = arrays["ceiling"].item() if "ceiling" in arrays else math.inf  # earlier versions knew of none
            level, at_least, more = (arrays[name] for name in ("level", "at_least", "more"))
            height, block, seconds = (arrays[name] for name in ("height", "block", "seconds"))
            events = EventPeaks(height, block, seconds, highest, ceiling)
            return cls(FrameSample(level, at_least, more, count, typical), events)
        except (KeyError, ValueError, TypeError) as error:
            raise StoreError(f"scores of normal video that make no sense ({error}); calibrate or fit again") from error


def required(normal: NormalScores | None) -> NormalScores:
    """The same, if there is any.

    Raises:
        SettingsError: there is none.
    """
    if normal is None:
        raise SettingsError(
            "no held-out normal video is known: give some that the detector has not learnt from"
            " (oddframe calibrate DETECTOR NORMAL_VIDEO), or fit again with a share held out (--holdout 0.2)"
        )
    return normal
