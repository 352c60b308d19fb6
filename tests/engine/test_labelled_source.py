"""Labels of whole videos: who may learn from what, and what is refused before anything long begins."""

from __future__ import annotations

import numpy as np
import pytest

from oddframe.engine import Detector
from oddframe.engine.holdout import hold_out
from oddframe.engine.sources import check_labels, taught
from oddframe.errors import DataError, FitError, OddframeWarning
from oddframe.models.base import Regime
from oddframe.models.cbcg import CBCG
from oddframe.models.knn import KNN
from oddframe.models.source import MemorySource
from oddframe.testing.sources import FLOW_AND_SHAPE, synthetic_source, synthetic_video
from oddframe.video import ArrayVideo

SOURCE = synthetic_source(videos=6, odd_videos=2)
LABELS = {info.id: info.id.startswith("odd") for info in SOURCE.videos()}
UNLABELLED = synthetic_source(videos=6)


def names(source: MemorySource) -> set[str]:
    return {info.id for info in source.videos()}


def test_one_class_models_get_no_abnormal_video() -> None:
    found = taught(SOURCE, None, Regime.ONE_CLASS)
    assert {info.id for info in found.videos()} == {f"normal{n}" for n in range(6)}
    assert len(found) == sum(len(SOURCE.columns(info.id)) for info in found.videos())


def test_weak_ones_get_all_with_the_given_labels_first() -> None:
    found = taught(SOURCE, {**LABELS, "normal0": True}, Regime.WEAK)
    assert {info.id for info in found.videos()} == names(SOURCE)
    assert found.label("normal0") is True
    assert found.label("odd1") is True
    assert found.label("normal1") is False


def test_without_labels_nothing_changes_for_others() -> None:
    bare = MemorySource(FLOW_AND_SHAPE, [synthetic_video(FLOW_AND_SHAPE, "one", seed=1)])
    assert taught(bare, None, Regime.ONE_CLASS) is bare
    assert taught(SOURCE, None, Regime.UNSUPERVISED) is SOURCE


def test_strangers_among_the_labels_are_named_with_the_nearest_video() -> None:
    with pytest.raises(DataError, match=r"1 labels name no video, as 'normal9'; did you mean 'normal"):
        taught(SOURCE, {**LABELS, "normal9": False}, Regime.WEAK)


def test_two_videos_of_one_name_cannot_be_labelled() -> None:
    with pytest.raises(DataError, match="1 names are there twice, as 'a'"):
        check_labels(["a", "b", "a"], {"a": True, "b": False})


def test_a_video_without_label_is_named() -> None:
    bare = MemorySource(FLOW_AND_SHAPE, [synthetic_video(FLOW_AND_SHAPE, n, seed=1) for n in ("one", "two")])
    with pytest.raises(DataError, match="1 videos have no label, as 'two'"):
        taught(bare, {"one": True}, Regime.WEAK)


@pytest.mark.parametrize(("odd", "kind"), [(False, "normal"), (True, "abnormal")])
def test_one_kind_is_not_enough(odd: bool, kind: str) -> None:
    with pytest.raises(FitError, match=f"all 8 videos are labelled {kind}"):
        taught(SOURCE, dict.fromkeys(LABELS, odd), Regime.WEAK)


def test_nothing_but_abnormal_video_is_not_normal() -> None:
    with pytest.raises(FitError, match="all videos are labelled abnormal"):
        taught(SOURCE, dict.fromkeys(LABELS, True), Regime.ONE_CLASS)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_only_normal_video_is_held_out(share: float) -> None:
    parts = hold_out(taught(SOURCE, LABELS, Regime.WEAK), share, seed=0)
    assert {info.id for info in parts.held.videos()} < {f"normal{n}" for n in range(6)}
    assert {"odd0", "odd1"} < {info.id for info in parts.trained.videos()}
    assert len(parts.trained) + len(parts.held) == len(SOURCE)


def test_few_normal_videos_give_their_ends_and_abnormal_ones_nothing() -> None:
    source = synthetic_source(videos=2, odd_videos=4)
    parts = hold_out(source, 0.25, seed=0)
    assert {info.id for info in parts.held.videos()} == {"normal0", "normal1"}
    assert all(len(parts.trained.columns(f"odd{n}")) == len(source.columns(f"odd{n}")) for n in range(4))


def test_a_detector_learns_from_labels_and_its_threshold_is_that_of_normal_video() -> None:
    quick = CBCG(steps=60, learning_rate=1e-2, width=32, embedding=8, look_back=0)
    with pytest.warns(OddframeWarning, match="only 3 s of normal video were held out"):
        detector = Detector(model=quick).fit(UNLABELLED_AND_ODD, labels=LABELS, holdout=0.3)
    (timeline,) = detector.score_source(
        MemorySource(FLOW_AND_SHAPE, [synthetic_video(FLOW_AND_SHAPE, "new", seed=9, odd=range(25, 35))])
    )
    assert detector.calibration.threshold is not None
    assert np.nanmedian(timeline.scores[27:33]) > detector.calibration.threshold
    assert len(detector.fitted_on.videos) == 8


def test_labels_are_looked_over_before_any_video_is_opened() -> None:
    clip = ArrayVideo(np.zeros((4, 32, 32, 3), np.uint8), name="clip")
    with pytest.raises(DataError, match="as 'clop'; did you mean 'clip'"):
        Detector(model=KNN()).fit([clip], labels={"clop": True})


UNLABELLED_AND_ODD = MemorySource(
    FLOW_AND_SHAPE,
    [
        synthetic_video(FLOW_AND_SHAPE, name, seed=number, odd=range(20, 40) if odd else range(0))
        for number, (name, odd) in enumerate(LABELS.items())
    ],
)
