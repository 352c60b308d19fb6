"""The detector: fitting, scoring, calibration and saving hold together, and nothing fails without saying why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from oddframe.engine import Detector, ObservationCache
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.errors import FitError, NotFitted, OddframeWarning, SettingsError, SpecError, StoreError, VideoError
from oddframe.models.source import MemorySource
from oddframe.scoring import Scoring, Smoothing
from oddframe.types import Field, Observations, Progress, Run, Spec, Timeline, VideoInfo
from oddframe.video.array import ArrayVideo
from oddframe.video.mask import Mask
from tests.engine.fakes import Blob, Nearest, in_catalog, video, walk


@pytest.fixture(autouse=True)
def known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    in_catalog(monkeypatch)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservationCache]:
    with ObservationCache(tmp_path_factory.mktemp("cache")) as made:
        yield made


def detector(**changes: object) -> Detector:
    return Detector(observer=Blob(), model=Nearest(), **changes)  # type: ignore[arg-type]


def normal(count: int = 6, frames: int = 120) -> list[ArrayVideo]:
    return [video(f"v{number}", walk(frames, start=7 * number)) for number in range(count)]


def odd() -> ArrayVideo:
    """Normal but for a jump to the bottom of the picture in frames 40 to 59."""
    images = np.stack([frame.image for frame in video("today", walk(100))])
    low = np.stack([frame.image for frame in video("low", walk(100), y=38)])
    images[40:60] = low[40:60]
    return ArrayVideo(images, fps=10, name="today")


def same(one: Timeline, other: Timeline) -> bool:
    return (
        np.array_equal(one.scores, other.scores, equal_nan=True)
        and one.events == other.events
        and one.reasons == other.reasons
        and one.threshold == other.threshold
        and np.array_equal(one.scored.score, other.scored.score)
    )


def test_what_is_odd_becomes_one_event_where_and_when_it_happened(cache: ObservationCache) -> None:
    timeline = detector(scoring=Scoring(smoothing=Smoothing("none"))).fit(normal(), cache=cache).score(odd())
    (event,) = timeline.events
    assert (event.start, event.end, event.start_time, event.end_time) == (40, 60, 4.0, 6.0)
    assert event.box is not None
    assert event.box[1] == 38
    assert timeline.valid.all()


def test_normal_video_alarms_as_rarely_as_was_asked(cache: ObservationCache) -> None:
    noise = np.random.default_rng(0)

    def shaky(name: str) -> ArrayVideo:
        return video(name, [int(x or 0) + int(noise.integers(-2, 3)) for x in walk(100)])

    fitted = detector(scoring=Scoring(alarm_rate=0.05)).fit([shaky(f"n{i}") for i in range(6)], cache=cache)
    threshold = fitted.calibration.threshold
    assert threshold is not None
    scores = np.concatenate([t.scores for t in fitted.score_each([shaky(f"f{i}") for i in range(4)])])
    assert np.mean(scores > threshold) < 0.1


def test_scores_from_the_cache_equal_scores_from_frames(cache: ObservationCache) -> None:
    fitted = detector().fit(normal(), cache=cache)
    clips = [odd(), video("other", walk(50, start=31))]
    source = observed(clips, Watching(fitted.observer, None, fitted.health), cache)
    for direct, kept in zip(fitted.score_each(clips), fitted.score_source(source), strict=True):
        assert same(direct, kept)


def test_fitting_observes_each_video_once(tmp_path: Path) -> None:
    cache = ObservationCache(tmp_path)
    told: list[Progress] = []
    run = Run(progress=told.append)
    first = detector().fit(normal(5, 120), run, cache=cache)
    assert any(p.stage.startswith("observing") for p in told)
    told.clear()
    second = detector().fit(normal(5, 120), run, cache=cache)
    assert not any(p.stage.startswith("observing") for p in told)
    assert same(first.score(odd()), second.score(odd()))


def test_the_same_seed_fits_the_same_and_everything_is_absorbed(cache: ObservationCache) -> None:
    one, two = (detector().fit(normal(10), cache=cache, seed=4) for _ in range(2))
    assert one.calibration == two.calibration
    assert isinstance(one.model, Nearest)
    assert one.model.known is not None
    assert len(one.model.known) == 10 * 116


def test_a_few_videos_are_enough(cache: ObservationCache) -> None:
    fitted = detector().fit(normal(1, frames=600), cache=cache)
    assert fitted.calibration.threshold is not None
    assert fitted.calibration.enough
    assert fitted.calibration.normal_frames == 120 - 4 + 3  # the last fifth, less the windows that cross into it


def test_little_video_gives_the_highest_score_as_threshold_and_says_so(cache: ObservationCache) -> None:
    with pytest.warns(OddframeWarning, match="too little for a threshold"):
        fitted = detector().fit(normal(1, frames=60), cache=cache)
    assert fitted.calibration.threshold is not None
    assert not fitted.calibration.enough


def test_too_little_video_to_hold_out_gives_no_threshold_and_says_so(cache: ObservationCache) -> None:
    with pytest.warns(OddframeWarning, match="no threshold"):
        fitted = detector().fit(normal(1, frames=8), cache=cache)
    timeline = fitted.score(odd())
    assert timeline.threshold is None
    assert timeline.events == ()
    assert np.isfinite(timeline.scores).all()


def test_no_hold_out_is_silent_when_it_is_asked_for(cache: ObservationCache) -> None:
    assert detector().fit(normal(), cache=cache, holdout=0).calibration.threshold is None


@pytest.mark.parametrize(
    ("clips", "why"),
    [
        ([video("still", [None] * 20)], "20 frames without anything to observe"),
        ([video("short", walk(3))], "3 frames in video shorter than the 5 frames"),
        ([ArrayVideo(np.zeros((20, 48, 64, 3), np.uint8), fps=10)], r"20 frames not scorable \(dark\)"),
    ],
)
def test_nothing_to_learn_from_says_why(cache: ObservationCache, clips: list[ArrayVideo], why: str) -> None:
    with pytest.raises(FitError, match=why):
        detector().fit(clips, cache=cache)


def test_nothing_works_before_fitting_or_after_a_failed_fit(cache: ObservationCache, tmp_path: Path) -> None:
    made = detector().fit(normal(), cache=cache)
    with pytest.raises(FitError):
        made.fit([video("still", [None] * 20)], cache=cache)
    for unfitted in (detector(), made):
        with pytest.raises(NotFitted):
            unfitted.score(odd())
        with pytest.raises(NotFitted):
            unfitted.score_each([odd()])
        with pytest.raises(NotFitted):
            unfitted.save(tmp_path / "d")
        assert unfitted.info()["fitted"] is None


def test_a_saved_detector_scores_the_same_bit_for_bit(cache: ObservationCache, tmp_path: Path) -> None:
    mask = Mask.from_rectangles([(0, 0, 4, 4)])
    scoring = Scoring(smoothing=Smoothing("causal", 0.3), alarm_rate=0.02)
    fitted = detector(mask=mask, scoring=scoring).fit(normal(1, 400), cache=cache)
    fitted.save(tmp_path / "gate.oddframe")
    loaded = Detector.load(tmp_path / "gate.oddframe")
    assert loaded.info() == fitted.info()
    assert json.loads(json.dumps(loaded.info()))["fitted"]["on"]["frames"] == 400
    assert same(loaded.score(odd()), fitted.score(odd()))
    loaded.save(tmp_path / "gate.oddframe")
    assert same(Detector.load(tmp_path / "gate.oddframe").score(odd()), fitted.score(odd()))


def test_a_camera_that_moved_since_fitting_is_not_scorable(cache: ObservationCache, tmp_path: Path) -> None:
    fitted = detector().fit(normal(), cache=cache)
    fitted.save(tmp_path / "d")
    images = np.stack([frame.image for frame in video("v", walk(60))])
    moved = ArrayVideo(np.ascontiguousarray(np.roll(images.transpose(0, 2, 1, 3), 11, axis=1)[:, :48, :48]), fps=10)
    for one in (fitted, Detector.load(tmp_path / "d")):
        timeline = one.score(moved)
        assert [word for *_, word in timeline.reasons] == ["moved"]
        assert not timeline.valid.any()
        assert timeline.events == ()


def test_a_package_that_is_missing_is_named(cache: ObservationCache, tmp_path: Path) -> None:
    detector().fit(normal(), cache=cache).save(tmp_path / "d")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oddframe.catalog.tables.entry_points", lambda group: [])
        with pytest.raises(StoreError, match=r"d: needs 'blob'.*package"):
            Detector.load(tmp_path / "d")


def test_a_part_that_means_something_else_by_now_is_refused(
    cache: ObservationCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector().fit(normal(), cache=cache).save(tmp_path / "d")
    monkeypatch.setattr(Blob, "version", 2)
    with pytest.raises(StoreError, match=r"version 1.*version 2.*fit it again"):
        Detector.load(tmp_path / "d")


@pytest.mark.parametrize("gone", ["observer", "model", "fitted", "model_meta", "scoring", "health", "mask"])
def test_a_description_with_a_hole_is_a_typed_error(cache: ObservationCache, tmp_path: Path, gone: str) -> None:
    detector().fit(normal(), cache=cache).save(tmp_path / "d")
    path = tmp_path / "d" / "detector.json"
    index = json.loads(path.read_text())
    for damage in ("gone", "odd"):
        document = {key: value for key, value in index["document"].items() if key != gone}
        path.write_text(json.dumps({**index, "document": document | ({} if damage == "gone" else {gone: {"x": 1}})}))
        with pytest.raises(StoreError, match=str(tmp_path / "d")):
            Detector.load(tmp_path / "d")


def track_source(count: int) -> MemorySource:
    """Features from elsewhere: no pixels, no windows."""
    spec = Spec({"place": Field((3,))})
    items = []
    for number in range(count):
        frame = np.arange(0, 100, 2)
        rows = Observations(
            video=f"t{number}",
            frame=frame,
            span=np.stack([frame, frame + 1], axis=1),
            ready=frame,
            box=np.zeros((50, 4), np.float32),
            data={"place": torch.rand(50, 3, generator=torch.Generator().manual_seed(number))},
            through=100,
        )
        items.append((VideoInfo(f"t{number}", 8, 8, Fraction(10), 100 if number else None), rows))
    return MemorySource(spec, items)


def test_observations_made_elsewhere_need_no_pixels() -> None:
    fitted = detector().fit(track_source(6))
    timelines = list(fitted.score_source(track_source(2)))
    assert [t.info.frames for t in timelines] == [100, 100]
    assert all(t.valid.all() for t in timelines)
    with pytest.raises(SpecError, match="blob"):
        fitted.score(odd())
    with pytest.raises(SpecError):
        detector().fit(track_source(6)).score_source(MemorySource(Spec({"other": Field(())}), []))


def test_frames_without_anything_get_the_floor(cache: ObservationCache) -> None:
    scoring = Scoring(smoothing=Smoothing("none"))
    fitted = detector(scoring=scoring).fit(normal(), cache=cache)
    timeline = fitted.score(video("empty", [None] * 30))
    assert set(timeline.scores.tolist()) == {np.float32(fitted.calibration.floor)}
    assert timeline.events == ()


def test_another_way_of_scoring_has_no_threshold(cache: ObservationCache) -> None:
    fitted = detector().fit(normal(), cache=cache)
    timeline = fitted.score(odd(), scoring=Scoring(smoothing=Smoothing("none")))
    assert timeline.threshold is None
    assert timeline.events == ()
    assert timeline.scores.max() > fitted.score(odd()).scores.max()


def test_several_videos_are_not_one(cache: ObservationCache) -> None:
    with pytest.raises(VideoError, match="2 videos"):
        detector().fit(normal(), cache=cache).score(normal(2))


def test_another_frame_rate_is_fine_unless_the_observer_says_no(cache: ObservationCache) -> None:
    fitted = detector().fit(normal(), cache=cache)
    assert fitted.info()["fitted"]["on"]["fps"] == ("10",)  # type: ignore[index, call-overload]
    assert fitted.score(video("fast", walk(100), fps=25)).valid.all()
    with pytest.raises(SettingsError, match="1 fps"):
        fitted.score(video("slow", walk(100), fps=1))


def test_a_stream_of_frames_can_be_fitted_and_leaves_nothing(tmp_path: Path) -> None:
    cache = ObservationCache(tmp_path)
    frames = (frame.image for frame in video("v", walk(120)))
    fitted = detector().fit(ArrayVideo(frames, fps=10, name="live"), cache=cache, holdout=0)
    assert fitted.info()["fitted"]["on"]["frames"] == 120  # type: ignore[index, call-overload]
    cache.close()
    assert not list((cache.folder / "entries").iterdir())


def test_a_model_that_cannot_take_the_observations_says_so_before_observing(cache: ObservationCache) -> None:
    class Other(Blob):
        @property
        def spec(self) -> Spec:
            return Spec({"unknown": Field(())})

    with pytest.raises(SpecError, match="place"):
        Detector(observer=Other(), model=Nearest()).fit(normal(), cache=cache)


def test_names_and_presets_are_checked() -> None:
    assert isinstance(Detector(observer="blob", model="nearest").model, Nearest)
    with pytest.raises(SettingsError, match="no preset"):
        Detector("defualt")
    with pytest.raises(SettingsError, match="no observer"):
        Detector(observer="blobb")


def test_a_timeline_keeps_the_videos_name_and_count(cache: ObservationCache) -> None:
    clip = odd()
    timeline = detector().fit(normal(), cache=cache).score(clip)
    assert timeline.info == replace(clip.info, frames=100)
