"""Networks in ONNX files, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnxruntime

from oddframe.errors import WeightsError

Array = npt.NDArray[Any]


class Session:
    """A network that is loaded.

    Args:
        file: where it came from, for errors.
        loaded: onnxruntime's session.
    """

    def __init__(self, file: Path, loaded: Any) -> None:
        self.file, self._loaded = file, loaded

    @property
    def inputs(self) -> tuple[Any, ...]:
        """Its inputs, each with `name`, `shape` and `type`."""
        return tuple(self._loaded.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its outputs."""
        return tuple(out.name for out in self._loaded.get_outputs())

    def run(self, given: Mapping[str, Array], wanted: Sequence[str] | None = None) -> dict[str, Array]:
        """Outputs by name.

        Args:
            given: name of an input -> array.
            wanted: which outputs; all where None is given.

        Raises:
            WeightsError: it does not take that.
        """
        names = list(self.outputs if wanted is None else wanted)
        try:
            return dict(zip(names, self._loaded.run(names, dict(given)), strict=True))
        except Exception as error:  # onnxruntime has its own kinds
            raise WeightsError(f"{self.file}: cannot be run ({_reason(error)}); give another file") from error


def open_session(file: Path, device: str = "cpu", threads: int = 1) -> Session:
    """Load a network.

    Args:
        file: the ONNX file.
        device: a torch device name; CUDA is used where onnxruntime can.
        threads: that one operation may use. Small networks gain little by a second one; observe several videos at once
            instead (`Run.workers`).

    Raises:
        WeightsError: it is no ONNX file.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    usable = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        loaded = onnxruntime.InferenceSession(str(file), options, providers=[*usable, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has its own kinds
        raise WeightsError(f"{file}: is no ONNX file ({_reason(error)}); export the network anew") from error
    return Session(file, loaded)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
