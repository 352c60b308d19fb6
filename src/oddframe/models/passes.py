"""Passes over a source that say how far they are."""

from __future__ import annotations

from collections.abc import Iterator

from oddframe.models.source import ObservationSource
from oddframe.types import Progress, Run, VideoInfo


def each_video(source: ObservationSource, run: Run, stage: str) -> Iterator[VideoInfo]:
    """The videos in order, each told to `run.progress` before it comes.

    Args:
        source: whose videos they are.
        run: whom to tell.
        stage: what is done with them, as `Progress` says it.
    """
    videos = source.videos()
    for number, info in enumerate(videos):
        run.progress(Progress(stage, number, len(videos), "videos"))
        yield info
