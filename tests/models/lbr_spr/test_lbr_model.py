"""What a fitted model scores by, what it keeps of its training, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oddframe.errors import FitError, SettingsError, SpecError, StoreError
from oddframe.models.abilities import fusion_of
from oddframe.models.base import ModelState
from oddframe.models.lbr_spr import LBRSPR
from oddframe.models.lbr_spr.network import LBRNet, LBRNetSizes, bands_of
from oddframe.models.lbr_spr.training import flow_scale
from oddframe.models.source import MemorySource
from oddframe.testing.sources import odd_rows, synthetic_source, synthetic_video
from oddframe.types import Field, FloatArray, Observations, Run, Spec
from tests.models.lbr_spr.tiny import CUBES, CUBES_AND_FLOW, tiny_lbr


def everything(source: MemorySource) -> Mapping[str, Tensor]:
    return source.take(np.arange(len(source)))


def by_hand(model: LBRSPR, data: Mapping[str, Tensor], band: str = "band0") -> dict[str, FloatArray]:
    """Summed squared errors of each cube, by the saved network: one cube at a time, in its own loop."""
    saved = {n.removeprefix(f"{band}."): t for n, t in model.state().tensors.items() if n.startswith(f"{band}.")}
    net = LBRNet(LBRNetSizes(5, 3, model.width, model.poolings, model.motion), 1.0, 0).eval()
    net.load_state_dict({name: saved[name] for name in net.state_dict()})
    found: dict[str, list[float]] = {"appearance": [], "motion": []}
    for number, cube in enumerate(data["appearance"]):
        pixels = cube.reshape(1, 15, 4, 4).float() / 255
        with torch.no_grad():
            found["appearance"].append(float((net.appearance(pixels) - pixels).square().sum()))
            if net.motion is not None:
                flow = data["motion"][number].reshape(1, 10, 4, 4).float() / net.flow_scale
                found["motion"].append(float((net.motion(pixels) - flow).square().sum()))
    return {name: np.array(values, np.float32) for name, values in found.items() if values}


def standardised(found: FloatArray, usual: FloatArray) -> FloatArray:
    return np.asarray((found - usual.mean(dtype=np.float64)) / usual.std(dtype=np.float64), np.float32)


def test_scores_are_summed_squared_errors_in_deviations_of_training_cubes() -> None:
    source = synthetic_source(CUBES_AND_FLOW, videos=1, frames=30)
    info, observations = synthetic_video(CUBES_AND_FLOW, "new", seed=9, frames=10)
    model = tiny_lbr(motion=True, appearance_weight=0.25, motion_weight=2.0, batch=25).train(source)
    found = model.open(info).push(observations)
    usual, errors = by_hand(model, everything(source)), by_hand(model, observations.data)
    for name in ("appearance", "motion"):
        expected = standardised(errors[name], usual[name])
        np.testing.assert_allclose(found.parts[name], expected, rtol=1e-3, atol=1e-3)
    fused = 0.25 * found.parts["appearance"] + 2 * found.parts["motion"]
    np.testing.assert_allclose(found.score, fused, rtol=1e-5, atol=1e-6)
    assert fusion_of(model) == {"appearance": 0.25, "motion": 2.0}


def test_without_motion_the_score_is_appearance_alone() -> None:
    info, observations = synthetic_video(CUBES_AND_FLOW, "new", seed=9, frames=10)
    model = tiny_lbr(appearance_weight=0.25).train(synthetic_source(CUBES_AND_FLOW))
    found = model.open(info).push(observations)
    assert set(found.parts) == {"appearance"}
    assert np.array_equal(found.score, found.parts["appearance"])


@pytest.mark.parametrize("refinement", ["none", "mixture", "hard", "linear", "huber"])
def test_odd_cubes_stand_out_of_the_very_videos_that_were_trained_on(refinement: str) -> None:
    """Unsupervised: the videos that are trained on hold what is to be found, and no label is read."""
    items = [synthetic_video(CUBES, f"v{n}", seed=n, odd=range(8, 12) if n == 0 else range(0)) for n in range(6)]
    model = tiny_lbr(refinement=refinement, epochs=6).train(MemorySource(CUBES, items))
    score, odd = model.open(items[0][0]).push(items[0][1]).score, odd_rows(items[0][1], range(8, 12))
    assert float(score[odd].min()) > float(np.median(score[~odd]))
    assert float((score[odd][:, None] > score[~odd]).mean()) > 0.9


def test_refinement_drops_odd_cubes_rather_than_others() -> None:
    items = [synthetic_video(CUBES, f"v{n}", seed=n, odd=range(8, 12) if n == 0 else range(0)) for n in range(6)]
    model = tiny_lbr(refinement="hard", epochs=6).train(MemorySource(CUBES, items))
    kept = model.refined[0]
    odd = np.concatenate([odd_rows(o, range(8, 12) if n == 0 else range(0)) for n, (_, o) in enumerate(items)])
    assert kept.weights.shape == (6, len(odd))
    assert kept.dropped[:2].tolist() == [0, 0]
    assert kept.dropped[-1] == (kept.last == 0).sum() > 0
    assert (kept.last[odd] == 0).mean() > 4 * (kept.last[~odd] == 0).mean()


def test_history_tells_losses_and_thresholds_of_every_step() -> None:
    model = tiny_lbr(motion=True).train(synthetic_source(CUBES_AND_FLOW))
    assert model.history is not None
    losses = model.history.losses
    assert set(losses) == {"loss", "appearance", "motion", "weight", "dropped", "lower", "upper"}
    first = model.history.epochs[2]
    assert np.isnan(losses["upper"][:first]).all()
    assert (losses["upper"][first:] >= losses["lower"][first:]).all()
    assert model.history.loss[-1] < model.history.loss[0]
    assert tiny_lbr(motion=True).restore(model.state()).history is None


def test_few_cubes_get_more_epochs_and_as_much_more_warm_up() -> None:
    """240 cubes in batches of 80: three steps an epoch, so seven epochs for 20 steps, half of them a warm-up."""
    longer = tiny_lbr(least_steps=20).train(synthetic_source(CUBES)).refined[0]
    assert longer.weights.shape == (7, 240)
    assert np.flatnonzero(np.isfinite(longer.history.losses["upper"]))[0] == 3 * 4
    assert tiny_lbr(least_steps=12).train(synthetic_source(CUBES)).refined[0].weights.shape == (4, 240)


# Bands.


@settings(max_examples=60)
@given(centre=st.floats(-50, 400, width=32), half=st.floats(0, 60, width=32), bands=st.integers(1, 9))
def test_a_box_is_in_the_band_of_its_centre(centre: float, half: float, bands: int) -> None:
    box = np.array([[0, centre - half, 10, centre + half]], np.float32)
    middle = (float(box[0, 1]) + float(box[0, 3])) / 2
    band = int(bands_of(box, 240, bands)[0])
    assert 0 <= band < bands
    if 0 <= middle < 240:
        assert band * 240 / bands <= middle + 1e-3
        assert middle - 1e-3 <= (band + 1) * 240 / bands


BANDS = 5
"""Of 48 pixels: synthetic tracks 0 and 1 have their centres at 18 and 58, so in the first and in the second."""


def test_each_band_has_a_network_of_its_own_rows() -> None:
    """What is scored in a band depends on what was trained in it alone, its usual errors included."""
    source = synthetic_source(CUBES, videos=2)
    model = tiny_lbr(bands=BANDS).train(source)
    assert list(model.refined) == [0, 1]
    assert model.refined[0].rows.tolist() == list(range(0, 160, 2))
    info, observations = synthetic_video(CUBES, "new", seed=9, frames=10)
    found = model.open(info).push(observations).score
    data = {name: tensor[model.refined[1].rows] for name, tensor in everything(source).items()}
    mine = {name: tensor[1::2] for name, tensor in observations.data.items()}
    expected = standardised(*(by_hand(model, of, "band1")["appearance"] for of in (mine, data)))
    np.testing.assert_allclose(found[1::2], expected, rtol=1e-3, atol=1e-3)


def test_a_band_learns_from_its_own_cubes_alone() -> None:
    """The uppermost band's network is, to the bit, the one that is trained on a source of nothing else."""
    info, both = synthetic_video(CUBES, "v", seed=0)
    upper = both.select(slice(0, None, 2))
    banded = tiny_lbr(bands=BANDS).train(MemorySource(CUBES, [(info, both)])).state().tensors
    alone = tiny_lbr().train(MemorySource(CUBES, [(info, upper)])).state().tensors
    assert all(torch.equal(banded[name], tensor) for name, tensor in alone.items())


def test_a_cube_where_there_never_was_one_is_odd() -> None:
    model = tiny_lbr(bands=BANDS).train(synthetic_source(CUBES, videos=1))
    info, observations = synthetic_video(CUBES, "new", seed=9, frames=2, tracks=4)  # centres at 18, 58, 98, 138
    found = model.open(info).push(observations).score
    assert found.reshape(2, 4)[:, 2:].tolist() == [[20, 20]] * 2
    assert (found.reshape(2, 4)[:, :2] != 20).all()


def test_bands_keep_their_checkpoints_apart(tmp_path: Path) -> None:
    """And a training that was finished before ends where it ended."""
    source, run = synthetic_source(CUBES, videos=1), Run(checkpoints=tmp_path)
    first, again = (tiny_lbr(bands=BANDS).train(source, run) for _ in range(2))
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["band0", "band1"]
    for band in (0, 1):
        assert np.array_equal(first.refined[band].weights, again.refined[band].weights, equal_nan=True)
    for name, tensor in first.state().tensors.items():
        assert torch.equal(tensor, again.state().tensors[name])


# What goes in.


def test_flow_is_scaled_by_its_root_mean_square() -> None:
    source = synthetic_source(CUBES_AND_FLOW, videos=1)
    expected = float(everything(source)["motion"].double().square().mean().sqrt())
    assert flow_scale(source, np.arange(len(source)), 0) == pytest.approx(expected)
    saved = tiny_lbr(motion=True, epochs=1).train(source).state().tensors["band0.flow_scale"]
    assert float(saved) == pytest.approx(expected)


def test_flow_of_nothing_but_zeros_can_be_trained_on() -> None:
    info, observations = synthetic_video(CUBES_AND_FLOW, "still", seed=0)
    data = {**observations.data, "motion": torch.zeros_like(observations.data["motion"])}
    still = Observations(
        "still", observations.frame, observations.span, observations.ready, observations.box, data, through=40
    )
    model = tiny_lbr(motion=True, epochs=1).train(MemorySource(CUBES_AND_FLOW, [(info, still)]))
    assert np.isfinite(model.open(info).push(still).score).all()


@pytest.mark.parametrize(
    "spec",
    [
        CUBES,
        Spec({"appearance": Field((5, 3, 4, 4)), "motion": Field((5, 2, 4, 4))}),
        Spec({"appearance": Field((5, 3, 5, 5), torch.uint8), "motion": Field((5, 2, 5, 5))}),
        Spec({"appearance": Field((5, 3, 4, 4), torch.uint8), "motion": Field((4, 2, 4, 4))}),
        Spec({"appearance": Field((5, 3, 4, 4), torch.uint8), "motion": Field((5, 2, 4, 4), torch.uint8)}),
        Spec({"flow": Field((8,))}),
    ],
    ids=["no flow", "no pixels", "odd side", "other frames", "flow in bytes", "no cubes"],
)
def test_observations_that_do_not_fit_are_refused(spec: Spec) -> None:
    with pytest.raises(SpecError, match="use the cubes observer"):
        LBRSPR(motion=True, poolings=1).check(spec)


def test_two_cubes_are_the_least() -> None:
    info, observations = synthetic_video(CUBES, "one", seed=0)
    with pytest.raises(FitError, match="at least two cubes"):
        tiny_lbr().train(MemorySource(CUBES, [(info, observations.select(slice(0, 1)))]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"refinement": "soft"},
        {"width": 0},
        {"batch": 1},
        {"bands": 0},
        {"shrink": -0.1},
        {"warm_up": -1},
        {"least_steps": -1},
        {"learning_rate": 0.0},
        {"motion_weight": -1.0},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        LBRSPR(**wrong)


def test_the_defaults_are_the_papers() -> None:
    model = LBRSPR()
    assert (model.width, model.poolings, model.epochs, model.batch, model.learning_rate) == (32, 3, 30, 256, 1e-3)
    assert (model.refinement, model.shrink, model.warm_up) == ("mixture", 0.005, 5)
    assert (model.appearance_weight, model.motion_weight) == (0.5, 1.0)


def test_a_state_of_more_bands_than_the_settings_have_is_refused() -> None:
    state = tiny_lbr(bands=BANDS, epochs=1).train(synthetic_source(CUBES, videos=1)).state()
    with pytest.raises(StoreError, match="own settings"):
        tiny_lbr().restore(state)


def test_usual_errors_without_spread_are_refused() -> None:
    state = tiny_lbr(epochs=1).train(synthetic_source(CUBES, videos=1)).state()
    flat = {**state.tensors, "band0.deviation": torch.zeros(1, dtype=torch.float64)}
    with pytest.raises(StoreError, match="damaged"):
        tiny_lbr().restore(ModelState(flat, state.meta))


@pytest.mark.parametrize("motion", [False, True])
def test_multiplications_are_those_of_the_networks(motion: bool) -> None:
    """Width 1, one pooling, 4 x 4: every layer by hand; the twin ends in 10 channels, not 15."""
    model = tiny_lbr(width=1, poolings=1, motion=motion, epochs=1).train(synthetic_source(CUBES_AND_FLOW))
    one = 9 * (15 + 1) * 16 + 9 * (2 + 4) * 4 + 9 * 4 * 4 + 9 * (2 + 1) * 16
    expected = one + 15 * 16 + (one + 10 * 16 if motion else 0)
    assert model.multiplications(synthetic_source(CUBES_AND_FLOW, videos=1, frames=5)) == 10 * expected
