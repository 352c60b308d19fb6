"""Discovery: fitted on the pile itself, nothing held out; what cannot work says so in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from oddframe import catalog
from oddframe.engine import Detector, ObservationCache
from oddframe.engine.discover import Discovery, discover
from oddframe.errors import EmptyVideo, FitError, OddframeError, SettingsError, VideoError
from oddframe.observers.objects import Objects
from oddframe.testing.scenes import moving_square
from oddframe.types import Run
from oddframe.video import ArrayVideo, Video


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservationCache]:
    with ObservationCache(tmp_path_factory.mktemp("cache")) as made:
        yield made


def clip(name: str, *speeds: float, **how: Any) -> ArrayVideo:
    """A square crosses the scene, at one speed after the other, two seconds each."""
    how = {"seconds": 2, "fps": 10, **how}
    images = [frame.image for speed in speeds for frame in moving_square(speed=speed, **how).frames]
    return ArrayVideo(np.stack(images), fps=how["fps"], name=name)


def knn() -> Detector:
    return Detector("knn", observer=Objects(embedding=0))


def tiny() -> Detector:
    """LBR-SPR that trains in a second."""
    preset = catalog.preset("lbr-spr-small")
    small = {"width": 2, "poolings": 2, "epochs": 2, "batch": 16}
    model = catalog.build("model", preset.model, {**preset.model_settings, **small})
    observer = catalog.build("observer", preset.observer, {**preset.observer_settings, "size": 8})
    return Detector("lbr-spr-small", observer=observer, model=model)


PILE = [clip("a", 18, 18, 18), clip("b", 17, 17, 17), clip("c", 18, 70, 18), clip("d", 19, 19, 19)]


def found_in(pile: list[ArrayVideo], detector: Detector, cache: ObservationCache, **how: Any) -> Discovery:
    return discover(pile, detector, cache=cache, **how)


def test_what_only_one_video_shows_comes_first(cache: ObservationCache) -> None:
    """A one-class model that remembers must not find the fast square in its memory of that very video."""
    found = found_in(PILE, knn(), cache)
    first = found.moments[0]
    assert (first.rank, first.video) == (1, "c")
    assert 2 <= first.event.peak_time <= 4
    assert first.event.score > found.moments[1].event.score
    assert [timeline.info.id for timeline in found.timelines] == ["a", "b", "c", "d"]
    assert all(timeline.threshold is None and not timeline.events for timeline in found.timelines)
    assert found.more == ()


def test_afterwards_the_detector_knows_the_whole_pile(cache: ObservationCache) -> None:
    """What was left out for a moment is back: it scores as one does that was fitted on the pile."""
    detector = knn()
    found_in(PILE, detector, cache)
    plain = knn().fit(PILE, cache=cache, holdout=0)
    for one, other in zip(detector.score_each(PILE), plain.score_each(PILE), strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
    assert detector.fitted_on.videos == ("a", "b", "c", "d")
    assert detector.calibration.threshold is None


def test_the_order_of_the_pile_does_not_matter(cache: ObservationCache) -> None:
    assert found_in(PILE[::-1], knn(), cache).moments == found_in(PILE, knn(), cache).moments


def test_more_video_is_learnt_from_and_not_ranked(cache: ObservationCache) -> None:
    """Namesakes get another name, a video of the pile is not taken twice, and what was odd is so no more."""
    namesake, strange = clip("a", 18, 70, 18), clip("e", 18, 18)
    merged = found_in(PILE, knn(), cache, more=[namesake, strange, PILE[1]])
    assert merged.more == ("more/a", "e")
    assert {moment.video for moment in merged.moments} <= {"a", "b", "c", "d"}
    alone = found_in(PILE, knn(), cache)
    assert merged.observations > alone.observations
    assert merged.timeline("c").scores.max() < 0.5 * alone.timeline("c").scores.max()


def test_one_clip_is_enough_for_a_model_without_supervision(cache: ObservationCache) -> None:
    found = found_in([clip("only", 18, 18, 18)], tiny(), cache, moments=3)
    assert 1 <= len(found.moments) <= 3
    assert {moment.video for moment in found.moments} == {"only"}
    with pytest.raises(FitError, match=r"'knn' compares each video with the others.*any but 'only'; add videos"):
        found_in([clip("only", 18)], knn(), cache)


def test_sizes_and_frame_rates_may_differ(cache: ObservationCache) -> None:
    pile = [clip("a", 18, 18), clip("wide", 40, 40, width=200, height=110, fps=25), clip("slow", 15, 15, fps=8)]
    found = found_in(pile, tiny(), cache)
    assert [timeline.info.frames for timeline in found.timelines] == [40, 100, 32]
    for moment in found.moments:
        info = found.timeline(moment.video).info
        assert moment.event.box is not None
        assert moment.event.box[2] <= info.width
        assert moment.event.box[3] <= info.height
        assert moment.event.peak_time == info.seconds(moment.event.peak)


def test_the_same_again_gives_the_same(cache: ObservationCache) -> None:
    assert found_in(PILE, tiny(), cache).moments == found_in(PILE, tiny(), cache).moments


@pytest.mark.parametrize("workers", [1, 2])
def test_a_video_that_breaks_is_told_and_the_others_go_on(cache: ObservationCache, workers: int) -> None:
    """Before it is opened `find_videos` tells; this is about one that opens, and then has not one frame."""
    told: list[tuple[str, OddframeError]] = []
    empty = Breaking("broken")
    pile = [clip("a", 16, 16), empty, clip("b", 16.5, 16.5), clip("slow", 15, 15, fps=1)]
    with pytest.raises((VideoError, SettingsError)):
        discover(pile, knn(), cache=cache)
    with ObservationCache(cache.folder.parent / f"new {workers}") as fresh:
        found = discover(
            pile,
            knn(),
            Run(workers=workers),
            cache=fresh,
            failed=lambda video, error: told.append((video.info.id, error)),
        )
    assert [timeline.info.id for timeline in found.timelines] == ["a", "b"]
    assert sorted(name for name, _ in told) == ["broken", "slow"]
    with pytest.raises(EmptyVideo, match="no video of the pile can be searched"):
        discover([empty], knn(), cache=cache, failed=lambda video, error: None)


class Breaking(ArrayVideo):
    """Opens, and has nothing to show."""

    def __init__(self, name: str) -> None:
        super().__init__(np.zeros((3, 96, 128, 3), np.uint8), fps=10, name=name)

    def _pass(self) -> Any:
        raise VideoError(f"{self.source}: breaks off; copy it again")


def test_a_pile_in_which_nothing_moves_says_so_and_what_to_try(cache: ObservationCache) -> None:
    still = [clip("still", 0, 0, 0), clip("quiet", 0, 0, 0)]
    for detector in (tiny(), knn()):
        with pytest.raises(FitError) as told:
            found_in(still, detector, cache)
        words = str(told.value)
        assert words.startswith("nothing to learn from in still, quiet: ")
        assert "observer.foreground" in words
        assert "\n" not in words


@pytest.mark.parametrize(("count", "told"), [(6, "at least two cubes"), (4, "shorter than the 6 frames")])
def test_too_little_to_learn_from_says_so(cache: ObservationCache, count: int, told: str) -> None:
    images = [frame.image for frame in moving_square(seconds=2, fps=10, speed=18).first(count).frames]
    with pytest.raises(FitError, match=told):
        found_in([ArrayVideo(np.stack(images), fps=10, name="short")], tiny(), cache)


def test_what_cannot_work_is_refused_before_the_long_work() -> None:
    unread: list[Video] = [Breaking("never read")]
    with pytest.raises(SettingsError, match=r"'cbcg' learns from labels, and a pile has none.*lbr-spr-small"):
        discover(unread, "cbcg")
    with pytest.raises(SettingsError, match="moments 0: ask for at least 1"):
        discover(unread, knn(), moments=0)


def test_a_model_that_is_told_nothing_is_asked_as_it_is(cache: ObservationCache) -> None:
    """LBR-SPR has nothing to forget: its timelines are those that it gives to anybody."""
    torch.manual_seed(0)
    detector = tiny()
    found = found_in(PILE, detector, cache)
    for one, other in zip(found.timelines, detector.score_each(PILE), strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
