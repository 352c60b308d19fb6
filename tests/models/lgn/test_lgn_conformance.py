"""LGN-Net behaves as every model must, whichever branches it has and however many windows it sees at once."""

from __future__ import annotations

import pytest

from oddframe.testing.models import MODEL_CHECKS, Check, Factory
from tests.models.lgn.tiny import WINDOWS, tiny_lgn

MODELS: dict[str, Factory] = {
    "both branches": tiny_lgn,
    "remembering test frames, three at once": lambda: tiny_lgn(adapt=True, gamma=1.0, together=3, branches="global"),
    "local alone, all windows": lambda: tiny_lgn(branches="local", windows=None, together=1),
}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
@pytest.mark.parametrize("name", MODELS)
def test_it_conforms(name: str, check: Check) -> None:
    check(MODELS[name], WINDOWS)
