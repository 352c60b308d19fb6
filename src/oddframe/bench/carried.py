"""Test videos scored one after the other, the model going on from each to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

from oddframe.bench.fitting import Ready, content
from oddframe.bench.scored import Kept, ScoredFolder
from oddframe.engine.score import judge_with
from oddframe.engine.source import CachedSource
from oddframe.models.base import ScoringStream
from oddframe.models.carrying import Carrying
from oddframe.scoring import MapUse
from oddframe.types import Progress, Run
from oddframe.video import Video


def scored_in_turn(
    ready: Ready, model: Carrying, source: CachedSource, testing: Sequence[Video], *, folder: Path, run: Run
) -> list[Kept]:
    """A split's videos, scored in its order by a model that carries something from each to the next.

    What it carries is not kept. So either all videos are found in the folder, or all are scored again.

    Raises:
        StoreError: the folder cannot be written.
    """
    whole, names = hashlib.sha256(), []
    for video in testing:  # scores depend on all videos before, so all of them name the file
        whole.update(content(video, ready.detector).encode())
        names.append(whole.hexdigest())
    return ScoredFolder(folder, ready.key).all_or_none(names, partial(_each, ready, model, source, run))


def _each(ready: Ready, model: Carrying, source: CachedSource, run: Run) -> Iterator[Kept]:
    previous: ScoringStream | None = None
    infos, use = source.videos(), MapUse(ready.detector.calibration.map_level)
    for number, info in enumerate(infos):
        run.progress(Progress("scoring in turn", number, len(infos), "videos"))
        began = perf_counter()
        previous = model.open_after(info, previous, Run(device=run.device))
        judged = judge_with(previous, source, info, maps=use)
        yield Kept(judged, perf_counter() - began)
