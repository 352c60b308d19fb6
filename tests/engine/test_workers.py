"""Videos observed side by side give what one process gives, and nothing that goes wrong there goes unheard."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from oddframe.cache.cache import ObservationCache
from oddframe.engine.detector import Detector
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.errors import SettingsError, VideoError, WorkerDied
from oddframe.observers.base import ObservationStream
from oddframe.observers.sequence import Sequence
from oddframe.testing.scenes import moving_square
from oddframe.types import Frame, Progress, Run, VideoInfo
from oddframe.video import ArrayVideo
from oddframe.video.base import Video
from oddframe.video.health import CameraHealth
from tests.engine.fakes import Blob, Nearest, video, walk

WATCHING = Watching(Sequence(size=16), None, CameraHealth())


class Deadly(Sequence):
    """Takes its process with it, unless that is the one that made it."""

    name = "deadly"

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        os._exit(7)


class Bound(Sequence):
    """Cannot leave its process."""

    name = "bound"

    def __init__(self) -> None:
        super().__init__(size=8)
        self.wire = lambda: None


class Breaking(ArrayVideo):
    """Breaks off after eight frames."""

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            if frame.index == 8:
                raise VideoError("bad: breaks off")
            yield frame


def broken() -> Video:
    return Breaking(np.zeros((12, 48, 64, 3), np.uint8), fps=10, name="bad")


def videos(count: int = 3) -> list[Video]:
    clips = [moving_square(f"clip {n}", seconds=1 + n, speed=10.0 + n) for n in range(count)]
    return [ArrayVideo([frame.image for frame in clip.frames], fps=10, name=clip.info.id) for clip in clips]


def test_several_see_what_one_sees(tmp_path: Path) -> None:
    """Same rows in the same order, to the bit; a video met twice and one that is known already included."""
    told: list[Progress] = []
    given = videos()
    given.append(given[1].named("again"))
    alone = observed(given, WATCHING, ObservationCache(tmp_path / "one"))
    shared = ObservationCache(tmp_path / "two")
    observed(given[2:3], WATCHING, shared)
    together = observed(given, WATCHING, shared, Run(progress=told.append, workers=2))
    rows = np.arange(len(alone))
    assert len(together) == len(alone) > 0
    assert [info.id for info in together.videos()] == [info.id for info in alone.videos()]
    assert torch.equal(together.take(rows)["frames"], alone.take(rows)["frames"])
    assert {p.stage for p in told} == {"observing clip 0", "observing clip 1"}
    assert not multiprocessing.active_children()


def test_an_error_is_told_as_it_is_and_ends_the_others(tmp_path: Path) -> None:
    given = [broken(), *videos(1)]
    with pytest.raises(VideoError, match="bad: breaks off"):
        observed(given, WATCHING, ObservationCache(tmp_path / "cache"), Run(workers=2))
    assert not multiprocessing.active_children()


def test_a_worker_that_ends_without_a_word_is_missed(tmp_path: Path) -> None:
    deadly = Watching(Deadly(size=16), None, CameraHealth())
    with pytest.raises(WorkerDied, match=r"clip \d.*exit code 7.*fewer workers"):
        observed(videos(2), deadly, ObservationCache(tmp_path), Run(workers=2))


def test_what_cannot_travel_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="observer 'bound' cannot be handed to another process"):
        observed(videos(2), Watching(Bound(), None, CameraHealth()), ObservationCache(tmp_path), Run(workers=2))


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="workers: 0: at least 1"):
        Run(workers=0)


def test_videos_are_scored_by_several_as_by_one(tmp_path: Path) -> None:
    """To the bit and in their order; one that breaks off is reported in its turn, and nothing is observed twice."""
    given: list[Video] = [video(f"clip {n}", walk(20 + n)) for n in range(3)]
    detector = Detector(observer=Blob(), model=Nearest())
    detector.fit(given, holdout=0, cache=tmp_path / "fit")
    alone = list(detector.score_each(given, cache=tmp_path / "one"))
    failed: list[str] = []
    told: list[Progress] = []
    several = detector.score_each(
        [given[0], broken(), *given[1:]],
        Run(progress=told.append, workers=2),
        cache=tmp_path / "two",
        failed=lambda one, error: failed.append(f"{one.info.id}: {error}"),
    )
    together = list(several)
    assert [timeline.info.id for timeline in together] == [timeline.info.id for timeline in alone]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
    assert failed == ["bad: bad: breaks off"]
    stages = [progress.stage for progress in told]
    first = next(place for place, stage in enumerate(stages) if stage.startswith("scoring"))
    assert not [stage for stage in stages[first:] if stage.startswith("observing clip")]
    assert not multiprocessing.active_children()
