"""Momentum contrast, piece by piece, on numbers small enough to work out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from oddframe.errors import FitError
from oddframe.training.contrastive import Contrast, KeyQueue, follow, info_nce, train_contrastive
from oddframe.types import Progress, Run

SETTINGS = Contrast(queue=8, temperature=0.2, key_momentum=0.9, learning_rate=0.1, momentum=0.0, weight_decay=0.0)


def linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2, bias=False)


def batches(count: int, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        anchors = torch.randn((4, 3), generator=generator)
        yield anchors, anchors + 0.01


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

    def __deepcopy__(self, memo: object) -> Watched:
        twin = Watched()
        twin.load_state_dict(self.state_dict())
        twin.calls = TWIN
        return twin

    def forward(self, input: Tensor) -> Tensor:
        output = super().forward(input)
        self.calls.append(output.requires_grad)
        return output


TWIN: list[bool] = []


def test_gradients_flow_through_the_query_encoder_alone() -> None:
    TWIN.clear()
    encoder = Watched()
    train_contrastive(encoder, batches(3), SETTINGS, seed=0)
    assert encoder.calls == [True] * 3
    assert TWIN == [False] * 3


def test_a_step_is_plain_descent_on_the_loss() -> None:
    """One step, retold: the weight moves against the gradient of InfoNCE with keys of the encoder's first copy."""
    encoder, retold = linear(2), linear(2)
    (anchors, positives), *_ = batches(1)
    queue = KeyQueue(SETTINGS.queue, 2, torch.Generator().manual_seed(5))
    unit = nn.functional.normalize
    loss = info_nce(unit(retold(anchors)), unit(retold(positives)).detach(), queue.keys, SETTINGS.temperature)
    (gradient,) = torch.autograd.grad(loss, retold.weight)
    losses = train_contrastive(encoder, batches(1), SETTINGS, seed=5)
    assert losses == pytest.approx([float(loss.detach())], rel=1e-6)
    torch.testing.assert_close(encoder.weight.detach(), retold.weight.detach() - 0.1 * gradient)


def test_training_lowers_the_loss_repeats_and_tells_its_progress() -> None:
    told: list[Progress] = []
    first, second = linear(3), linear(3)
    losses = train_contrastive(first, batches(40), SETTINGS, seed=1, run=Run(progress=told.append), steps=40)
    assert losses == train_contrastive(second, batches(40), SETTINGS, seed=1)
    assert torch.equal(first.weight, second.weight)
    assert [p.done for p in told] == list(range(1, 41))
    assert told[0].total == 40


def test_a_loss_that_is_no_number_stops_training_at_its_step() -> None:
    poisoned = [*batches(2), (torch.full((4, 3), torch.nan), torch.zeros(4, 3))]
    with pytest.raises(FitError, match="step 2"):
        train_contrastive(linear(), poisoned, SETTINGS, seed=0)
