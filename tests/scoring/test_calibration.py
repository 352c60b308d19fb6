"""The threshold keeps its promise on frames that it has not seen, whatever the number of frames."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import SettingsError, StoreError
from oddframe.scoring import Calibration, FrameSample, NormalScores, Scoring
from oddframe.types import Timeline, VideoInfo
from tests.scoring.cases import observations


def timeline(scores: npt.ArrayLike, name: str = "v", fps: int = 10) -> Timeline:
    values = np.asarray(scores, np.float32)
    info = VideoInfo(name, 8, 8, Fraction(fps), len(values))
    return Timeline(info, values, np.isfinite(values), observations([], []))


def calibrated(scores: npt.ArrayLike, **settings: float) -> Calibration:
    return Calibration.measure([timeline(scores)], floor=-0.1, scoring=Scoring(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "rate"), [(10, 0.2), (99, 0.01), (150, 0.01), (40, 0.05)])
def test_fresh_normal_scores_pass_it_as_rarely_as_promised(n: int, rate: float) -> None:
    # A leave-one-out count is exact: of n + 1 exchangeable scores each is as likely to be the new one.
    everything = np.random.default_rng(n).normal(size=n + 1).astype(np.float32)
    passed = [
        score > calibrated(np.delete(everything, i), alarm_rate=rate).threshold for i, score in enumerate(everything)
    ]
    assert np.mean(passed) <= rate
    assert np.mean(passed) > rate - 1 / (n + 1) - 1e-12  # and it is not more timid than it must be


@given(st.integers(1, 300), st.sampled_from([0.01, 0.05, 0.1]))
def test_too_few_frames_give_the_highest_score_and_say_so(n: int, rate: float) -> None:
    threshold, enough = FrameSample.draw(np.arange(n, dtype=np.float32)).quantile(rate)
    assert enough == (1 / (n + 1) <= rate + 1e-12)
    if not enough:
        assert threshold == n - 1


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40), st.lists(st.integers(-1, 21), min_size=2, max_size=40))
def test_p_values_are_the_formula_and_never_rise_with_the_score(normal: list[int], new: list[int]) -> None:
    scores = np.sort(np.array(new, np.float32))
    told = FrameSample.draw(np.array(normal, np.float32)).p_values(scores)
    expected = [(1 + sum(other >= score for other in normal)) / (len(normal) + 1) for score in scores]
    np.testing.assert_allclose(told, expected, rtol=1e-6)
    assert (np.diff(told) <= 0).all()


@given(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=60))
def test_p_values_are_valid_for_exchangeable_frames(values: list[float]) -> None:
    """Whichever of n + 1 frames is the new one: at most a share p of them have a p-value of p or less."""
    scores = np.array(values, np.float32)
    told = np.array([FrameSample.draw(np.delete(scores, i)).p_values(scores[i : i + 1])[0] for i in range(len(scores))])
    for p in told:
        assert (told <= p).mean() <= p + 1e-6


@given(st.integers(0, 2**31))
@settings(max_examples=10)
def test_of_very_many_frames_enough_is_kept_and_what_is_left_out_errs_to_the_careful_side(seed: int) -> None:
    random = np.random.default_rng(seed)
    normal = random.normal(size=20_000).astype(np.float32)
    sample, new = FrameSample.draw(normal), random.normal(size=300).astype(np.float32) * 2
    assert len(sample.level) <= 4096
    exact = (1 + len(normal) - np.searchsorted(np.sort(normal), new)) / (len(normal) + 1)
    told = sample.p_values(new)
    assert (told >= exact.astype(np.float32) * (1 - 1e-6)).all()
    assert (told - exact).max() < 10 / len(normal) + 1e-6
    top = exact < 0.1
    np.testing.assert_allclose(told[top], exact[top], rtol=1e-6)
    assert sample.quantile(0.01)[0] == np.sort(normal)[int(np.ceil(20_001 * 0.99)) - 1]


def test_frames_that_are_not_scorable_have_no_p_value() -> None:
    told = FrameSample.draw(np.ones(3, np.float32)).p_values(np.array([np.nan, 2], np.float32))
    assert np.isnan(told[0])
    assert told[1] == np.float32(0.25)


def test_held_out_video_lasts_as_long_as_its_frames() -> None:
    made = calibrated(np.arange(45), alarm_rate=0.01)  # 10 frames a second
    assert made.normal_frames == 45
    assert made.normal_seconds == pytest.approx(4.5)
    assert "only 4 s of normal video" in str(made.doubt)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_events_last_down_to_a_share_of_the_way_to_a_typical_score(share: float) -> None:
    scores = np.random.default_rng(1).normal(size=401).astype(np.float32)
    made = calibrated(scores, alarm_rate=0.05, hysteresis=share)
    assert made.threshold is not None
    assert made.low == pytest.approx((1 - share) * made.threshold + share * float(np.median(scores)), rel=1e-5)
    again = made.at(Scoring(alarm_rate=0.2, hysteresis=share))
    assert again.threshold is not None
    assert again.low == pytest.approx((1 - share) * again.threshold + share * float(np.median(scores)), rel=1e-5)


def test_no_frames_give_no_threshold() -> None:
    made = Calibration.measure([], floor=1.5, scoring=Scoring())
    assert (made.threshold, made.alarms, made.normal) == (None, None, None)
    assert made.floor == 1.5
    assert not made.enough
    with pytest.raises(SettingsError, match="no held-out normal video"):
        made.at(Scoring(false_alarms_per_hour=1))


def test_json_and_arrays_and_back() -> None:
    made = calibrated(np.random.default_rng(0).normal(size=500), false_alarms_per_hour=600)
    assert made.normal is not None
    normal = NormalScores.from_arrays(made.normal.arrays())
    again = Calibration.from_json(json.loads(json.dumps(made.to_json())), normal)
    assert again == made
    assert again.at(Scoring(alarm_rate=0.05)) == made.at(Scoring(alarm_rate=0.05)) != made


def test_what_an_earlier_version_saved_is_read() -> None:
    fields = {
        "floor": 1.0,
        "threshold": 2.0,
        "alarm_rate": 0.01,
        "normal_frames": 9,
        "normal_seconds": 1,
        "enough": True,
    }
    made = Calibration.from_json(fields)
    assert (made.threshold, made.low, made.alarms, made.normal) == (2.0, None, None, None)


@pytest.mark.parametrize("wrong", [{}, {"floor": 1.0}, {"unknown": 3}])
def test_json_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StoreError, match="calibration"):
        Calibration.from_json(wrong)


@pytest.mark.parametrize("wrong", [{"threshold": "high"}, {"alarms": {"per_hour": 3}}, {"alarms": [1]}, {"low": "x"}])
def test_json_with_words_for_numbers_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(StoreError):
        Calibration.from_json(calibrated(np.arange(9)).to_json() | wrong)


def test_the_ceiling_of_scores_is_kept_and_earlier_versions_had_none() -> None:
    normal = NormalScores.measure([timeline(np.linspace(0, 0.9, 500))], Scoring(), ceiling=1.0)
    assert normal is not None
    arrays = dict(normal.arrays())
    assert NormalScores.from_arrays(arrays).events.ceiling == 1
    del arrays["ceiling"]
    assert NormalScores.from_arrays(arrays).events.ceiling == np.inf


@pytest.mark.parametrize("name", ["level", "more", "block", "typical"])
def test_arrays_that_are_missing_or_do_not_fit_are_refused(name: str) -> None:
    arrays = NormalScores.measure([timeline(np.random.default_rng(0).normal(size=500))], Scoring()).arrays()  # type: ignore[union-attr]
    with pytest.raises(StoreError, match="normal video"):
        NormalScores.from_arrays({key: array for key, array in arrays.items() if key != name})
    with pytest.raises(StoreError, match="normal video"):
        NormalScores.from_arrays(arrays | {name: np.array([7, 5])})
