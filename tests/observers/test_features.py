"""Features that others extracted are observations as they are, and fit models like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe import Detector
from oddframe.errors import SettingsError
from oddframe.observers.features import Features
from oddframe.testing.observers import CHECKS, observe
from oddframe.testing.scenes import Clip
from oddframe.video import FeatureVideo, open_video


def clip(file: Path, segments: int, crops: int = 1, size: int = 2, segment: int = 16) -> Clip:
    np.save(file, np.random.default_rng(3).normal(size=(segments, crops, size)).astype(np.float32))
    video = FeatureVideo(file, segment=segment, size=(64, 48))
    return Clip(video.info, tuple(video))


@given(segments=st.integers(1, 4), segment=st.integers(1, 20), crops=st.sampled_from([1, 5, 10]))
def test_there_is_one_observation_a_segment(
    tmp_path_factory: pytest.TempPathFactory, segments: int, segment: int, crops: int
) -> None:
    """About its middle, covering all of it, known with its last frame; features are unchanged."""
    seen = clip(tmp_path_factory.mktemp("features") / "a.npy", segments, crops, segment=segment)
    found = observe(Features(size=2, crops=crops, segment=segment), seen)
    starts = np.arange(segments) * segment
    assert found.span.tolist() == np.stack([starts, starts + segment], 1).tolist()
    assert found.ready.tolist() == (starts + segment - 1).tolist()
    assert found.frame.tolist() == (starts + segment // 2).tolist()
    assert found.box.tolist() == [[0, 0, 64, 48]] * segments
    assert found.through == segments * segment
    given = [frame.feature for frame in seen.frames if frame.feature is not None]
    assert np.array_equal(found.data["feature"].numpy(), np.stack(given))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("observer", [Features(size=3, crops=10, segment=1), Features(size=5, segment=7)])
def test_other_sizes_obey_the_contract_too(observer: Features, check: object) -> None:
    assert callable(check)
    check(observer)


def test_a_recording_with_other_numbers_says_which(tmp_path: Path) -> None:
    seen = clip(tmp_path / "gate.npy", 2, crops=5, size=3)
    with pytest.raises(
        SettingsError,
        match=r"gate: has 5 crops of 3 values where the observer takes 1 of 1024; set its crops=5 and size=3",
    ):
        observe(Features(), seen)
    with pytest.raises(SettingsError, match=r"gate: its segments are not 8 frames long, as frame 7 lacks a feature"):
        observe(Features(size=3, crops=5, segment=8), seen)
    with pytest.raises(SettingsError, match=r"gate: its segments are not 32 frames long, as frame 15 has a feature"):
        observe(Features(size=3, crops=5, segment=32), seen)
    with pytest.raises(SettingsError, match="at least 1"):
        Features(segment=0)


@pytest.mark.parametrize("crops", [1, 5])
def test_a_detector_learns_from_feature_files(tmp_path: Path, crops: int) -> None:
    """Features far from the normal ones score high, in their segment and nowhere else."""
    random = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        np.save(tmp_path / f"{name}.npy", random.normal(size=(40, crops, 8)).astype(np.float32))
    odd = random.normal(size=(10, crops, 8)).astype(np.float32)
    odd[6] += 30
    np.save(tmp_path / "odd.npy", odd)
    detector = Detector("knn", observer=Features(size=8, crops=crops)).fit(
        [str(tmp_path / f"{name}.npy") for name in "abc"]
    )
    timeline = detector.score(tmp_path / "odd.npy")
    assert len(timeline.scores) == 160
    assert timeline.valid.all()
    assert 96 <= int(np.nanargmax(timeline.scores)) < 112
    with pytest.raises(SettingsError, match="looks at pictures, and this recording carries features"):
        Detector("knn").fit(open_video(tmp_path / "a.npy"))
