"""The equations of docs/methods/cbcg.md, on cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oddframe.models.cbcg.bags import paired, pooled
from oddframe.models.cbcg.losses import apart, bag_loss, compact, fused, guided_loss, relative_distance, top_k
from oddframe.models.cbcg.network import Centre, CentreMemory


def test_the_highest_are_taken_among_those_that_exist() -> None:
    scores = torch.tensor([[0.1, 0.9, 0.5, 1.0], [0.3, 0.2, 0.0, 0.0]])
    there = torch.tensor([[True, True, True, False], [True, False, False, False]])
    assert top_k(scores, there, 2).tolist() == [[False, True, True, False], [True, False, False, False]]


def test_more_is_asked_for_than_there_is_and_all_is_taken() -> None:
    there = torch.ones((1, 3), dtype=torch.bool)
    assert bool(top_k(torch.rand(1, 3), there, 5).all())


def test_a_bag_loss_is_the_cross_entropy_of_the_mean_of_the_highest() -> None:
    scores, chosen = torch.tensor([[0.2, 0.8], [0.4, 0.9]]), torch.tensor([[True, True], [True, False]])
    loss = bag_loss(scores, chosen, torch.tensor([True, False]))
    assert float(loss) == pytest.approx(-(math.log(0.5) + math.log(0.6)) / 2)


def test_compactness_counts_members_alone() -> None:
    embeddings = torch.tensor([[[3.0, 4.0], [100.0, 0.0]]])
    assert float(compact(embeddings, torch.tensor([[True, False]]), torch.zeros(2))) == 25.0
    assert float(compact(embeddings, torch.tensor([[False, False]]), torch.zeros(2))) == 0.0


def test_centres_far_enough_apart_cost_nothing_and_equal_ones_have_a_finite_gradient() -> None:
    one = torch.zeros(2, requires_grad=True)
    assert apart(one, torch.tensor([2.0, 0.0]), margin=1.5).item() == 0.0
    apart(one, torch.zeros(2), margin=1.5).backward()  # type: ignore[no-untyped-call]
    assert one.grad is not None
    assert bool(torch.isfinite(one.grad).all())


@pytest.mark.parametrize(("far", "cost"), [(0.0, 2.25), (0.5, 1.0), (1.25, 0.0625), (1.5, 0.0), (3.0, 0.0)])
def test_what_centres_lack_of_the_margin_is_squared(far: float, cost: float) -> None:
    assert float(apart(torch.zeros(2), torch.tensor([0.0, far]), margin=1.5)) == pytest.approx(cost, abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_guidance_counts_for_its_share_of_the_log_odds(share: float) -> None:
    def log_odds(opinion: float) -> float:
        return math.log(opinion / (1 - opinion))

    found = fused(torch.tensor([0.2, 0.9]), torch.tensor([0.7, 0.6]), share)
    for fusion, score, guidance in zip(found.tolist(), (0.2, 0.9), (0.7, 0.6), strict=True):
        expected = (1 - share) * log_odds(score) + share * log_odds(guidance)
        assert log_odds(fusion) == pytest.approx(expected, abs=1e-4)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_guidance_is_within_0_and_1_and_turns_round_with_the_centres(values: list[float]) -> None:
    point, one, other = torch.tensor(values).reshape(3, 2)
    found, turned = relative_distance(point, one, other), relative_distance(point, other, one)
    assert 0 <= float(found) <= 1
    assert float(found + turned) == pytest.approx(1, abs=1e-5)


def test_guidance_teaches_what_it_takes_for_odd_or_normal_and_nothing_else() -> None:
    scores = torch.tensor([[0.3, 0.3, 0.3]], requires_grad=True)
    odd, normal = torch.tensor([[True, False, False]]), torch.tensor([[False, True, False]])
    guided_loss(scores, odd, normal).backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    assert scores.grad[0, 0] < 0 < scores.grad[0, 1]
    assert scores.grad[0, 2] == 0


def test_a_memory_joins_centres_by_count_and_age() -> None:
    memory = CentreMemory(places=4, size=1, fade=0.5)
    memory.push(Centre(torch.tensor([8.0]), torch.tensor(2)))
    memory.push(Centre(torch.tensor([4.0]), torch.tensor(4)))
    joined = memory.join(Centre(torch.tensor([1.0]), torch.tensor(3)))
    # Ages 2 and 1: 2 * 1/4 segments at 8, 4 * 1/2 at 4, and 3 at 1.
    assert float(joined.count) == pytest.approx(5.5)
    assert float(joined.mean) == pytest.approx((0.5 * 8 + 2 * 4 + 3 * 1) / 5.5)


def test_a_full_memory_forgets_its_oldest_centre() -> None:
    memory = CentreMemory(places=2, size=1, fade=1.0)
    for value in (1.0, 2.0, 3.0):
        memory.push(Centre(torch.tensor([value]), torch.tensor(1)))
    assert sorted(memory.centres.flatten().tolist()) == [2.0, 3.0]


def test_a_batch_without_a_kind_leaves_no_centre_of_it_but_time_goes_on() -> None:
    memory = CentreMemory(places=2, size=1, fade=0.5)
    memory.push(Centre(torch.tensor([5.0]), torch.tensor(1)))
    memory.push(Centre(torch.tensor([0.0]), torch.tensor(0)))
    joined = memory.join(Centre(torch.zeros(1), torch.tensor(0)))
    assert float(joined.mean) == 5.0
    assert float(joined.count) == 0.25


def test_gradients_flow_through_this_batch_and_not_through_earlier_ones() -> None:
    memory = CentreMemory(places=2, size=1, fade=1.0)
    memory.push(Centre(torch.tensor([5.0]), torch.tensor(3)))
    mean = torch.tensor([1.0], requires_grad=True)
    memory.join(Centre(mean, torch.tensor(1))).mean.sum().backward()  # type: ignore[no-untyped-call]
    assert mean.grad is not None
    assert mean.grad.tolist() == [0.25]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(2, 9), st.integers(1, 3), st.integers(0, 5))
def test_batches_are_half_and_half_and_every_video_comes(
    normal: int, odd: int, batch: int, crops: int, number: int
) -> None:
    labels = np.array([False] * normal + [True] * odd)
    parts = paired(labels, crops, batch, seed=3)(number)
    for part in parts:
        assert labels[part // crops].sum() * 2 == len(part)
        assert len(part) <= batch
    assert set(np.concatenate(parts) // crops) == set(range(normal + odd))


def test_a_long_video_is_pooled_without_losing_or_repeating_a_segment() -> None:
    vectors = torch.arange(100.0)[:, None]
    found = pooled(vectors, 32)
    assert found.shape == (32, 1)
    assert bool((found[1:] > found[:-1]).all())
    assert float(pooled(vectors, 25).mean()) == float(vectors.mean())
    assert pooled(vectors, 100) is vectors
