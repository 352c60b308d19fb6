"""The memory: read, moved and told apart as the paper's definitions say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from oddframe.models.lgn.memory import new_items, read, updated
from oddframe.models.lgn.training import LGNLearner, compactness, separateness
from tests.models.lgn.tiny import tiny_net


def units(count: int, size: int, seed: int) -> Tensor:
    return functional.normalize(torch.randn((count, size), generator=torch.Generator().manual_seed(seed)), dim=1)


def slowly_updated(queries: Tensor, items: Tensor) -> Tensor:
    """The update from its definition: for each item a loop over the queries whose best item it is."""
    match = (queries @ items.T).double().numpy()
    over_queries = np.exp(match) / np.exp(match).sum(axis=0)
    result = items.double().numpy().copy()
    for item in range(len(items)):
        for query in range(len(queries)):
            if match[query].argmax() == item:
                share = over_queries[query, item] / over_queries[:, item].max()
                result[item] += share * queries[query].double().numpy()
        result[item] /= np.linalg.norm(result[item])
    return torch.from_numpy(result).float()


@given(st.integers(1, 30), st.integers(2, 6), st.integers(2, 5), st.integers(0, 1000))
def test_the_update_is_its_definition(queries: int, items: int, size: int, seed: int) -> None:
    asked, held = units(queries, size, seed), units(items, size, seed + 1)
    torch.testing.assert_close(updated(asked, held), slowly_updated(asked, held), rtol=1e-4, atol=1e-5)


def test_items_that_nobody_asks_for_stay() -> None:
    items = torch.eye(3)
    after = updated(functional.normalize(torch.tensor([[1.0, 0.2, 0.0]]), dim=1), items)
    assert torch.equal(after[1:], items[1:])
    assert float(after[0, 1]) > 0


def test_reading_is_a_softmax_over_items_without_gradient() -> None:
    queries, items = units(6, 4, 0).requires_grad_(), units(3, 4, 1)
    found = read(queries.reshape(2, 3, 4), items)
    expected = torch.stack([torch.softmax(torch.stack([(q * i).sum() for i in items]), 0) @ items for q in queries])
    torch.testing.assert_close(found.reshape(6, 4), expected.detach())
    assert not found.requires_grad


def test_new_items_are_unit_vectors_of_one_quadrant() -> None:
    items = new_items(10, 16, torch.Generator().manual_seed(0))
    torch.testing.assert_close(items.norm(dim=1), torch.ones(10))
    assert float(items.min()) >= 0


def test_losses_are_their_definitions() -> None:
    """Squared distance to the nearest item, a mean over the values too; a hinge of margin 1."""
    queries, items = units(6, 4, 0), units(3, 4, 1)
    distances = torch.cdist(queries, items).sort(dim=1).values
    torch.testing.assert_close(
        compactness(queries.reshape(2, 3, 4), items), (distances[:, 0] ** 2 / 4).reshape(2, 3).mean(1)
    )
    hinge = (distances[:, 0] - distances[:, 1] + 1).clamp_min(0).mean()
    torch.testing.assert_close(separateness(queries.reshape(2, 3, 4), items), hinge, rtol=1e-4, atol=1e-5)


def test_the_nearest_item_is_told_exactly_under_autocast() -> None:
    """Two items too near each other for bf16: the nearer one is still found."""
    items = functional.normalize(torch.tensor([[1.0, 0.001], [1.0, 0.0]]), dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        assert float(compactness(torch.tensor([[1.0, 0.0]]), items)) == 0
        assert torch.equal(updated(torch.tensor([[1.0, 0.0]]), items)[0], items[0])


def test_after_a_step_items_have_moved_stay_unit_vectors_and_have_no_gradient() -> None:
    """The queries that count are those of the step, asked of the items as they were."""
    learner = LGNLearner(tiny_net(), compactness=10, separateness=5).train()
    before = learner.net.items.clone()
    windows = torch.randint(0, 256, (3, 5, 1, 16, 16), dtype=torch.uint8)
    learner(windows)["loss"].backward()
    assert torch.equal(learner.net.items, before)
    learner.after_step()
    after = learner.net.items
    assert not after.requires_grad
    assert not torch.equal(after, before)
    torch.testing.assert_close(after.norm(dim=1), torch.ones(len(after)))


def test_the_queries_of_all_processes_move_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the other process's rows beside its own, a process ends with the items of one that had the whole batch."""
    whole, part = (LGNLearner(tiny_net(), compactness=10, separateness=5).eval() for _ in range(2))
    windows = torch.randint(0, 256, (4, 5, 1, 16, 16), dtype=torch.uint8)
    whole(windows)
    whole.after_step()
    part(windows[2:])
    others = part.net.encode(windows[2:, :-1] / 127.5 - 1).queries
    assert others is not None
    part(windows[:2])
    monkeypatch.setattr("oddframe.models.lgn.training.gathered", lambda mine: torch.cat([mine, others]))
    part.after_step()
    torch.testing.assert_close(part.net.items, whole.net.items)
