"""LBR-SPR behaves as every model must, with and without motion, refinement and bands."""

from __future__ import annotations

import pytest

from oddframe.testing.models import MODEL_CHECKS, Check, Factory
from oddframe.types import Spec
from tests.models.lbr_spr.tiny import CUBES_AND_FLOW, tiny_lbr

MODELS: dict[str, tuple[Factory, Spec]] = {
    "with motion": (lambda: tiny_lbr(motion=True, together=5), CUBES_AND_FLOW),
    "LBR alone in twenty bands, flow unused": (lambda: tiny_lbr(refinement="none", bands=20, seed=3), CUBES_AND_FLOW),
}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
@pytest.mark.parametrize("name", MODELS)
def test_it_conforms(name: str, check: Check) -> None:
    factory, spec = MODELS[name]
    check(factory, spec)
