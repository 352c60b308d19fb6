"""A model that sees pixels says where: in timelines, events, pictures and figures, offline and piece by piece."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import oddframe as odd
from oddframe.bench.regions import regions_of
from oddframe.bench.truth import Truth
from oddframe.draw import annotate_event, canvas
from oddframe.engine.observe import Sieve, Watching, WatchStream
from oddframe.engine.score import judge_video
from oddframe.metrics import TrueRegions
from oddframe.scoring import MapUse, Scoring
from oddframe.types import Scored, Timeline
from tests.draw.cases import of_colour
from tests.engine.glow import HEIGHT, OBSERVER, WIDTH, Box, Glow, glow_video

ODD: dict[int, Box] = {frame: (40 + frame // 2, 20, 56 + frame // 2, 36) for frame in range(25, 45)}
"""A bright square of 16 x 16 pixels that moves slowly."""


def share(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    return both / (sum(float((b[2] - b[0]) * (b[3] - b[1])) for b in (one, other)) - both)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> odd.Detector:
    made = odd.Detector(observer=OBSERVER, model=Glow(), scoring=Scoring(alarm_rate=0.1))
    return made.fit([glow_video(f"n{n}", 60, n) for n in range(5)], cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def timeline(detector: odd.Detector) -> Timeline:
    return detector.score(glow_video("gate", 70, 99, ODD))


def test_the_level_comes_from_held_out_video_and_is_saved(detector: odd.Detector) -> None:
    level = detector.calibration.map_level
    assert level is not None
    assert 0 < level < 0.05
    known = detector.calibration
    assert odd.Calibration.from_json(known.to_json(), known.normal) == known


def test_an_event_has_the_box_of_what_stands_out(timeline: Timeline) -> None:
    (event,) = timeline.events
    assert event.box is not None
    assert share(event.box, ODD[event.peak]) > 0.5


def test_half_the_normal_frames_have_no_region_and_all_odd_ones_have(timeline: Timeline) -> None:
    seen, regions = timeline.scored.observations, timeline.scored.hot_spots
    assert regions is not None
    frames = set(seen.frame[regions.row].tolist())
    assert set(ODD) <= frames
    assert 0.2 < len(frames - set(ODD)) / (70 - len(ODD)) < 0.8
    assert (regions.box >= 0).all()
    assert (regions.box <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()


def test_maps_are_kept_only_when_asked_for(detector: odd.Detector, timeline: Timeline) -> None:
    assert timeline.scored.maps is None
    asked = detector.score(glow_video("gate", 70, 99, ODD), maps=True)
    assert asked.scored.maps is not None
    assert asked.scored.maps.shape == (69, 16, 16)
    assert np.array_equal(asked.scores, timeline.scores)
    assert asked.events == timeline.events


def test_the_planted_region_is_found_by_the_figures_of_place(timeline: Timeline, detector: odd.Detector) -> None:
    info, frames = timeline.info, np.array(list(ODD))
    true = TrueRegions(70, frames, np.array(list(ODD.values()), np.float64), np.zeros(len(frames), np.int64))
    truth = Truth((info,), (np.isin(np.arange(70), frames),), (true,), tracked=True)
    watching = Watching(detector.observer, None, detector.health)
    judged = judge_video(
        glow_video("gate", 70, 99, ODD), watching, detector.model, maps=MapUse(detector.calibration.map_level)
    )
    found = regions_of([judged], truth)
    assert found.rbdc.value is not None
    assert found.rbdc.value > 0.9
    assert found.tbdc.value is not None
    assert found.tbdc.value > 0.9
    blind = regions_of([replace(judged, scored=replace(judged.scored, hot_spots=None))], truth)
    assert blind.rbdc.value is not None
    assert blind.rbdc.value < 0.1  # a box as large as the frame finds nothing


def test_the_region_is_outlined_in_the_picture(timeline: Timeline) -> None:
    (event,) = timeline.events
    frame = glow_video("gate", 70, 99, ODD).frame_at(event.peak)
    picture = annotate_event(frame.image, timeline, event, width=WIDTH)
    rows, columns = np.nonzero(of_colour(picture, canvas.SPOT)[:HEIGHT])
    drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    x0, _, x1, y1 = ODD[event.peak]
    assert x0 - 12 <= drawn[0] <= x0 + 4
    assert x1 - 4 <= drawn[2] <= x1 + 12  # the label may reach over the edge, not far
    assert y1 - 4 <= drawn[3] <= y1 + 6
    assert drawn[3] - drawn[1] < HEIGHT
    assert np.array_equal(picture[:HEIGHT, 0], frame.image[:, 0])  # the frame itself, which was judged, is no box


def test_a_source_of_higher_resolution_has_larger_boxes(detector: odd.Detector, timeline: Timeline) -> None:
    large = detector.score(glow_video("large", 70, 99, ODD, scale=3))
    boxes = [{e.peak: e.box for e in one.events} for one in (timeline, large)]
    assert boxes[0].keys() == boxes[1].keys()
    for peak, box in boxes[0].items():
        np.testing.assert_allclose(np.array(boxes[1][peak]), 3 * np.array(box), atol=1)


def test_frame_by_frame_gives_the_same_regions(detector: odd.Detector, timeline: Timeline) -> None:
    """As a live stream would have it: nothing waits for the video's end."""
    video = glow_video("gate", 70, 99, ODD)
    watching = Watching(detector.observer, None, detector.health, ())
    watched, sieve = WatchStream(watching, video.info), Sieve(detector.observer.window(video.info))
    stream, use = detector.model.open(video.info), MapUse(detector.calibration.map_level)
    pieces = [use.of(stream.push(sieve.push(watched.push(frame))), video.info) for frame in video]
    pieces += [use.of(stream.push(sieve.push(watched.close())), video.info), use.of(stream.close(), video.info)]
    live, offline = Scored.concatenate(pieces).hot_spots, timeline.scored.hot_spots
    assert live is not None
    assert offline is not None
    for name in ("row", "box", "score"):
        assert np.array_equal(getattr(live, name), getattr(offline, name)), name


def test_without_held_out_video_the_level_is_that_of_the_training_video(tmp_path: Path) -> None:
    made = odd.Detector(observer=OBSERVER, model=Glow())
    made.fit([glow_video(f"n{n}", 30, n) for n in range(2)], cache=tmp_path, holdout=0.0)
    assert made.calibration.threshold is None
    assert made.calibration.map_level is not None
