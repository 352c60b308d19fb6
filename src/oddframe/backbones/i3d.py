"""I3D (RGB, Kinetics-400): a video backbone whose weights come out of a package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from oddframe.backbones.checkpoint import read_tensors
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.backbones.i3d_network import FEATURES, I3DNetwork, random_state
from oddframe.errors import SettingsError, WeightsError
from oddframe.weights.store import required
from oddframe.weights.table import find

FRAMES = 32
WEIGHTS = "i3d-kinetics"


class I3D(ExportableBackbone):
    """Inception-I3D (Kinetics-400) without its classifier: a clip to 1024 values, or to 1024 in each cell of a grid.

    Carreira and Zisserman, "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset" (2017). Get the
    weights with `oddframe models get i3d-kinetics`. Pictures that are not square are squeezed.

    Args:
        frames: of a clip, 16 or more and a multiple of 8; it was trained on 64.
        size: pictures are resized to `size` x `size` pixels, a multiple of 32; 224 is what it was trained on.
        cells: whether the features of each 32 x 32 pixels are given, instead of their mean.
        weights: "kinetics"; or "random", which knows nothing and is for tests.
        revision: of the weights, filled in where it is not given: so caches and saved detectors notice other ones.

    Raises:
        SettingsError: a value out of range.
        WeightsError: the weights are not on this machine, or not those of that revision.
    """

    name = "i3d"
    frames = FRAMES

    def __init__(
        self,
        frames: int = FRAMES,
        size: int = 224,
        cells: bool = False,
        weights: Literal["kinetics", "random"] = "kinetics",
        revision: str | None = None,
    ) -> None:
        if frames < 16 or frames % 8:
            raise SettingsError(f"i3d: frames {frames} is not a multiple of 8 from 16 on; try 32")
        if size < 64 or size % 32:
            raise SettingsError(f"i3d: size {size} is not a multiple of 32 from 64 on; 224 is its own")
        if weights not in ("kinetics", "random"):
            raise SettingsError(f"i3d: weights {weights!r}: choose kinetics or random")
        present = find(WEIGHTS).revision if weights == "kinetics" else None
        if revision not in (None, present):
            raise WeightsError(f"i3d: weights of revision {revision} are wanted, and these are {present}; fit again")
        if weights == "kinetics":
            required(WEIGHTS)
        self.frames, self.size = frames, size
        self.cells, self.weights, self.revision = cells, weights, present

    @property
    def features(self) -> int:
        return FEATURES

    @property
    def grid(self) -> tuple[int, int]:
        return (self.size // 32, self.size // 32) if self.cells else (1, 1)

    def make(self) -> nn.Module:
        return _Features(self.network(), self.cells)

    def network(self) -> I3DNetwork:
        """The whole network, its classifier included, for inference on the CPU.

        Raises:
            WeightsError: the weights are not on this machine, or another network's.
        """
        if self.weights == "random":
            return loaded(random_state(0))
        file = required(WEIGHTS)
        return loaded(read_tensors(file), file)


class _Features(nn.Module):
    """What the backbone gives, in its order."""

    def __init__(self, network: I3DNetwork, cells: bool) -> None:
        super().__init__()
        self.network, self.cells = network, cells

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, T, H, W), 0 to 255 -> (B, 1024), or (B, rows, columns, 1024)."""
        found: Tensor = self.network(pixels)
        return found.permute(0, 2, 3, 1) if self.cells else found.mean((2, 3))


def loaded(tensors: dict[str, Tensor], file: Path | None = None) -> I3DNetwork:
    """The network with weights of the published names, its normalisations folded in.

    Args:
        tensors: by name; factors of normalisation, which the published network has not, may be missing.
        file: where they are from, for errors.

    Raises:
        WeightsError: a tensor is missing, unknown, or has another shape.
    """
    with torch.device("meta"):
        network = I3DNetwork()
    state = network.state_dict()
    wrong = sorted(tensors.keys() - state.keys())
    for name, expected in state.items():
        plain = torch.zeros((), dtype=torch.int64) if name.endswith("tracked") else torch.ones(expected.shape)
        absent = name.endswith(("norm.weight", "tracked"))
        state[name] = tensors.get(name, plain) if absent else tensors.get(name, torch.empty(0))
        if state[name].shape != expected.shape:
            wrong.append(name)
    if wrong:
        raise WeightsError(
            f"{file}: is not I3D ({', '.join(wrong[:3])} are not as expected); get it again with"
            f" `oddframe models remove {WEIGHTS}` and `oddframe models get {WEIGHTS}`"
        )
    network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(False).fold()
    return network
