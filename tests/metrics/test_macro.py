"""Macro AUROC is the mean of per-video figures, and its policies for one-class videos do exactly what they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oddframe.errors import DataError, SettingsError
from oddframe.metrics.frame import auroc
from oddframe.metrics.macro import OneClassPolicy, macro_auroc, micro_auroc

POLICIES: list[OneClassPolicy] = ["skip", "flip", "append"]
Video = tuple[list[float], list[bool]]

FRAME = st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.5000001, 1.0]), st.booleans())
VIDEOS = st.lists(st.lists(FRAME, min_size=2, max_size=8), min_size=1, max_size=5)


def counted(scores: list[float], labels: list[bool]) -> float:
    """The share of (anomalous, normal) pairs in the right order, NaN without any."""
    pairs = [(a, b) for a, x in zip(scores, labels, strict=True) for b, y in zip(scores, labels, strict=True) if x > y]
    return sum((a > b) + (a == b) / 2 for a, b in pairs) / len(pairs) if pairs else math.nan


def expected(scores: list[float], labels: list[bool], policy: str) -> float:
    if policy == "append":
        return counted([*scores, 0.0, 1.0], [*labels, False, True])
    if policy == "flip" and len(set(labels)) == 1:
        return counted(scores, [not labels[0], *labels[1:]])
    return counted(scores, labels)


@given(VIDEOS, st.sampled_from(POLICIES))
def test_each_policy_is_what_its_definition_says(
    videos: list[list[tuple[float, bool]]], policy: OneClassPolicy
) -> None:
    scores, labels = [[s for s, _ in v] for v in videos], [[x for _, x in v] for v in videos]
    one_class = tuple(i for i, row in enumerate(labels) if len(set(row)) == 1)
    assume(len(one_class) < len(videos))
    result = macro_auroc(scores, labels, policy=policy)
    each = [expected(s, x, policy) for s, x in zip(scores, labels, strict=True)]
    assert result.videos == pytest.approx(each, abs=1e-12, nan_ok=True)
    assert result.value == pytest.approx(np.nanmean(each), abs=1e-12)
    assert (result.undefined, result.policy) == (one_class, policy)


def test_the_policies_differ_on_one_small_example() -> None:
    """0.75 within the first video; the second is normal throughout, and its first frame scores in the middle."""
    scores, labels = [[0.1, 0.6, 0.4, 0.9], [0.3, 0.2, 0.5]], [[0, 0, 1, 1], [0, 0, 0]]
    assert macro_auroc(scores, labels, policy="skip").value == 0.75
    assert macro_auroc(scores, labels, policy="flip").videos == (0.75, 0.5)
    assert macro_auroc(scores, labels, policy="append").videos == (8 / 9, 1.0)
    assert math.isnan(macro_auroc(scores, labels).videos[1])


@given(VIDEOS)
def test_micro_is_the_figure_of_all_frames_together(videos: list[list[tuple[float, bool]]]) -> None:
    scores, labels = [[s for s, _ in v] for v in videos], [[x for _, x in v] for v in videos]
    assume(len({x for row in labels for x in row}) == 2)
    assert micro_auroc(scores, labels) == auroc(np.concatenate(scores), np.concatenate(labels))


@pytest.mark.parametrize("policy", POLICIES)
def test_the_given_labels_are_left_as_they_are(policy: OneClassPolicy) -> None:
    labels = [np.zeros(3, bool), np.array([True, False])]
    macro_auroc([np.arange(3) / 3, np.array([0.5, 0.1])], labels, policy=policy)
    assert not labels[0].any()
    assert labels[1].tolist() == [True, False]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("scores", "labels", "says"),
    [
        ([[0.1, 0.2], [0.3]], [[0, 0], [1]], "undefined: every video has only one class"),
        ([], [], "one entry a video"),
        ([[0.1, 0.2]], [[0, 1], [0, 1]], "one entry a video"),
        ([[0.1, 0.2], [0.1, np.nan]], [[0, 1], [0, 1]], "video 1: score of frame 1 is NaN: leave"),
        ([[0.1, 0.2], [0.1]], [[0, 1], [0, 1]], "video 1: .* one length"),
        ([[[0.1, 0.2], [0.1]]], [[0, 1]], "video 0: .* one length"),
        ([[0.1, 0.2]], [[0, 3]], "video 0: labels must be 0 or 1"),
    ],
)
def test_what_has_no_answer_gets_none(scores: Any, labels: Any, says: str, policy: OneClassPolicy) -> None:
    with pytest.raises(DataError, match=says):
        macro_auroc(scores, labels, policy=policy)
    if "every video" not in says:
        with pytest.raises(DataError, match=says):
            micro_auroc(scores, labels)


def test_one_class_in_all_videos_together_has_no_micro_figure() -> None:
    with pytest.raises(DataError, match="both normal and anomalous are needed"):
        micro_auroc([[0.1], [0.2]], [[0], [0]])


@pytest.mark.parametrize("score", [1.5, -0.1, np.inf])
def test_appended_frames_must_be_the_extremes(score: float) -> None:
    with pytest.raises(DataError, match=r"video 0: .* rescale"):
        macro_auroc([[0.5, score]], [[0, 1]], policy="append")


def test_one_frame_cannot_be_flipped_to_two_classes() -> None:
    with pytest.raises(DataError, match=r"video 1: undefined: 1 frames are too few .* skip"):
        macro_auroc([[0.1, 0.2], [0.3]], [[0, 1], [1]], policy="flip")


def test_an_unknown_policy_is_refused_by_name() -> None:
    unknown: Any = "drop"
    with pytest.raises(SettingsError, match="'drop': choose one of skip, flip, append"):
        macro_auroc([[0.1, 0.2]], [[0, 1]], policy=unknown)
