"""Whatever a command does, Python does with one call after `import oddframe as odd` alone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import oddframe as odd
from oddframe.bench import PROTOCOLS
from oddframe.testing.scenes import moving_square
from oddframe.types import ImageArray
from oddframe.video.array import ArrayVideo

ROOMS = ("bench", "catalog", "demo", "draw", "report")


def pictures(speed: float, seconds: float = 6) -> list[ImageArray]:
    return [frame.image for frame in moving_square(speed=speed, seconds=seconds, fps=10).frames]


def film(name: str, speed: float, seconds: float = 6) -> ArrayVideo:
    return ArrayVideo(pictures(speed, seconds), fps=10, name=name)


@pytest.fixture(scope="module")
def detector() -> odd.Detector:
    made = odd.Detector("knn", settings={"observer.embedding": 0, "scoring.alarm_rate": 0.1, "model.k": 3})
    return made.fit([film(f"n{number}", 16 + number) for number in range(5)])


@pytest.fixture(scope="module")
def today() -> ArrayVideo:
    return film("today", 70)


def test_rooms_are_imported_when_they_are_first_used() -> None:
    program = (
        "import sys, oddframe as odd; assert 'oddframe.bench' not in sys.modules;"
        "odd.bench.run_bench, odd.report.write_report, odd.report.write_events, odd.report.write_discovery;"
        "odd.demo.run_demo, odd.draw.plot_timelines, odd.catalog.PRESETS, odd.editing, odd.discover"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert set(ROOMS) <= set(dir(odd))
    assert all(getattr(odd, room).__name__ == f"oddframe.{room}" for room in ROOMS)


def test_the_catalog_lists_every_protocol() -> None:
    assert tuple(PROTOCOLS) == odd.catalog.PROTOCOLS


def test_a_detector_says_on_what_it_was_fitted(detector: odd.Detector) -> None:
    told = repr(detector)
    assert told.startswith("<Detector 'knn': objects + knn, fitted on 5 videos (0.5 minutes) at 20")
    assert told.endswith(f"threshold {detector.calibration.threshold:.4g}>")


def test_a_timeline_has_times_and_becomes_json(detector: odd.Detector, today: ArrayVideo) -> None:
    timeline = detector.score(today)
    np.testing.assert_allclose(timeline.times, np.arange(60) / 10, atol=1e-9)
    told = timeline.to_dict()
    assert json.loads(timeline.to_json()) == json.loads(json.dumps(told))
    np.testing.assert_array_equal(np.array(told["scores"], np.float64), timeline.scores.astype(np.float64))
    assert told["events"]
    assert (told["video"], told["fps"], told["frames"], told["threshold"]) == ("today", 10, 60, timeline.threshold)
    frozen = detector.score(film("still", 0))
    assert frozen.to_dict()["scores"] == [None] * 60
    assert frozen.to_dict()["not_scorable"] == [{"start": 0, "end": 60, "reason": "frozen"}]


def test_a_timeline_draws_itself(detector: odd.Detector, today: ArrayVideo, tmp_path: Path) -> None:
    picture = detector.score(today).plot(tmp_path / "scores.png")
    assert picture.dtype == np.uint8
    written = cv2.imread(str(tmp_path / "scores.png"))
    assert written is not None
    np.testing.assert_array_equal(written[..., ::-1], picture)


def test_events_are_written_by_one_call(detector: odd.Detector, today: ArrayVideo, tmp_path: Path) -> None:
    timelines = odd.report.write_events(detector, [today, film("n", 18)], tmp_path)
    assert [timeline.info.id for timeline in timelines] == ["today", "n"]
    told = json.loads((tmp_path / "events.json").read_text())
    assert [video["video"] for video in told["videos"]] == ["today", "n"]
    rows = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert {row["clip"] for row in rows} <= {path.name for path in tmp_path.glob("*.mp4")}
    assert len(rows) == sum(len(timeline.events) for timeline in timelines) > 0


def test_a_report_is_written_by_one_call(detector: odd.Detector, today: ArrayVideo, tmp_path: Path) -> None:
    normal = [film(f"n{number}", 16 + number) for number in range(5)]
    file = odd.report.write_report(detector, today, tmp_path / "out", normal=normal, title="Gate <1>")
    page = file.read_text("utf-8")
    assert file == tmp_path / "out" / "report.html"
    assert "Gate &lt;1&gt;" in page
    assert "a normal moment of n" in page


def test_a_video_that_fails_is_handed_over_or_raised(detector: odd.Detector, today: ArrayVideo, tmp_path: Path) -> None:
    """By scoring, event files and reports alike."""
    empty = odd.open_video(iter([np.zeros((48, 64, 3), np.uint8)]), fps=10, name="empty")
    next(iter(empty))  # it passes once, and has passed
    for call in (
        lambda failed: list(detector.score_each([empty, today], failed=failed)),
        lambda failed: odd.report.write_events(detector, [empty, today], tmp_path / "events", failed=failed),
        lambda failed: odd.report.write_report(detector, [empty, today], tmp_path / "report", failed=failed),
    ):
        failed: list[str] = []
        call(lambda video, _, failed=failed: failed.append(video.info.id))
        assert failed == ["empty"]
        with pytest.raises(odd.OddframeError):
            call(None)


def test_events_are_explained_in_words(today: ArrayVideo) -> None:
    made = odd.Detector("llsh", settings={"observer.embedding": 0, "scoring.alarm_rate": 0.1, "model.epochs": 1})
    made.fit([film(f"n{number}", 16 + number) for number in range(5)])
    timeline = made.score(today)
    why = made.explain_events(today, timeline)
    assert len(why) == len(timeline.events) > 0
    for event, one in zip(timeline.events, why, strict=True):
        assert one is not None
        assert one.seconds == event.peak_time
        assert one.in_words()[0].startswith("at 0:0")


def test_calibration_takes_a_rate(detector: odd.Detector) -> None:
    before = detector.calibration.threshold
    assert before is not None
    detector.calibrate(alarm_rate=0.5)
    assert detector.scoring.alarm_rate == 0.5
    assert detector.calibration.threshold is not None
    assert detector.calibration.threshold < before
    with pytest.raises(odd.OddframeError, match="give one of them"):
        detector.calibrate(alarm_rate=0.5, false_alarms_per_hour=1)
    detector.calibrate(alarm_rate=0.1)
    assert detector.calibration.threshold == before


def test_a_bench_is_run_by_one_call(tmp_path: Path) -> None:
    settings = {"dataset.size": "quick", "dataset.siz": 3}
    with pytest.raises(odd.OddframeError, match="did you mean 'size'"):
        odd.bench.run_bench("walkway", settings=settings, folder=tmp_path)
    with pytest.raises(odd.OddframeError, match=r"no setting .k.: there are dataset\.NAME, observer\.NAME"):
        odd.bench.run_bench("walkway", settings={"k": 3}, folder=tmp_path)
    with pytest.raises(odd.OddframeError, match="leave out root"):
        odd.bench.run_bench("walkway", root=tmp_path, folder=tmp_path)
    with pytest.raises(odd.OddframeError, match="no dataset 'ped22': did you mean 'ped2'"):
        odd.bench.run_bench("ped22", folder=tmp_path)
