"""Smoothing: within one video, over scorable frames, and causal where it says so."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from oddframe.errors import SettingsError
from oddframe.scoring import Smoothing
from oddframe.types import BoolArray, FloatArray

scores = st.lists(st.floats(-1e6, 1e6, width=32), max_size=40).map(lambda x: np.array(x, np.float32))
kinds = st.sampled_from(["gaussian", "causal", "average", "none"])


def mask(n: int, seed: int) -> BoolArray:
    return np.random.default_rng(seed).random(n) < 0.7


@given(kinds, st.floats(0, 2), st.integers(-100, 100), st.integers(0, 60), st.integers(0, 9))
def test_a_constant_stays_itself_where_frames_are_scorable(kind: str, s: float, c: int, n: int, seed: int) -> None:
    valid = mask(n, seed)
    smooth = Smoothing(kind, s).array(np.full(n, c, np.float32), valid, fps=10)  # type: ignore[arg-type]
    np.testing.assert_allclose(smooth[valid], c, rtol=1e-6)
    assert np.isnan(smooth[~valid]).all()


@given(scores, st.floats(0, 1), st.sampled_from([5.0, 10.0, 29.97]), st.integers(0, 9))
def test_the_stream_equals_the_array_bit_for_bit(x: FloatArray, s: float, fps: float, seed: int) -> None:
    valid = mask(len(x), seed)
    smoothing = Smoothing("causal", s)
    stream = smoothing.stream(fps)
    live = [stream.push(float(score), bool(ok)) for score, ok in zip(x, valid, strict=True)]
    np.testing.assert_array_equal(np.array(live, np.float32), smoothing.array(x, valid, fps))


@given(scores, scores, st.integers(0, 9))
def test_causal_scores_do_not_depend_on_what_follows(x: FloatArray, later: FloatArray, seed: int) -> None:
    smoothing = Smoothing("causal", 0.5)
    both = np.concatenate([x, later])
    valid = mask(len(both), seed)
    whole = smoothing.array(both, valid, fps=10)
    np.testing.assert_array_equal(whole[: len(x)], smoothing.array(x, valid[: len(x)], fps=10))


@pytest.mark.parametrize("kind", ["gaussian", "causal"])
def test_unscorable_scores_leak_nowhere(kind: str) -> None:
    x = np.array([1, 2, np.nan, np.inf, 3], np.float32)
    y = np.array([1, 2, 1e9, -5, 3], np.float32)
    valid = np.array([True, True, False, False, True])
    smoothing = Smoothing(kind, 0.5)  # type: ignore[arg-type]
    np.testing.assert_array_equal(smoothing.array(x, valid, 10), smoothing.array(y, valid, 10))


def test_inside_it_is_the_papers_gaussian() -> None:
    x = np.random.default_rng(0).normal(size=400).astype(np.float32)
    smooth = Smoothing().array(x, np.ones(400, np.bool_), fps=25)
    expected: npt.NDArray[np.float64] = gaussian_filter1d(x.astype(np.float64), sigma=12)
    np.testing.assert_allclose(smooth[60:-60], expected[60:-60], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "causal"])
def test_the_width_is_in_seconds(kind: str) -> None:
    def after(fps: int) -> float:
        step = (np.arange(8 * fps) >= 4 * fps).astype(np.float32)
        smooth = Smoothing(kind, 0.5).array(step, np.ones(len(step), np.bool_), fps)  # type: ignore[arg-type]
        return float(smooth[4 * fps + fps // 2])

    assert after(20) == pytest.approx(after(200), abs=0.05)


@pytest.mark.parametrize("kind", ["gaussian", "causal", "average"])
def test_a_width_in_frames_is_the_same_at_every_frame_rate(kind: str) -> None:
    x, valid = np.random.default_rng(0).normal(size=90).astype(np.float32), np.ones(90, np.bool_)
    smoothing = Smoothing(kind, 12, "frames")  # type: ignore[arg-type]
    np.testing.assert_array_equal(smoothing.array(x, valid, 10), smoothing.array(x, valid, 24))
    np.testing.assert_array_equal(smoothing.array(x, valid, 24), Smoothing(kind, 0.5).array(x, valid, 24))  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "weights"), [(5, [1, 1, 1, 1, 1]), (4, [0.5, 1, 1, 1, 0.5])])
def test_a_moving_average_weighs_its_frames_alike(width: int, weights: list[float]) -> None:
    x = np.random.default_rng(1).normal(size=40).astype(np.float32)
    smooth = Smoothing("average", width, "frames").array(x, np.ones(40, np.bool_), fps=7)
    np.testing.assert_allclose(smooth[2:-2], np.convolve(x, np.array(weights) / width, "valid"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "average"])
def test_a_centred_mean_cannot_run_live(kind: str) -> None:
    with pytest.raises(SettingsError, match="causal"):
        Smoothing(kind).stream(25)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"kind": "box"}, {"unit": "days"}, {"width": -1.0}, {"width": math.nan}])
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Smoothing(**wrong)  # type: ignore[arg-type]
