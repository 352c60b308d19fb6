"""Every value object goes through pickle and deepcopy: equal to the bit, and as read-only as it was."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from oddframe.types import FrozenMapping, Timeline
from tests.types.examples import ABSTRACT, LIVE, example, value_types

WAYS: list[Callable[[Any], Any]] = [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy, copy.copy]


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911
    """Whether two values are of one type and equal in every part, arrays also in being read-only."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        equal = one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return equal and one.flags.writeable == other.flags.writeable
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other) or "__eq__" not in vars(type(one))


@pytest.mark.parametrize(
    "kind",
    [kind for kind in value_types() if kind not in ABSTRACT | LIVE],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_a_value_survives_pickle_and_copy(kind: type[Any]) -> None:
    value = example(kind)
    for way in WAYS:
        assert same(way(value), value), way


def test_a_timeline_cannot_be_written_to_after_its_journey() -> None:
    for way in WAYS:
        arrived = way(example(Timeline))
        with pytest.raises(ValueError, match="read-only"):
            arrived.scores[0] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            arrived.scored.parts["motion"][0] = 1.0
        with pytest.raises(TypeError):
            arrived.scored.parts["motion"] = arrived.scores


def test_a_frozen_mapping_is_a_copy_that_equals_any_mapping() -> None:
    items = {"a": 1}
    frozen = FrozenMapping(items)
    items["b"] = 2
    assert frozen == {"a": 1}
    assert {**frozen} == {"a": 1}
