"""PSNR, distance and gate are their definitions; the two parts are joined by what normal frames are like."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oddframe.models.lgn.scoring import PartStandard, gate, psnr, weights
from oddframe.models.lgn.training import as_pixels, squared_error
from oddframe.types import FloatArray


def test_psnr_is_that_of_pixels_from_0_to_1() -> None:
    """Against 8-bit pixels, by the usual formula with peak 255."""
    random = np.random.default_rng(0)
    actual, predicted = random.integers(0, 256, (2, 3, 1, 8, 8)).astype(np.uint8)
    error = squared_error(*(as_pixels(torch.from_numpy(frames)) for frames in (predicted, actual)))
    mse = ((actual.astype(float) - predicted) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(psnr(error).numpy(), 10 * np.log10(255**2 / mse), rtol=1e-5)


def test_a_perfect_prediction_has_a_finite_psnr() -> None:
    assert float(psnr(torch.zeros(1, 1, 4, 4))) == pytest.approx(100)
    assert float(gate(torch.zeros(1, 1, 4, 4))) == 0


@given(st.lists(st.floats(1e-4, 1), min_size=1, max_size=20))
def test_the_gate_is_its_definition(errors: list[float]) -> None:
    e = np.array(errors)
    expected = ((1 - np.exp(-e)) * e).sum() / (1 - np.exp(-e)).sum()
    assert float(gate(torch.tensor(errors).reshape(1, 1, 1, -1))) == pytest.approx(expected, rel=1e-4)


def test_pixels_span_minus_one_to_one() -> None:
    assert as_pixels(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]


def parts(seed: int, frames: int = 50) -> dict[str, FloatArray]:
    random = np.random.default_rng(seed)
    return {
        "psnr": random.normal(30, 3, frames).astype(np.float32),
        "distance": random.normal(0.01, 0.002, frames).astype(np.float32),
    }


def test_parts_are_joined_by_what_normal_frames_are_like() -> None:
    normal, found = parts(0), parts(1)
    p, d = found["psnr"], found["distance"]
    m = {name: (float(part.mean()), float(part.std())) for name, part in normal.items()}
    expected = 0.6 * (m["psnr"][0] - p) / m["psnr"][1] + 0.4 * (d - m["distance"][0]) / m["distance"][1]
    fused = PartStandard.of(normal).fused(found, weights("both", 0.6))
    np.testing.assert_allclose(fused, expected, rtol=1e-3, atol=1e-3)


def test_a_worse_prediction_and_a_longer_distance_are_odder() -> None:
    standard, share = PartStandard.of(parts(0)), weights("both", 0.6)
    usual = {"psnr": np.full(1, 30, np.float32), "distance": np.full(1, 0.01, np.float32)}
    for name, value in {"psnr": 25, "distance": 0.02}.items():
        assert standard.fused({**usual, name: np.full(1, value, np.float32)}, share) > standard.fused(usual, share)


def test_without_a_memory_psnr_is_all() -> None:
    assert dict(weights("local", 0.6)) == {"psnr": -1.0}
    assert sum(map(abs, weights("global", 0.6).values())) == pytest.approx(1)


def test_parts_that_never_vary_do_not_divide_by_zero() -> None:
    flat = {"psnr": np.full(5, 30, np.float32)}
    assert np.isfinite(PartStandard.of(flat).fused(flat, {"psnr": -1.0})).all()


@pytest.mark.parametrize("deviation", [0.0, float("nan")])
def test_impossible_statistics_are_refused(deviation: float) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        PartStandard({"psnr": 30.0}, {"psnr": deviation})
