"""Scoring uses cached observations: what has been observed in the same way is not observed again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oddframe.engine import Detector, ObservationCache
from oddframe.engine import observed as observed_module
from oddframe.engine.score import judge_video
from oddframe.errors import OddframeWarning, StoreError
from oddframe.report.write import write_report
from oddframe.scoring import MapUse, Scoring
from oddframe.types import ImageArray, Timeline
from oddframe.video.array import ArrayVideo
from tests.engine.fakes import Blob, BlobStream, Nearest, in_catalog, picture, video, walk

WAYS = ("array", "moved")


@pytest.fixture(autouse=True)
def known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    in_catalog(monkeypatch)


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames that observers have been given."""
    frames: list[int] = []
    real = BlobStream.push

    def push(self: BlobStream, frame: object) -> object:
        frames.append(frame.index)  # type: ignore[attr-defined]
        return real(self, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(BlobStream, "push", push)
    return frames


def fitted(cache: Path, scale: float = 1.0) -> Detector:
    normal = [video(f"v{number}", walk(60, start=7 * number)) for number in range(5)]
    return Detector(observer=Blob(), model=Nearest(scale), scoring=Scoring(alarm_rate=0.05)).fit(normal, cache=cache)


def same(one: Timeline, other: Timeline) -> bool:
    return (
        np.array_equal(one.scores, other.scores, equal_nan=True)
        and one.reasons == other.reasons
        and one.events == other.events
        and np.array_equal(one.scored.score, other.scored.score)
        and np.array_equal(one.scored.observations.frame, other.scored.observations.frame)
    )


def directly(detector: Detector, given: ArrayVideo) -> Timeline:
    """What scoring gives in one pass, without a cache."""
    known = detector._known()
    use = MapUse(detector.calibration.map_level)
    return detector._timeline(judge_video(given, detector._watching(known.cameras()), detector.model, maps=use), None)


def place(seed: int) -> ImageArray:
    """A scene of its own, with edges all over."""
    grey = np.random.default_rng(seed).integers(20, 160, (24, 32), np.uint8)
    return np.repeat(np.kron(grey, np.ones((4, 4), np.uint8))[..., None], 3, axis=2)


def filmed(scenes: list[int], name: str) -> ArrayVideo:
    """Two seconds of each scene, with a blob that walks through; scene 0 is darkness."""
    images = []
    for number, scene in enumerate(scenes):
        for x in walk(20, start=5 * number):
            assert x is not None
            image = place(scene) if scene else np.zeros((96, 128, 3), np.uint8)
            image[20:26, x : x + 6] = 255 if scene else 0
            images.append(image)
    return ArrayVideo(images, fps=10, name=name)


def test_another_threshold_and_another_model_observe_nothing_again(tmp_path: Path, pushed: list[int]) -> None:
    one, other = fitted(tmp_path), fitted(tmp_path, scale=2.0)
    given = video("today", walk(80))
    first = one.score(given, cache=tmp_path)
    seen = len(pushed)
    assert seen == 5 * 60 + 80
    one.calibrate(scoring=Scoring(alarm_rate=0.2))
    again = one.score(given, cache=tmp_path)
    assert np.array_equal(again.scores, first.scores, equal_nan=True)
    other.score(given, cache=tmp_path)
    next(other.score_each([given], cache=tmp_path))
    assert len(pushed) == seen


def test_what_was_fitted_on_is_not_observed_again(tmp_path: Path, pushed: list[int]) -> None:
    made = fitted(tmp_path)
    seen = len(pushed)
    made.score(video("v0 under another name", walk(60)), cache=tmp_path)
    assert len(pushed) == seen


def test_cached_scores_are_those_of_one_pass(tmp_path: Path) -> None:
    """To the bit, also where the camera is not well; the views that the detector knows decide about that."""
    made = Detector(observer=Blob(), model=Nearest(), scoring=Scoring(alarm_rate=0.05))
    made.fit([filmed([1] * 4, f"v{number}") for number in range(5)], cache=tmp_path)
    for given in (filmed([1, 1, 2, 2, 1, 0], "turned"), filmed([2, 2, 2], "elsewhere from the start")):
        plain = directly(made, given)
        assert "moved" in {word for _, _, word in plain.reasons}
        assert same(made.score(given, cache=tmp_path), plain)
        assert same(made.score(given, cache=tmp_path), plain)


def test_detectors_that_know_other_views_share_observations_but_not_verdicts(tmp_path: Path, pushed: list[int]) -> None:
    one, other = (Detector(observer=Blob(), model=Nearest()) for _ in range(2))
    one.fit(filmed([1] * 4, "one"), cache=tmp_path, holdout=0)
    other.fit(filmed([2] * 4, "other"), cache=tmp_path, holdout=0)
    given = filmed([2, 2, 2], "today")
    assert not one.score(given, cache=tmp_path).valid.any()
    seen = len(pushed)
    assert other.score(given, cache=tmp_path).valid.all()
    assert len(pushed) == seen


def test_large_observations_are_not_stored_but_used_where_they_are(tmp_path: Path, pushed: list[int]) -> None:
    """Frames for frame prediction would fill a disk."""
    made, given = fitted(tmp_path), video("today", walk(80))
    with ObservationCache(tmp_path / "small", limit=10_000) as small:
        made.score(given, cache=small)
        made.score(given, cache=small)
        assert len(pushed) == 5 * 60 + 2 * 80
        observed_module.observed([given], made._watching(), small)  # as fitting would
        made.score(given, cache=small)
    assert len(pushed) == 5 * 60 + 3 * 80


def test_a_video_that_passes_once_is_scored_without_a_cache(tmp_path: Path) -> None:
    made = fitted(tmp_path)
    images = [picture(x) for x in walk(80)]
    known = made.score(ArrayVideo(images, fps=10, name="today"), cache=tmp_path)
    passing = made.score((image for image in images), fps=10, cache=tmp_path)
    assert np.array_equal(passing.scores, known.scores, equal_nan=True)


def test_a_cache_that_cannot_be_written_costs_no_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, given = fitted(tmp_path / "cache"), video("today", walk(80))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        made.score(given, cache=tmp_path / "file")
    monkeypatch.setenv("ODDFRAME_CACHE", str(tmp_path / "file"))
    with pytest.warns(OddframeWarning, match="scored without a cache"):
        assert same(made.score(given), directly(made, given))


def test_a_report_uses_what_is_cached_and_shows_the_same(tmp_path: Path, pushed: list[int]) -> None:
    made, given = fitted(tmp_path / "cache"), video("today", walk(80))
    pages = []
    for name in ("one", "two"):
        write_report(made, given, tmp_path / name, cache=tmp_path / "cache")
        text = (tmp_path / name / "report.html").read_text("utf-8")
        pages.append(text[text.index('id="data"') :])
    assert len(pushed) == 5 * 60 + 80
    assert pages[0] == pages[1]
    assert '"thumbnails": []' not in pages[0]
