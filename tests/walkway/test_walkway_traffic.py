"""Who does what on the walkway: normal people behave, events do what they are called, and truth follows from seeds."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError
from oddframe.walkway import KINDS, KINDS_BY_LOOKS, Walkway, benchmark, render, simulate
from oddframe.walkway.actors import Actor
from oddframe.walkway.traffic import PAUSE

SCENE = Walkway(seconds=24)
GOLDEN = [(0, "cyclist", 234, 98), (26, "walker", -383, 405), (27, "walker", -309, 522), (28, "walker", -309, 522)]
GOLDEN_ALONG = [13.0, 5.907216494845362, -1.1855670103092784, -8.278350515463913]
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)


def _longest_stand(actor: Actor) -> float:
    """Seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], actor.speed < 0.5, [False]]).astype(int)))
    return float(np.max(np.diff(edges)[::2], initial=0)) / SCENE.fps


@few
@given(SEEDS)
def test_normal_people_walk_and_do_not_stand_about(seed: int) -> None:
    actors = simulate(SCENE, seed)
    assert actors
    for actor in actors:
        assert actor.kind == "walker"
        assert not actor.odd.any()
        assert actor.speed.max() <= 1.75
        assert np.median(actor.speed) >= 0.85
        assert _longest_stand(actor) <= PAUSE + 0.9  # slowing down and setting off take a little


@few
@given(SEEDS)
def test_events_are_what_they_are_called(seed: int) -> None:
    actors = {actor.kind: actor for actor in simulate(SCENE, seed, KINDS) if actor.odd.any()}
    assert set(actors) == {"cyclist", "runner", "loiterer", "bag"}
    assert 4 <= np.median(actors["cyclist"].speed) <= 6
    assert 3 <= np.median(actors["runner"].speed) <= 4.5
    assert np.ptp(actors["bag"].along) == np.ptp(actors["bag"].across) == 0


@few
@given(SEEDS, st.sampled_from(KINDS_BY_LOOKS))
def test_who_is_odd_by_looks_alone_keeps_the_pace_of_walkers(seed: int, kind: str) -> None:
    odd, *beside = (a for a in simulate(Walkway(seconds=24, people=0), seed, [kind]))
    assert odd.kind == kind
    assert odd.odd.all()
    assert 0.9 <= odd.speed.min() <= odd.speed.max() <= 1.75
    assert len(beside) == 2 * (kind == "escorted cyclist")
    for walker in beside:
        assert not walker.odd.any()
        assert np.hypot(walker.along - odd.along, walker.across - odd.across).max() < 2


def test_the_standard_splits_hold_no_event_that_is_odd_by_its_looks_alone() -> None:
    """Settings are chosen on those."""
    for size in ("quick", "full"):
        assert not {kind for clip in benchmark(size).test for kind in clip.events} & set(KINDS_BY_LOOKS)


@few
@given(SEEDS)
def test_a_loiterer_is_odd_only_once_no_normal_pause_lasts_that_long(seed: int) -> None:
    loiterer = next(a for a in simulate(SCENE, seed, ["runner", "loiterer"]) if a.kind == "loiterer")
    first = int(np.argmax(loiterer.odd))
    lag = round(PAUSE * SCENE.fps)
    stay = slice(first - lag, int(np.flatnonzero(loiterer.odd)[-1]))
    assert np.ptp(loiterer.along[stay]) < 2.5
    assert np.ptp(loiterer.across[stay]) < 2.5
    assert loiterer.speed[first - lag - SCENE.fps] > 1  # still on the way there
    assert loiterer.odd.sum() >= 2 * SCENE.fps


@few
@given(SEEDS)
def test_a_bag_lies_where_and_when_its_owner_lets_go_of_it(seed: int) -> None:
    actors = simulate(SCENE, seed, ["dropped object"])
    bag, owner = (next(a for a in actors if a.kind == kind) for kind in ("bag", "walker"))
    row = int(np.argmin(owner.holding))
    assert owner.first + row == bag.first
    assert np.hypot(owner.along[row] - bag.along[0], owner.across[row] - bag.across[0]) < 0.5
    assert owner.stoop[row] == 1.0
    assert bag.end > owner.end or bag.end >= SCENE.frames  # it stays when the owner has gone


def test_people_walk_around_what_stands_in_the_way() -> None:
    """Nobody walks through a loiterer, or they would look like ghosts."""
    close = []
    for seed in range(12):
        actors = simulate(SCENE, seed, ["runner", "loiterer"])
        loiterer = next(a for a in actors if a.kind == "loiterer")
        for other in (a for a in actors if a.kind == "walker"):
            rows = np.arange(max(loiterer.first, other.first), min(loiterer.end, other.end))
            rows = rows[(rows >= 0) & (rows < SCENE.frames)]
            rows = rows[loiterer.odd[rows - loiterer.first]]
            a, b = rows - loiterer.first, rows - other.first
            gaps = np.hypot(loiterer.along[a] - other.along[b], loiterer.across[a] - other.across[b])
            close.append(float(gaps.min(initial=9)))
    assert min(close) > 0.4


def test_everything_follows_from_the_seed() -> None:
    golden = [(a.track, a.kind, a.first, len(a)) for a in simulate(SCENE, 7, ["cyclist"])[:4]]
    assert golden == GOLDEN
    first = simulate(SCENE, 7, ["cyclist"])[0]
    assert first.along[:: len(first) // 3] == pytest.approx(GOLDEN_ALONG, abs=1e-6)
    assert simulate(SCENE, 8)[0].first != simulate(SCENE, 7)[0].first


def test_an_hour_of_ways_takes_seconds() -> None:
    start = time.process_time()
    actors = simulate(Walkway(seconds=3600), 0)
    assert time.process_time() - start < 10
    assert len(actors) > 1000
    under_way = sum(min(a.end, 90_000) - max(a.first, 0) for a in actors) / 90_000
    assert under_way == pytest.approx(Walkway().people, rel=0.15)


def test_labels_say_whether_an_event_is_in_sight() -> None:
    clip = render(SCENE, 3, ["runner", "dropped object"])
    assert clip.labels.tolist() == [bool(boxes) for boxes in clip.boxes]
    seen = [box for boxes in clip.boxes for box in boxes]
    assert {box.kind for box in seen} == {"runner", "dropped object"}
    for box in seen:
        x0, y0, x1, y1 = box.box
        assert 0 <= x0 < x1 <= SCENE.width
        assert 0 <= y0 < y1 <= SCENE.height
    runner = [box.track for box in seen if box.kind == "runner"]
    assert len(set(runner)) == 1
    assert not render(SCENE, 3).labels.any()


@pytest.mark.parametrize("size", ["quick", "full"])
def test_the_standard_split_is_fair(size: str) -> None:
    split = benchmark(size)
    assert not any(clip.labels.any() for clip in split.fit)
    assert {clip.seed for clip in split.fit}.isdisjoint({clip.seed for clip in split.test})
    assert len({clip.info.id for clip in (*split.fit, *split.test)}) == len(split.fit) + len(split.test)
    staged = [kind for clip in split.test for kind in clip.events]
    assert len({staged.count(kind) for kind in KINDS}) == 1
    for clip in split.test:
        assert {box.kind for boxes in clip.boxes for box in boxes} == set(clip.events)
    assert 0.6 <= 1 - np.concatenate([clip.labels for clip in split.test]).mean() <= 0.7


def test_what_does_not_exist_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingsError, match="choose among cyclist"):
        simulate(SCENE, 0, ["elephant"])
    with pytest.raises(SettingsError, match="choose among quick, full"):
        benchmark("huge")
    for wrong in ({"fps": 0}, {"width": 4}, {"noise": -1.0}, {"seconds": 0.0}):
        with pytest.raises(SettingsError, match="walkway"):
            Walkway(**wrong)


def test_a_scene_is_its_settings() -> None:
    scene = Walkway(people=3, seconds=5)
    assert Walkway(**scene.settings()) == scene  # type: ignore[arg-type]
    assert scene.rate == 25
