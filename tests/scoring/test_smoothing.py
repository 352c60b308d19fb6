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
kinds = st.sampled_from(["gaussian", "causal", "none"])


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


def test_a_centred_gaussian_cannot_run_live() -> None:
    with pytest.raises(SettingsError, match="causal"):
        Smoothing("gaussian").stream(25)


@pytest.mark.parametrize("wrong", [{"kind": "box"}, {"seconds": -1.0}, {"seconds": math.nan}])
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Smoothing(**wrong)  # type: ignore[arg-type]
