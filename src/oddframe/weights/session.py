"""Networks in ONNX files, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from oddframe.errors import WeightsError

Array = npt.NDArray[Any]


class Session:
    """A network that is loaded.

    Args:
        name: where it came from, for errors.
        loaded: onnxruntime's session.
    """

    def __init__(self, name: str, loaded: Any) -> None:
        self.name, self._loaded = name, loaded

    @property
    def inputs(self) -> tuple[Any, ...]:
        """Its inputs, each with `name`, `shape` and `type`."""
        return tuple(self._loaded.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its outputs."""
        return tuple(out.name for out in self._loaded.get_outputs())

    @property
    def shapes(self) -> tuple[tuple[int | str | None, ...], tuple[int | str | None, ...]]:
        """Shapes of the first input and the first output; a name or None is an open side."""
        return tuple(self._loaded.get_inputs()[0].shape), tuple(self._loaded.get_outputs()[0].shape)

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
            raise WeightsError(f"{self.name}: cannot be run ({_reason(error)}); give another file") from error


def open_session(network: Path | bytes, device: str = "cpu", threads: int = 1) -> Session:
    """Load a network.

    Args:
        network: the ONNX file, or its content.
        device: a torch device name; CUDA is used where onnxruntime can.
        threads: that one operation may use. Small networks gain little by a second one; observe several videos at once
            instead (`Run.workers`).

    Raises:
        WeightsError: it is no ONNX file.
    """
    import onnxruntime  # noqa: PLC0415  slow to import, and not needed where observations are cached

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    usable = [name for name in wanted if name in onnxruntime.get_available_providers()]
    name, given = ("a network in memory", network) if isinstance(network, bytes) else (str(network), str(network))
    try:
        loaded = onnxruntime.InferenceSession(given, options, providers=[*usable, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has its own kinds
        raise WeightsError(f"{name}: is no ONNX file ({_reason(error)}); export the network anew") from error
    return Session(name, loaded)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
