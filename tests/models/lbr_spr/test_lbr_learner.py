"""Training steps: whose errors decide, when refinement starts, and what is noted of it."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import Tensor

from oddframe.models.lbr_spr.network import LBRNet
from oddframe.models.lbr_spr.refinement import Mode, thresholds, weights
from oddframe.models.lbr_spr.training import LBRLearner
from tests.models.lbr_spr.tiny import batch, tiny_learner, tiny_net


def mean_errors(net: LBRNet, cubes: Tensor, *, training: bool) -> Tensor:
    """(B,) of appearance, in one of the modes, by a copy that is left as it was."""
    other = copy.deepcopy(net).train(training)
    pixels = cubes.float() / 255
    with torch.no_grad():
        rebuilt = other.appearance(pixels)
    return torch.stack([((r - p) ** 2).sum() / p.numel() for r, p in zip(rebuilt, pixels, strict=True)])


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_loss_is_the_weighted_sum_of_errors_over_the_batch_size(mode: Mode) -> None:
    """Weights are those of errors in eval mode; errors are those of training mode."""
    learner, (numbers, cubes) = tiny_learner(mode), batch(12)
    learner.step += 4
    settled, trained = (mean_errors(learner.net, cubes, training=way) for way in (False, True))
    expected = weights(settled, thresholds(settled, 4, 0.5), mode)
    found = learner(numbers, cubes)
    torch.testing.assert_close(found["loss"].detach(), (expected * trained).sum() / 12)
    if mode != "none":
        assert float(expected.min()) < 1
        assert float(found["weight"]) == pytest.approx(float(expected.mean()))
        assert float(found["dropped"]) == pytest.approx(float((expected == 0).float().mean()))


def test_motion_gets_the_weight_of_appearance_and_both_losses_count_once() -> None:
    learner, (numbers, cubes, flow) = tiny_learner(motion=True), batch(12, motion=True)
    settled = mean_errors(learner.net, cubes, training=False)
    weight = weights(settled, thresholds(settled, 0, 0.5), "mixture")
    twin = copy.deepcopy(learner.net).train().motion
    assert twin is not None
    with torch.no_grad():
        error = (twin(cubes.float() / 255) - flow.float()).square().mean((1, 2, 3))
    found = learner(numbers, cubes, flow)
    torch.testing.assert_close(found["motion"].detach(), (weight * error).mean())
    torch.testing.assert_close(found["loss"], found["appearance"] + found["motion"])


def test_the_pass_in_eval_mode_leaves_no_trace() -> None:
    """Batch statistics after a refined step are those of one pass in training mode, and the mode is as before."""
    refined, plain, (numbers, cubes) = tiny_learner("hard"), tiny_learner("none"), batch(12)
    refined(numbers, cubes)
    plain(numbers, cubes)
    assert refined.net.appearance.training
    for mine, theirs in zip(refined.net.buffers(), plain.net.buffers(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_every_parameter_is_trained_in_a_refined_step(precision: torch.dtype) -> None:
    """Autocast keeps casts of weights: those of the pass without gradient must not serve the one with it."""
    learner, (numbers, cubes, flow) = tiny_learner(motion=True), batch(12, motion=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        loss = learner(numbers, cubes, flow)["loss"]
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in learner.net.parameters())


def steps(learner: LBRLearner, count: int, **kind: bool) -> list[dict[str, Tensor]]:
    found = []
    for _ in range(count):
        found.append(learner(*batch(12, **kind)))
        learner.after_step()
    return found


def test_refinement_starts_after_the_warm_up_from_step_zero() -> None:
    """Two epochs of three steps are spared; then thresholds come down by 0.5 deviations a step."""
    learner = tiny_learner(warm_up=2, epochs=4, steps=3).eval()
    cubes = batch(12)[1]
    settled = mean_errors(learner.net, cubes, training=False)
    noted = steps(learner, 12)
    assert all(float(told["weight"]) == 1 and torch.isnan(told["upper"]) for told in noted[:6])
    expected = [thresholds(settled, step, 0.5) for step in range(6)]
    torch.testing.assert_close(
        torch.stack([told["upper"] for told in noted[6:]]), torch.stack([e.upper for e in expected])
    )
    torch.testing.assert_close(noted[6]["lower"], expected[0].lower)
    assert float(noted[-1]["dropped"]) > 0


def test_weights_of_every_cube_are_kept_epoch_by_epoch() -> None:
    learner = tiny_learner("hard", warm_up=1, epochs=4, steps=2, rows=30).eval()
    numbers, cubes = batch(12)
    for step in range(8):
        learner(numbers + 12 * (step % 2), cubes)
        learner.after_step()
    kept = learner.weights
    assert bool((kept[0, :24] == 1).all())
    assert bool(torch.isnan(kept[:, 24:]).all())
    errors = mean_errors(learner.net, cubes, training=False)
    last = weights(errors, thresholds(errors, 5, 0.5), "hard")
    assert torch.equal(kept[3, 12:24].float(), last)
    assert float(last.min()) == 0


def test_without_refinement_nothing_is_kept() -> None:
    learner = tiny_learner("none")
    assert set(steps(learner, 2)[-1]) == {"loss", "appearance"}
    assert learner.weights.numel() == 0


def test_thresholds_are_those_of_the_rows_of_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the other process's errors beside its own, a process gives its rows the weights of the whole batch."""
    whole, part = (tiny_learner("linear").eval() for _ in range(2))
    numbers, cubes = batch(12)
    whole(numbers, cubes)
    whole.after_step()
    others = {torch.float32: mean_errors(part.net, cubes[:6], training=False), torch.int64: numbers[:6]}
    monkeypatch.setattr("oddframe.models.lbr_spr.training.gathered", lambda mine: torch.cat([others[mine.dtype], mine]))
    part(numbers[6:], cubes[6:])
    others[torch.float32] = torch.zeros(6)  # the other process's weights, by now
    part.after_step()
    torch.testing.assert_close(part.weights[0, 6:], whole.weights[0, 6:])
    assert part.weights[0, :6].tolist() == [0] * 6


def test_a_seed_gives_the_same_network_and_leaves_the_generator_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two, other = tiny_net(seed=3), tiny_net(seed=3), tiny_net(seed=4)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))
