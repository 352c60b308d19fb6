"""The defaults on real footage, UCSD Ped2, through the command line: fit on normal walkers, find what is odd."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.cli import main
from oddframe.engine import Detector, Sieve, Watching, WatchStream
from oddframe.metrics.frame import auroc
from oddframe.types import Scored
from oddframe.video import open_video

pytestmark = pytest.mark.real_data

CLIP = "02"
"""A clip in which something odd begins halfway through."""


def fit(videos: Path, output: Path) -> Path:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["fit", str(videos), "-o", str(output)])
    return output


@pytest.fixture(scope="session")
def fitted(ped2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector with defaults throughout."""
    return fit(ped2 / "training" / "frames", tmp_path_factory.mktemp("real") / "ped2.oddframe")


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str]) -> Callable[[Path, Path], list[dict[str, Any]]]:
    """What `oddframe score --json` prints; standard error holds the assumed rate, and progress."""

    def run(detector: Path, videos: Path) -> list[dict[str, Any]]:
        capsys.readouterr()
        with pytest.raises(SystemExit, match=r"^0$"):
            main(["score", str(detector), str(videos), "--json"])  # the rate is assumed, which is said
        printed = capsys.readouterr()
        first, *others = printed.err.splitlines()
        assert "the frame rate is not stated, 25 fps assumed" in first
        assert all(line.startswith(("observing", "scoring", "at work")) for line in others)
        return [json.loads(line) for line in printed.out.splitlines()]

    return run


def labels(ped2: Path) -> dict[str, tuple[int, int]]:
    """Clip -> first abnormal frame, and one past the last."""
    with (ped2 / "labels.csv").open() as file:
        rows = csv.DictReader(file)
        return {row["clip"]: (int(row["first_abnormal_frame"]), int(row["end_exclusive"])) for row in rows}


def test_the_defaults_tell_odd_frames_from_normal_ones(
    ped2: Path, fitted: Path, score: Callable[[Path, Path], list[dict[str, Any]]]
) -> None:
    """Micro AUROC: the frames of all clips together, no clip normalised on its own."""
    timelines = score(fitted, ped2 / "testing" / "frames")
    odd = []
    for timeline in timelines:
        start, end = labels(ped2)[timeline["video"]]
        odd.append([start <= frame < end for frame in range(timeline["frames"])])
    assert len(timelines) == 12
    assert sum(map(sum, odd)) == 1648
    assert [timeline["not_scorable"] for timeline in timelines] == [[]] * 12
    scores = np.concatenate([timeline["scores"] for timeline in timelines])
    assert len(scores) == 2010
    assert auroc(scores, np.concatenate(odd)) >= 0.95


def test_frame_by_frame_is_the_same_as_all_at_once(ped2: Path, fitted: Path) -> None:
    detector, clip = Detector.load(fitted), open_video(ped2 / "testing" / "frames" / CLIP)
    watching = Watching(detector.observer, detector.mask, detector.health)
    watch, sieve = WatchStream(watching, clip.info), Sieve(watching.window(clip.info))
    stream = detector.model.open(clip.info)
    pieces = [stream.push(sieve.push(watch.push(frame))) for frame in clip]
    pieces += [stream.push(sieve.push(watch.close())), stream.close()]
    live, whole = Scored.concatenate(pieces), detector.score(clip).scored
    assert len(live) > 500
    np.testing.assert_array_equal(live.observations.frame, whole.observations.frame)
    np.testing.assert_array_equal(live.observations.box, whole.observations.box)
    np.testing.assert_array_equal(live.score, whole.score)


def test_fitting_again_gives_the_same_scores_to_the_bit(
    ped2: Path, fitted: Path, tmp_path: Path, score: Callable[[Path, Path], list[dict[str, Any]]]
) -> None:
    again = fit(ped2 / "training" / "frames", tmp_path / "again.oddframe")
    clip = ped2 / "testing" / "frames" / CLIP
    assert score(again, clip) == score(fitted, clip)
    assert Detector.load(again).calibration == Detector.load(fitted).calibration
