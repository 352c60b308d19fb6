"""What a detector is given, as a source of observations: videos that it watches, or what was observed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias

from oddframe.engine.cache import ObservationCache
from oddframe.engine.facts import Fitted
from oddframe.engine.fit import observed
from oddframe.engine.observe import Watching
from oddframe.models.source import ObservationSource
from oddframe.types import Run
from oddframe.video.find import Sources, find_videos
from oddframe.video.rates import Rate

CacheLike: TypeAlias = ObservationCache | str | Path | None
"""Where observations are kept; a folder, by default the user's cache folder."""


@contextmanager
def source_of(
    videos: Sources | ObservationSource,
    watching: Watching,
    fitted: Fitted | None,
    run: Run,
    *,
    cache: CacheLike,
    fps: Rate | None,
) -> Iterator[ObservationSource]:
    """The source, while it is needed.

    Raises:
        SpecError: it has not what the detector was fitted on.
        VideoError, SettingsError, StoreError, WorkerDied: as `observed` does.
    """
    if isinstance(videos, ObservationSource):
        if fitted is not None:
            fitted.check_source(videos)
        yield videos
        return
    if fitted is not None:
        fitted.check_observer(watching.observer)
    found = find_videos(videos, fps=fps)
    with nullcontext(cache) if isinstance(cache, ObservationCache) else ObservationCache(cache) as opened:
        yield observed(found, watching, opened, run)
