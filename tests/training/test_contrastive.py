"""Momentum contrast, piece by piece, on numbers small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from oddframe.training.batches import Batches
from oddframe.training.contrastive import KeyQueue, MomentumContrast, follow, info_nce
from oddframe.training.loop import Optimisation, train

PLAIN = Optimisation(epochs=1, optimiser="sgd", learning_rate=0.1)


def linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2, bias=False)


def batches(count: int) -> Batches:
    anchors = torch.randn((4 * count, 3), generator=torch.Generator().manual_seed(0))
    plan = [np.arange(start, start + 4) for start in range(0, 4 * count, 4)]
    return Batches(lambda _: plan, lambda rows: (anchors[rows], anchors[rows] + 0.01))


def test_the_loss_is_that_of_the_equation() -> None:
    query = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positive = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    queue = torch.tensor([[0.0, 1.0], [-1.0, 0.0], [0.8, 0.6]])
    tau = 0.5
    expected = 0.0
    for near, others in ((0.6, [0.0, -1.0, 0.8]), (1.0, [1.0, 0.0, 0.6])):
        expected -= math.log(math.exp(near / tau) / sum(math.exp(x / tau) for x in [near, *others])) / 2
    assert float(info_nce(query, positive, queue, tau)) == pytest.approx(expected, rel=1e-6)


def test_the_queue_starts_random_and_forgets_its_oldest_first() -> None:
    queue = KeyQueue(4, 2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(queue.keys.norm(dim=1), torch.ones(4))
    first = queue.keys.clone()
    queue.push(torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]))
    assert queue.keys[:3, 0].tolist() == [1, 2, 3]
    assert torch.equal(queue.keys[3], first[3])
    queue.push(torch.tensor([[4.0, 4.0], [5.0, 5.0]]))
    assert sorted(queue.keys[:, 0].tolist()) == [2, 3, 4, 5]
    queue.push(torch.arange(10, 16.0)[:, None].expand(6, 2))
    assert sorted(queue.keys[:, 0].tolist()) == [12, 13, 14, 15]
    queue.push(torch.tensor([[16.0, 16.0]]))
    assert sorted(queue.keys[:, 0].tolist()) == [13, 14, 15, 16]


def test_the_key_encoder_follows_by_momentum() -> None:
    key, query = linear(0), linear(1)
    expected = 0.75 * key.weight.detach() + 0.25 * query.weight.detach()
    before = query.weight.detach().clone()
    follow(key, query, 0.75)
    torch.testing.assert_close(key.weight.detach(), expected)
    assert torch.equal(query.weight.detach(), before)


class Watched(nn.Linear):
    """A linear layer that remembers, for each copy of itself, whether gradients were wanted."""

    def __init__(self) -> None:
        super().__init__(3, 2, bias=False)
        self.calls: list[bool] = []

    def forward(self, input: Tensor) -> Tensor:
        output = super().forward(input)
        self.calls.append(output.requires_grad)
        return output


def contrast(encoder: nn.Module, seed: int = 0) -> MomentumContrast:
    return MomentumContrast(encoder, size=2, queue=8, temperature=0.2, key_momentum=0.9, seed=seed)


def test_gradients_flow_through_the_query_encoder_alone() -> None:
    learner = contrast(Watched())
    train(learner, batches(3), PLAIN, seed=0)
    assert isinstance(learner.encoder, Watched)
    assert isinstance(learner.key, Watched)
    assert learner.encoder.calls == [True] * 3
    assert learner.key.calls == [False] * 3


def test_a_step_is_plain_descent_on_the_loss() -> None:
    """One step, retold: the weight moves against the gradient of InfoNCE with keys of the encoder's first copy."""
    encoder, retold, data = linear(2), linear(2), batches(1)
    anchors, positives = data.load(np.arange(4))
    queue = KeyQueue(8, 2, torch.Generator().manual_seed(5))
    unit = nn.functional.normalize
    loss = info_nce(unit(retold(anchors)), unit(retold(positives)).detach(), queue.keys, 0.2)
    (gradient,) = torch.autograd.grad(loss, retold.weight)
    learner = contrast(encoder, seed=5)
    history = train(learner, data, PLAIN, seed=0)
    assert history.loss.tolist() == pytest.approx([float(loss.detach())], rel=1e-6)
    torch.testing.assert_close(encoder.weight.detach(), retold.weight.detach() - 0.1 * gradient)
    torch.testing.assert_close(learner.queue.keys[:4], unit(linear(2)(positives)).detach())
    moved = 0.9 * linear(2).weight + 0.1 * encoder.weight
    torch.testing.assert_close(next(learner.key.parameters()), moved.detach(), check_stride=False)


def test_training_lowers_the_loss() -> None:
    losses = train(contrast(linear(3)), batches(40), PLAIN, seed=1).loss
    assert losses[-10:].mean() < losses[:10].mean()
