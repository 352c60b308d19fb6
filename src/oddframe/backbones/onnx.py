"""Any network in an ONNX file as a backbone, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oddframe.backbones.base import Backbone, pixels_of
from oddframe.backbones.checkpoint import checked_file, sha256_of
from oddframe.errors import SettingsError
from oddframe.types import Outside, Run
from oddframe.weights.session import Session, open_session


class OnnxBackbone(Backbone):
    """A network in an ONNX file, as `oddframe export` writes it; onnxruntime runs it in one thread.

    Its first input takes RGB pixels from 0 to 255, float32: (batch, 3, size, size), or (batch, 3, frames, size, size)
    for a video network. Its first output is (batch, features). Only the batch may be open.

    Args:
        file: the ONNX file.
        checksum: SHA-256 of the file; None = what it has when it is first named, so that a saved detector finds the
            same network or says so.
        antialias: whether large pictures are averaged down to the network's size, or picked from.

    Raises:
        WeightsError: there is no such file, or it has another checksum.
        SettingsError: the network takes or gives something else.
    """

    name = "onnx"

    def __init__(self, file: str, checksum: str | None = None, antialias: bool = True) -> None:
        self.file = str(Path(file).expanduser().absolute())
        self.checksum = checksum or sha256_of(Path(self.file))
        self.antialias = antialias
        self._network: Session | None = None
        given, found = self._loaded("cpu").shapes
        if len(given) not in (4, 5) or given[1] != 3 or given[-1] != given[-2] or not _known(given[1:]):
            raise SettingsError(
                f"onnx: {self.file} takes {list(given)}, not (batch, 3, size, size) or (batch, 3, frames, size, size)"
            )
        if len(found) != 2 or not _known(found[1:]):
            raise SettingsError(f"onnx: {self.file} gives {list(found)}, not (batch, features); export it anew")
        frames, size, features = (given[2] if len(given) == 5 else 1), given[-1], found[1]
        assert isinstance(frames, int)
        assert isinstance(size, int)
        assert isinstance(features, int)
        self._frames, self._size, self._features = frames, size, features

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:
        file = Path(str(settings.get("file"))).expanduser().absolute()
        return (Outside("file", str(file), settings.get("checksum")),)

    @property
    def frames(self) -> int:
        return self._frames

    @property
    def features(self) -> int:
        return self._features

    @torch.inference_mode()
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, frames, H, W, 3) uint8 RGB -> (B, features) float32; raises `WeightsError` where it does not run."""
        session = self._loaded(run.device)
        pixels = pixels_of(clips, self._size, antialias=self.antialias).contiguous().numpy()
        (features,) = session.run({session.inputs[0].name: pixels}, session.outputs[:1]).values()
        return torch.from_numpy(features)

    def _loaded(self, device: str) -> Session:
        if self._network is None:
            self._network = open_session(checked_file(self.file, self.checksum), device)
        return self._network


def _known(shape: tuple[Any, ...]) -> bool:
    return all(isinstance(side, int) and side > 0 for side in shape)
