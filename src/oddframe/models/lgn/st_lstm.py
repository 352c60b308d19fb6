"""Spatiotemporal LSTM: recurrent convolutions whose memory runs through the layers (PredRNN, Wang et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

FORGET_BIAS = 1.0


@dataclass(frozen=True, slots=True)
class CellState:
    """What one layer passes to its next step.

    Args:
        hidden, cell: H and C, each (N, hidden, h, w).
    """

    hidden: Tensor
    cell: Tensor


class STLSTMCell(nn.Module):
    """One layer (PredRNN, eq. 3), 3 x 3 convolutions without bias, a 1 x 1 one at the end.

    There are two sets of gates: of the layer's own cell state C, which stays in the layer, and of the memory M,
    which goes up through the layers and from the top to the next step's bottom.

    Args:
        inputs: channels of x.
        hidden: channels of H, C and M.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.from_input = nn.Conv2d(inputs, 7 * hidden, 3, padding=1, bias=False)
        self.from_hidden = nn.Conv2d(hidden, 4 * hidden, 3, padding=1, bias=False)
        self.from_memory = nn.Conv2d(hidden, 3 * hidden, 3, padding=1, bias=False)
        self.output = nn.Conv2d(2 * hidden, hidden, 3, padding=1, bias=False)
        self.last = nn.Conv2d(2 * hidden, hidden, 1, bias=False)

    def forward(self, x: Tensor, state: CellState | None, memory: Tensor | None) -> tuple[CellState, Tensor]:
        """The next state and memory; None stands for zeros, for which convolutions without bias need not run.

        Args:
            x: (N, inputs, h, w).
            state: of this layer's last step.
            memory: M, (N, hidden, h, w), from the layer below.
        """
        own, across, out = self.from_input(x).split([3 * self.hidden, 3 * self.hidden, self.hidden], dim=1)
        if state is not None:
            recurrent, back = self.from_hidden(state.hidden).split([3 * self.hidden, self.hidden], dim=1)
            own, out = own + recurrent, out + back  # (N, 3 hidden, h, w), (N, hidden, h, w)
        if memory is not None:
            across = across + self.from_memory(memory)  # (N, 3 hidden, h, w)
        cell = _gated(own, None if state is None else state.cell)  # (N, hidden, h, w)
        memory = _gated(across, memory)  # (N, hidden, h, w)
        both = torch.cat([cell, memory], dim=1)  # (N, 2 hidden, h, w)
        gate = torch.sigmoid(out + self.output(both))  # (N, hidden, h, w)
        return CellState(gate * torch.tanh(self.last(both)), cell), memory


def _gated(gates: Tensor, before: Tensor | None) -> Tensor:
    """f * before + i * g of (N, 3 hidden, h, w) input, forget and modulation gates."""
    i, f, g = gates.chunk(3, dim=1)  # each (N, hidden, h, w)
    new = torch.sigmoid(i) * torch.tanh(g)
    return new if before is None else torch.sigmoid(f + FORGET_BIAS) * before + new


class STLSTM(nn.Module):
    """Layers of `STLSTMCell`; the memory M runs up through them and on to the next step (PredRNN, fig. 2).

    Args:
        inputs: channels of the lowest layer's input.
        hidden: channels of every layer.
        layers: how many.
    """

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.cells = nn.ModuleList([STLSTMCell(hidden if layer else inputs, hidden) for layer in range(layers)])

    def forward(self, steps: Tensor) -> Tensor:
        """(N, 2 hidden, h, w) from (N, T, inputs, h, w): the top layer's H beside M, after the last step."""
        states: list[CellState | None] = [None] * len(self.cells)
        memory: Tensor | None = None
        top = steps[:, 0]
        for step in range(steps.shape[1]):
            top = steps[:, step]  # (N, inputs, h, w)
            for layer, cell in enumerate(self.cells):
                state, memory = cell(top, states[layer], memory)
                states[layer], top = state, state.hidden  # (N, hidden, h, w)
        return torch.cat([top, *([] if memory is None else [memory])], dim=1)
