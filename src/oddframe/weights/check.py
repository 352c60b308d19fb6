"""A converted network against its original: on a fixed input both have to give the same.

`outputs.json` holds what the original runtimes gave (TensorFlow.js for graphs, the package's own network for I3D), 40
numbers of each output, and all 400 of I3D; `benchmarks/weights_outputs.py` made it, and docs/weights.md says how.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.weights.session import open_session

Array = npt.NDArray[Any]

SAMPLES = 40
"""Numbers of each output that are stored."""

TOLERANCE = 1e-4
"""By how much of the largest stored number an output may be off: additions in another order give less than 1e-5."""


def fixed_picture(height: int, width: int, frame: int = 0) -> npt.NDArray[np.uint8]:
    """(height, width, 3): rings that overlap, the same on every machine; those of the next frame lie a pixel aside.

    >>> fixed_picture(2, 3)[1].tolist()
    [[0, 40, 80], [0, 40, 80], [0, 40, 80]]
    """
    y, x = np.indices((height, width), np.int64)
    x = x + frame
    rings = (x * x + 2 * y * y) // 64 + x * y // 32
    return np.asarray((rings[..., None] + np.arange(3) * 40) % 256, np.uint8)


def fixed_input(name: str) -> Array:
    """What a network of the table is given to be compared.

    Raises:
        KeyError: there is no such network.
    """
    if name == "nanodet":
        return np.ascontiguousarray((fixed_picture(416, 416).astype(np.float32) - 127).transpose(2, 0, 1)[None] / 64)
    if name == "i3d-kinetics":
        clip = np.stack([fixed_picture(224, 224, frame) for frame in range(16)])
        return np.asarray(clip.astype(np.float32)[None] / 127.5 - 1, np.float32)  # (1, 16, 224, 224, 3)
    if name == "efficientnet-lite0":
        return np.ascontiguousarray((fixed_picture(224, 224).astype(np.float32) - 127).transpose(2, 0, 1)[None] / 128)
    side, kind = {"centernet": (512, np.float32), "movenet-lightning": (192, np.int32)}[name]
    return fixed_picture(side, side)[None].astype(kind)


def stored_outputs(name: str) -> dict[str, Array]:
    """Output -> 40 numbers of what the original gave for `fixed_input`, evenly chosen; all of I3D's."""
    told = json.loads(files("oddframe.weights").joinpath("outputs.json").read_text("utf-8"))
    return {output: np.array(values, np.float32) for output, values in told[name].items()}


def sampled(values: Array) -> Array:
    """40 numbers of an array, evenly chosen; all where there are fewer."""
    flat = values.reshape(-1)
    return flat[np.linspace(0, flat.size - 1, min(SAMPLES, flat.size)).astype(np.int64)]


def compare(name: str, found: Mapping[str, Array]) -> None:
    """Compare outputs for `fixed_input` with those of the original.

    Raises:
        ValueError: one is missing, or differs.
    """
    for output, expected in stored_outputs(name).items():
        if output not in found:
            raise ValueError(f"the network gives no {output!r}")
        values = found[output].reshape(-1)
        values = values if values.size == expected.size else sampled(values)
        if values.shape != expected.shape:
            raise ValueError(f"{output!r} has another size than the original's")
        apart = float(np.abs(values - expected).max()) / max(float(np.abs(expected).max()), 1e-6)
        if not apart <= TOLERANCE:
            raise ValueError(f"{output!r} differs from the original's by {apart:.2g} of its largest value")


def check_onnx(name: str, file: Path) -> None:
    """Run an ONNX network of the table on its fixed input and compare.

    Raises:
        ValueError: it gives something else than the original.
        WeightsError: it does not run.
    """
    session = open_session(file)
    compare(name, session.run({"picture": fixed_input(name)}))
