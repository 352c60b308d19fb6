"""SlowFast 8x8 R50, the video backbone of paper LLSH, with the published Kinetics-400 checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oddframe.backbones.checkpoint import checked_file, fetch_file, fetched_file, is_url, read_tensors, sha256_of
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.backbones.slowfast_names import by_published_name, is_left_out
from oddframe.backbones.slowfast_network import ALPHA, SlowFastNetwork, random_state
from oddframe.errors import SettingsError, WeightsError
from oddframe.types import Outside, Run

FRAMES = 32
CHECKPOINTS = (
    "https://dl.fbaipublicfiles.com/pyslowfast/model_zoo/kinetics400/SLOWFAST_8x8_R50.pkl",
    "https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics/SLOWFAST_8x8_R50.pyth",
)
"""Where the SlowFast project and PyTorchVideo publish the weights; neither publishes a checksum."""


class SlowFast(ExportableBackbone):
    """SlowFast 8x8 R50 (Kinetics-400) without its classifier: 32 frames to 9216 values (paper LLSH, 4.1).

    The head's averages, over 7 x 7 of the 8 x 8 last map at stride 1, of both pathways beside each other: 2 x 2 x 2304
    values. The slow pathway sees frames 0 4 8 13 17 22 26 31. Pictures that are not square are squeezed: the snippet
    observer's `crops` cuts squares.

    Args:
        weights: the checkpoint's path, or a URL (see `CHECKPOINTS`) that it was fetched from; or "random", which knows
            nothing and is for tests.
        sha256: of the checkpoint. Needed for a URL; of a path it is what the file has when it is first named, so that
            a saved detector finds the same weights or says so.
        size: pictures are resized to `size` x `size` pixels, a multiple of 32; 256 is what the weights were tested on.
        seed: of the random weights.

    Raises:
        SettingsError: no weights, a URL without checksum, or a senseless size.
        WeightsError: there is no file at the path.
    """

    name = "slowfast"

    def __init__(self, weights: str = "", sha256: str | None = None, size: int = 256, seed: int = 0) -> None:
        if not weights:
            raise SettingsError(
                f"slowfast: needs weights, the path of a checkpoint as from {CHECKPOINTS[0]} (docs/slowfast.md);"
                " --set observer.backbone.weights=PATH"
            )
        if size < 64 or size % 32:
            raise SettingsError(f"slowfast: size {size} is not a multiple of 32 from 64 on; 256 is its own")
        if is_url(weights) and sha256 is None:
            raise SettingsError(f"slowfast: {weights} needs sha256; or download it, check it and give its path")
        file = None if weights == "random" or is_url(weights) else Path(weights).expanduser().absolute()
        self.weights, self.size, self.seed = weights if file is None else str(file), size, seed
        self.sha256 = sha256_of(file) if sha256 is None and file is not None else sha256

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:
        weights, sha256 = str(settings.get("weights") or "random"), settings.get("sha256")
        if weights == "random":
            return ()
        if is_url(weights):
            here = sha256 is not None and fetched_file(weights, str(sha256)).is_file()
            return (Outside("network", weights, sha256, here),)
        return (Outside("file", str(Path(weights).expanduser().absolute()), sha256),)

    @classmethod
    def fetch(cls, settings: Mapping[str, Any], run: Run = Run()) -> None:
        if is_url(str(settings.get("weights"))):
            fetch_file(str(settings["weights"]), str(settings.get("sha256")), run)

    @property
    def frames(self) -> int:
        return FRAMES

    @property
    def features(self) -> int:
        return 9216

    antialias = False  # as the checkpoints were trained

    def make(self) -> nn.Module:
        state = random_state(self.seed) if self.weights == "random" else self._published()
        with torch.device("meta"):
            network = SlowFastNetwork()
        network.load_state_dict(state, assign=True)
        network.eval().requires_grad_(False).fold()
        return _FromPixels(network)

    def _published(self) -> dict[str, Tensor]:
        assert self.sha256 is not None
        file = checked_file(self.weights, self.sha256)
        return matched(read_tensors(file), file)


class _FromPixels(nn.Module):
    """The network on pixels: normalised, and with the frames that each pathway sees."""

    def __init__(self, network: SlowFastNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, 32, H, W), 0 to 255 -> (B, 9216), ordered row, column, channel (slow before fast)."""
        x = (pixels / 255 - 0.45) / 0.225
        slow = torch.linspace(0, x.shape[2] - 1, x.shape[2] // ALPHA).long()
        maps: Tensor = self.network(x[:, :, slow], x)  # (B, 2, 2, 2304)
        return maps.flatten(1)


def matched(published: dict[str, Tensor], file: Path) -> dict[str, Tensor]:
    """A checkpoint's tensors under our names, all of them and no others, as float32.

    Raises:
        WeightsError: names are missing or unknown, or shapes differ; some are named.
    """
    with torch.device("meta"):
        expected = SlowFastNetwork().state_dict()
    ours = by_published_name(expected)
    wanted = {name: tensor for name, tensor in published.items() if not is_left_out(name)}
    unknown = sorted(wanted.keys() - ours.keys())
    found = {ours[name]: tensor for name, tensor in wanted.items() if name in ours}
    for name in expected:
        if name.endswith("num_batches_tracked"):  # counts steps of training; Caffe2 kept none
            found[name] = torch.zeros((), dtype=torch.int64)
    missing = sorted(expected.keys() - found.keys())
    odd = sorted(name for name, tensor in found.items() if name in expected and tensor.shape != expected[name].shape)
    for what, names in (("unknown tensors", unknown), ("missing tensors", missing), ("other shapes", odd)):
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise WeightsError(f"{file}: not SlowFast 8x8 R50: {what} {shown}; take the checkpoint {CHECKPOINTS[0]}")
    return {name: tensor if name.endswith("tracked") else tensor.float() for name, tensor in found.items()}
