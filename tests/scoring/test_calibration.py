"""The threshold keeps its promise on frames that it has not seen, whatever the number of frames."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import StoreError
from oddframe.scoring import Calibration, conservative_quantile


@pytest.mark.parametrize(("n", "rate"), [(10, 0.2), (99, 0.01), (150, 0.01), (40, 0.05)])
def test_fresh_normal_scores_pass_it_as_rarely_as_promised(n: int, rate: float) -> None:
    # A leave-one-out count is exact: of n + 1 exchangeable scores each is as likely to be the new one.
    everything = np.random.default_rng(n).normal(size=n + 1).astype(np.float32)
    passed = [score > conservative_quantile(np.delete(everything, i), rate)[0] for i, score in enumerate(everything)]
    assert np.mean(passed) <= rate
    assert np.mean(passed) > rate - 1 / (n + 1) - 1e-12  # and it is not more timid than it must be


@given(st.integers(1, 300), st.sampled_from([0.01, 0.05, 0.1]))
def test_too_few_frames_give_the_highest_score_and_say_so(n: int, rate: float) -> None:
    threshold, enough = conservative_quantile(np.arange(n, dtype=np.float32), rate)
    assert enough == (1 / (n + 1) <= rate + 1e-12)
    if not enough:
        assert threshold == n - 1


def test_no_frames_give_no_threshold() -> None:
    made = Calibration.measure(np.zeros(0, np.float32), floor=1.5, alarm_rate=0.01, seconds=0)
    assert made.threshold is None
    assert made.floor == 1.5
    assert not made.enough


def test_json_and_back() -> None:
    made = Calibration.measure(np.arange(500, dtype=np.float32), floor=-0.1, alarm_rate=0.01, seconds=50)
    assert Calibration.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize("wrong", [{}, {"floor": 1.0}, {"unknown": 3}])
def test_json_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(StoreError, match="calibration"):
        Calibration.from_json(wrong)


def test_json_with_words_for_numbers_is_refused() -> None:
    fields = dict(Calibration.measure(np.ones(3, np.float32), floor=0, alarm_rate=0.01, seconds=1).to_json())
    with pytest.raises(StoreError):
        Calibration.from_json(fields | {"threshold": "high"})
