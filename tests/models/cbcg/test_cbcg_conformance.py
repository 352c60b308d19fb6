"""CBCG behaves as every model must, with all its parts and with none."""

from __future__ import annotations

from typing import Any

import pytest

from oddframe.models.cbcg import CBCG
from oddframe.testing.models import (
    MODEL_CHECKS,
    Check,
    Factory,
    check_chunking,
    check_repeatable,
    check_rows,
    check_state,
    check_streams_apart,
)
from oddframe.testing.sources import FLOW_AND_SHAPE
from oddframe.types import Field, Spec

QUICK: dict[str, Any] = {
    "steps": 60,
    "guided_steps": 30,
    "learning_rate": 1e-2,
    "width": 32,
    "embedding": 8,
    "look_back": 0,
}
MODELS: dict[str, Factory] = {
    "cbcg": lambda: CBCG(**QUICK),
    "plain": lambda: CBCG(clustering=False, cross_batch=False, guidance=False, **QUICK),
}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
@pytest.mark.parametrize("name", MODELS)
def test_a_weak_model_conforms(name: str, check: Check) -> None:
    check(MODELS[name], FLOW_AND_SHAPE)


@pytest.mark.parametrize("check", [check_rows, check_repeatable])
def test_crops_are_scored_each_on_its_own(check: Check) -> None:
    check(MODELS["cbcg"], Spec({"feature": Field((3, 6), crops=True)}))


@pytest.mark.parametrize("check", [check_chunking, check_streams_apart, check_state])
def test_it_conforms_while_it_looks_back(check: Check) -> None:
    """All checks but that of separation: there a row follows one about somebody else, which no segment does."""
    check(lambda: CBCG(**{**QUICK, "steps": 20, "look_back": 3}), FLOW_AND_SHAPE)
