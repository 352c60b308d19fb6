"""What a model learns in one test video and takes into the next: only where a published protocol has it so."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from oddframe.models.base import ScoringStream
from oddframe.types import Run, VideoInfo


@runtime_checkable
class Carrying(Protocol):
    """A model that can go on, in a video, from where it was at the end of another (paper LGN-Net, "test phase").

    Scores then depend on which videos came before, and in which order. So a detector never does it: only a bench does,
    under protocols that say so, in the order of the split. `open` stays as it is.
    """

    def open_after(self, video: VideoInfo, previous: ScoringStream | None, run: Run = Run()) -> ScoringStream:
        """Start to score a video after another one.

        Args:
            video: the video.
            previous: the closed stream of the video before; None for the first.
            run: where and how to run.

        Raises:
            NotFitted: before `train`.
        """
