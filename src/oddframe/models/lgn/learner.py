"""LGN-Net as the training loop sees it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from oddframe.models.lgn.losses import as_pixels, compactness, separateness
from oddframe.models.lgn.memory import updated
from oddframe.models.lgn.network import LGNNet
from oddframe.training.learner import Learner
from oddframe.training.processes import gathered


class LGNLearner(Learner):
    """The losses of a batch of windows, and the memory's update after each step (paper LGN-Net, "training").

    Args:
        net: what is trained.
        compactness, separateness: weights of these losses beside that of the prediction.
    """

    def __init__(self, net: LGNNet, compactness: float, separateness: float) -> None:
        super().__init__()
        self.net = net
        self.compactness, self.separateness = compactness, separateness
        self._queries: Tensor | None = None

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        """Losses of uint8 windows (N, T + 1, C, S, S), the last frame of which is predicted from the others."""
        (windows,) = batch
        frames = as_pixels(windows)  # (N, T + 1, C, S, S)
        encoded = self.net.encode(frames[:, :-1])
        predicted = self.net.predict(encoded, self.net.items)  # (N, C, S, S)
        prediction = functional.mse_loss(predicted, frames[:, -1])
        if encoded.queries is None:
            return {"loss": prediction, "prediction": prediction}
        near = compactness(encoded.queries, self.net.items).mean()
        apart = separateness(encoded.queries, self.net.items)
        self._queries = encoded.queries.detach()  # (N, S/8, S/8, D)
        loss = prediction + self.compactness * near + self.separateness * apart
        return {"loss": loss, "prediction": prediction, "compactness": near, "separateness": apart}

    @torch.no_grad()
    def after_step(self) -> None:
        """Move the items towards the queries of the whole batch, whichever process had them."""
        if self._queries is not None:
            queries = gathered(self._queries).flatten(0, -2)  # (N S/8 S/8, D)
            self.net.items.copy_(updated(queries, self.net.items))
            self._queries = None
