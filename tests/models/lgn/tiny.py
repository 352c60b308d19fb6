"""The smallest network that has all parts, and little scenes to try it on."""

from __future__ import annotations

from typing import Any

import torch

from oddframe.models.lgn import LGN
from oddframe.models.lgn.network import Branches, LGNNet, LGNNetSizes
from oddframe.types import Field, Spec

WINDOWS = Spec({"frames": Field((5, 1, 8, 8), torch.uint8, slide=1)})


def tiny_net(branches: Branches = "both", channels: int = 1, seed: int = 0, detached: bool = True) -> LGNNet:
    """Four frames in; two layers, four items."""
    sizes = LGNNetSizes(channels, context=4, width=4, hidden=4, layers=2, items=4, item_size=8, branches=branches)
    return LGNNet(sizes, seed, detached=detached)


def tiny_lgn(**settings: Any) -> LGN:
    """Trains in a blink."""
    sizes = {"width": 4, "hidden": 4, "layers": 1, "items": 4, "item_size": 8}
    training = {"epochs": 1, "batch": 12, "windows": 36, "learning_rate": 1e-2, "sample": 8, "grid": 4, "together": 8}
    return LGN(**{**sizes, **training, **settings})
