"""Backbones that are one torch network, which other runtimes can run as well."""

from __future__ import annotations

import importlib
import logging
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from oddframe.backbones.base import Backbone, pixels_of
from oddframe.errors import SettingsError
from oddframe.types import Run


class ExportableBackbone(Backbone):
    """A backbone whose network takes pixels, 0 to 255, and gives features.

    A subclass makes the network; resizing, running and exporting are the same for all.
    """

    size: int
    """Side of the squares that the network takes, in pixels."""

    antialias = True
    """Whether large pictures are averaged down to that size, or picked from."""

    _network: nn.Module | None = None

    @abstractmethod
    def make(self) -> nn.Module:
        """The network, on the CPU: (B, 3, size, size), or (B, 3, frames, size, size), to (B, features).

        Raises:
            WeightsError: its weights are missing, altered, or another network's.
        """

    @torch.inference_mode()
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, frames, H, W, 3) uint8 RGB -> (B, features) float32; raises `WeightsError` as `make` does."""
        pixels = pixels_of(clips, self.size, run.device, antialias=self.antialias)
        features: Tensor = self.loaded().to(run.device)(pixels)
        return features.cpu()

    def loaded(self) -> nn.Module:
        """The network, made once; raises as `make` does."""
        if self._network is None:
            self._network = self.make()
        return self._network

    def onnx(self) -> bytes:
        """The network as an ONNX file: input `pixels`, output `features`, any number of clips at once.

        Raises:
            SettingsError: the extra `oddframe[export]` is not installed.
            WeightsError: as `make`.
        """
        shape = (self.size, self.size) if self.frames == 1 else (self.frames, self.size, self.size)
        return torch_to_onnx(self.loaded().cpu(), torch.zeros(2, 3, *shape), "pixels", "features")


def torch_to_onnx(network: nn.Module, example: Tensor, given: str, found: str) -> bytes:
    """A torch network as an ONNX file whose first axis is open, by `torch.onnx.export`.

    Args:
        network: in eval mode.
        example: what it takes, at least 2 rows.
        given, found: names of the input and of the output.

    Raises:
        SettingsError: onnx or onnxscript is missing.
    """
    for needed in ("onnx", "onnxscript"):
        try:
            importlib.import_module(needed)
        except ImportError as error:
            raise SettingsError(f"export: needs {needed} ({error}); pip install 'oddframe[export]'") from error
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            input_names=[given],
            output_names=[found],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
        assert program is not None
        written: bytes = program.model_proto.SerializeToString()
    return written


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own parts' ages and logs what it registers, which is nothing that a user can change."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
