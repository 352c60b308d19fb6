"""EfficientNet-Lite0 with the ImageNet weights that its package carries: a picture backbone without a download."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from oddframe.backbones.base import pixels_of
from oddframe.backbones.checkpoint import read_tensors
from oddframe.backbones.efficientnet_network import EfficientNetLite0Network, loaded
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.errors import SettingsError
from oddframe.types import Json, Run
from oddframe.weights.carried import carried
from oddframe.weights.session import Session, open_session
from oddframe.weights.store import required

_SMALL = 8 * 64**2
"""Pixels in a batch under which one thread is as fast as many."""


class EfficientNetLite0(ExportableBackbone):
    """EfficientNet-Lite0 (ImageNet), last feature map averaged: 1280 values a picture, or 320.

    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), Lite variant.

    Args:
        size: pictures are resized to `size` x `size` pixels; 224 is what it was trained on, 64 is ten times faster.
        head: whether the map is that of the last layer, which was made for telling ImageNet's classes apart, or the
            320 values a place before it.
        runtime: what runs it on the CPU: "onnx" is onnxruntime in one thread, three times as fast on small pictures;
            "torch" is PyTorch. Features agree to 1e-5 of their scale. Other devices always use PyTorch.

    Raises:
        SettingsError: a size under 32, or another runtime.
    """

    name = "efficientnet-lite0"
    implied: ClassVar[Mapping[str, Json]] = {"runtime": "torch"}

    def __init__(self, size: int = 224, head: bool = True, runtime: Literal["onnx", "torch"] = "onnx") -> None:
        if size < 32:
            raise SettingsError(f"efficientnet-lite0: size {size} is under 32; use 32 to 224")
        if runtime not in ("onnx", "torch"):
            raise SettingsError(f"efficientnet-lite0: runtime {runtime!r}: choose onnx or torch")
        self.size, self.head, self.runtime = size, head, runtime
        self._session: Session | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_session": None}

    @property
    def frames(self) -> int:
        return 1

    @property
    def features(self) -> int:
        return 1280 if self.head else 320

    @torch.inference_mode()
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, 1, H, W, 3) uint8 RGB -> (B, features) float32.

        Raises:
            WeightsError: the weights are not on this machine.
        """
        with _threads_for(len(clips) * self.size**2):
            if self.runtime == "torch" or torch.device(run.device).type != "cpu":
                return super().embed(clips, run)
            if self._session is None:
                self._session = open_session(self.onnx())
            pixels = pixels_of(clips, self.size).contiguous().numpy()
            return torch.from_numpy(self._session.run({"pixels": pixels})["features"])

    def make(self) -> nn.Module:
        return self._with_weights()

    def onnx(self) -> bytes:
        """The network as an ONNX file: input `pixels`, output `features`; needs no extra package."""
        from oddframe.backbones.efficientnet_onnx import to_onnx  # noqa: PLC0415  (loads onnx: for those who embed)

        written: bytes = to_onnx(self._with_weights(), self.size).SerializeToString(deterministic=True)
        return written

    def _with_weights(self) -> EfficientNetLite0Network:
        return loaded(read_tensors(weights_file()), self.head)


def weights_file() -> Path:
    """The weights: in the package that carries them, else those that `oddframe models get` fetched.

    Raises:
        WeightsError: there are neither.
    """
    return carried("efficientnet-lite0") or required("efficientnet-lite0")


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
