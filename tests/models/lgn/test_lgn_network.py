"""The network is the paper's: its sizes, its cost, its recurrent cell, and where gradients may go."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from oddframe.models.lgn.network import Branches, LGNNet, LGNNetSizes
from oddframe.models.lgn.st_lstm import STLSTM, CellState, STLSTMCell
from oddframe.models.lgn.training import LGNLearner
from tests.models.lgn.tiny import tiny_net

PAPER = LGNNetSizes(3, context=4, width=64, hidden=128, layers=4, items=10, item_size=512, branches="both")


def test_the_paper_size_has_the_papers_parameters_and_cost() -> None:
    """About 22.8 million parameters; about 409 GFLOP at 256 x 256, told from 32 x 32: it is convolutions throughout.

    Convolutions of the zeros that a recurrent layer starts from are left out; the paper's code computes them.
    """
    net = LGNNet(PAPER, seed=0).eval()
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(22.8e6, rel=0.005)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 4, 3, 32, 32))
    zeros = 2 * 64 * 64 * 9 * 128 * 128 * (4 * 4 + 3)  # H of four layers, M of the lowest, on 64 x 64 positions
    assert counter.get_total_flops() * 8 * 8 + zeros == pytest.approx(409e9, rel=0.001)


def convolved(x: npt.NDArray[np.float64], weight: Tensor) -> npt.NDArray[np.float64]:
    """(C, h, w) by (O, C, k, k), padded with zeros to the same size: by the definition."""
    kernel = weight.detach().double().numpy()
    half = kernel.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (half, half), (half, half)))
    out = np.zeros((len(kernel), *x.shape[1:]))
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            patch = padded[:, row : row + 2 * half + 1, column : column + 2 * half + 1]
            out[:, row, column] = (kernel * patch).sum((1, 2, 3))
    return out


def sigmoid(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


def equations(cell: STLSTMCell, x: npt.NDArray[np.float64], *before: npt.NDArray[np.float64]) -> list[Tensor]:
    """One step of PredRNN's equation 3: H, C and M from x and the H, C and M before."""
    h, c, m = before
    i_x, f_x, g_x, i2_x, f2_x, g2_x, o_x = np.split(convolved(x, cell.from_input.weight), 7)
    i_h, f_h, g_h, o_h = np.split(convolved(h, cell.from_hidden.weight), 4)
    i_m, f_m, g_m = np.split(convolved(m, cell.from_memory.weight), 3)
    c = sigmoid(f_x + f_h + 1) * c + sigmoid(i_x + i_h) * np.tanh(g_x + g_h)
    m = sigmoid(f2_x + f_m + 1) * m + sigmoid(i2_x + i_m) * np.tanh(g2_x + g_m)
    both = np.concatenate([c, m])
    o = sigmoid(o_x + o_h + convolved(both, cell.output.weight))
    return [torch.from_numpy(a).float() for a in (o * np.tanh(convolved(both, cell.last.weight)), c, m)]


def test_the_cell_follows_its_equations() -> None:
    torch.manual_seed(0)
    cell = STLSTMCell(2, 3)
    x, h, c, m = torch.randn(2, 4, 5), *torch.randn(3, 3, 4, 5)
    state, memory = cell(x[None], CellState(h[None], c[None]), m[None])
    for found, expected in zip(
        (state.hidden, state.cell, memory), equations(cell, *map(double, (x, h, c, m))), strict=True
    ):
        torch.testing.assert_close(found[0], expected, rtol=1e-4, atol=1e-5)


def test_memory_runs_up_the_layers_and_on_to_the_next_step() -> None:
    """Two layers over two steps: the second step's lower layer takes M from the first step's upper one."""
    torch.manual_seed(0)
    stack = STLSTM(2, 3, layers=2)
    steps = torch.randn(2, 2, 4, 5)
    low, high = (cell for cell in stack.cells if isinstance(cell, STLSTMCell))
    zero = torch.zeros(3, 4, 5)
    h0, c0, m = equations(low, *map(double, (steps[0], zero, zero, zero)))
    h1, c1, m = equations(high, *map(double, (h0, zero, zero, m)))
    h0, c0, m = equations(low, *map(double, (steps[1], h0, c0, m)))
    h1, c1, m = equations(high, *map(double, (h0, h1, c1, m)))
    torch.testing.assert_close(stack(steps[None])[0], torch.cat([h1, m]), rtol=1e-4, atol=1e-5)


def double(tensor: Tensor) -> npt.NDArray[np.float64]:
    return tensor.double().numpy()


def moved(net: nn.Module, loss: Tensor) -> set[str]:
    """The parameters that a loss has a gradient for, by name."""
    net.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return {name for name, p in net.named_parameters() if p.grad is not None and bool(p.grad.any())}


@pytest.mark.parametrize("branches", ["both", "local", "global"])
def test_every_parameter_is_trained(branches: Branches) -> None:
    learner = LGNLearner(tiny_net(branches), compactness=10, separateness=5).train()
    found = moved(learner.net, learner(windows())["loss"])
    assert found == {name for name, _ in learner.net.named_parameters()}


def test_prediction_never_reaches_the_encoder_that_asks_the_memory() -> None:
    """Reading is detached: prediction trains everything else, and the memory's losses the encoder alone."""
    learner = LGNLearner(tiny_net(), compactness=10, separateness=5).train()
    names = {name for name, _ in learner.net.named_parameters()}
    asking = {name for name in names if name.startswith("encoder.")}
    assert moved(learner.net, learner(windows())["prediction"]) == names - asking
    assert moved(learner.net, learner(windows())["compactness"]) == asking
    assert moved(learner.net, learner(windows())["separateness"]) == asking


def test_reading_with_gradient_lets_the_prediction_train_the_encoder_too() -> None:
    """And changes no value."""
    plain, learner = (LGNLearner(tiny_net(detached=d), compactness=10, separateness=5).train() for d in (True, False))
    found = learner(windows())
    torch.testing.assert_close(found["prediction"], plain(windows())["prediction"])
    assert moved(learner.net, found["prediction"]) == {name for name, _ in learner.net.named_parameters()}


def windows(count: int = 4, size: int = 16) -> Tensor:
    return torch.randint(
        0, 256, (count, 5, 1, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


def test_predictions_are_pixels_of_the_given_shape() -> None:
    net = tiny_net(channels=3).eval()
    predicted = net(torch.zeros(2, 4, 3, 24, 24))
    assert predicted.shape == (2, 3, 24, 24)
    assert float(predicted.detach().abs().max()) <= 1


def test_a_seed_gives_the_same_network_and_leaves_the_generator_alone() -> None:
    torch.manual_seed(5)
    first = torch.random.get_rng_state()
    one, two, other = tiny_net(seed=3), tiny_net(seed=3), tiny_net(seed=4)
    assert torch.equal(first, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert not torch.equal(one.items, other.items)
