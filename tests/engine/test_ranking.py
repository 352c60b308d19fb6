"""The list of moments: peaks, apart from each other, the highest first, whatever the order of the videos."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.engine.discover import Moment, Spacing, ranked, usual_score
from oddframe.errors import SettingsError
from oddframe.types import Observations, Scored, Timeline, VideoInfo

SHORT = Spacing(level=0.5, longest=1.0, apart=0.4)


def timeline(name: str, scores: Sequence[float | None], fps: int = 10, seen: int | None = None) -> Timeline:
    """Frames with these scores, None = not scorable; each, or the first `seen`, with a box that tells its number."""
    values = np.array([np.nan if score is None else score for score in scores], np.float32)
    frames = np.arange(len(scores) if seen is None else seen)
    rows = Observations(
        video=name,
        frame=frames,
        span=np.stack([frames, frames + 1], axis=1),
        ready=frames,
        box=np.stack([frames, frames, frames + 1, frames + 1], axis=1).astype(np.float32),
        data={},
        through=len(scores),
    )
    info = VideoInfo(name, 64, 48, Fraction(fps), len(scores))
    return Timeline(info, values, np.isfinite(values), Scored(rows, np.nan_to_num(values[: len(frames)])))


scores = st.lists(st.one_of(st.none(), st.integers(0, 6).map(float)), min_size=1, max_size=60)
piles = st.lists(st.tuples(scores, st.sampled_from([5, 10, 25])), min_size=1, max_size=4).map(
    lambda pile: [timeline(f"video {n}", *one) for n, one in enumerate(pile)]
)
spacings = st.builds(
    Spacing, level=st.floats(0.1, 0.9), longest=st.floats(0, 3, width=16), apart=st.floats(0, 3, width=16)
)


def tops(moments: tuple[Moment, ...]) -> list[tuple[str, int]]:
    return [(moment.video, moment.event.peak) for moment in moments]


@settings(max_examples=60)
@given(piles, st.integers(1, 12), spacings)
def test_moments_are_sorted_apart_and_inside_their_videos(pile: list[Timeline], count: int, spacing: Spacing) -> None:
    """Peaks fall from rank to rank; stretches lie in scorable frames, share none, and keep their distance."""
    found, usual = ranked(pile, count, spacing), usual_score(pile)
    assert [moment.rank for moment in found] == list(range(1, len(found) + 1))
    assert len(found) <= count
    heights = [moment.event.score for moment in found]
    assert heights == sorted(heights, reverse=True)
    for moment in found:
        event, own = moment.event, next(one for one in pile if one.info.id == moment.video)
        assert 0 <= event.start <= event.peak < event.end <= (own.info.frames or 0)
        inside = own.scores[event.start : event.end]
        assert event.score == own.scores[event.peak] == inside.max() > usual
        assert (inside >= usual + spacing.level * (event.score - usual) - 1e-5).all()
        assert own.info.seconds(event.end - event.start - 1) <= spacing.longest + 2 / float(own.info.fps) + 1e-6
        assert event.box == (event.peak, event.peak, event.peak + 1, event.peak + 1)
    for n, one in enumerate(found):
        for other in found[:n]:
            if one.video == other.video:
                fps = float(next(t for t in pile if t.info.id == one.video).info.fps)
                a, b = other.event, one.event
                assert a.end <= b.start or b.end <= a.start
                gap = max(a.start - b.peak, b.peak - (a.end - 1))
                assert gap / fps >= spacing.apart - 1e-6


@settings(max_examples=60)
@given(piles, st.integers(1, 12), st.randoms())
def test_the_order_of_the_videos_does_not_matter(pile: list[Timeline], count: int, random: object) -> None:
    """Not even where scores tie: names decide then."""
    shuffled = list(pile)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked(shuffled, count, SHORT) == ranked(pile, count, SHORT)


@settings(max_examples=60)
@given(piles, st.integers(1, 6))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(pile: list[Timeline], count: int) -> None:
    assert ranked(pile, count, SHORT) == ranked(pile, count + 3, SHORT)[:count]


def test_one_long_event_is_one_moment_and_a_later_one_another() -> None:
    """A shoulder of the same rise is no peak; the stretch ends half way down to the median of all videos."""
    event = [1.0, 4.0, 8.0, 9.0, 7.0, 8.0, 4.0, 1.0]
    pile = [timeline("a", [*[1.0] * 20, *event, *[1.0] * 20, 6.0, *[1.0] * 5]), timeline("b", [1.0] * 60)]
    first, second = ranked(pile, 20, SHORT)
    assert (first.video, first.event.start, first.event.peak, first.event.end) == ("a", 22, 23, 26)
    assert (first.event.start_time, first.event.peak_time, first.event.end_time) == (2.2, 2.3, 2.6)
    assert (second.event.start, second.event.peak, second.event.end) == (48, 48, 49)


def test_nothing_stands_out_of_what_is_all_the_same() -> None:
    assert ranked([timeline("a", [2.0] * 30), timeline("b", [2.0, None] * 9)], 20) == ()
    assert ranked([timeline("a", [None] * 30)], 20) == ()
    assert ranked([], 20) == ()


def test_where_nothing_is_seen_there_is_no_peak() -> None:
    """Edges have their neighbours' scores and no box: the moment shows the last frame that has one."""
    rising = [float(n) for n in range(10)]
    (moment,) = ranked([timeline("a", rising, seen=7)], 20)
    assert (moment.event.peak, moment.event.box) == (6, (6, 6, 7, 7))
    assert ranked([timeline("a", rising, seen=0)], 20) == ()


@pytest.mark.parametrize("wrong", [{"level": 0.0}, {"level": 1.0}, {"longest": -1.0}, {"apart": float("inf")}])
def test_a_spacing_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="spacing: level lies between 0 and 1"):
        Spacing(**wrong)
