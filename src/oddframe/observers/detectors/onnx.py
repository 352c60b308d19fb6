"""Any object detector in an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch

from oddframe.backbones.checkpoint import sha256_of
from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.observers.detectors.outputs import read_outputs
from oddframe.types import ImageArray, Outside, Run
from oddframe.weights.session import Session, open_session

GREY = 114
"""What YOLO fills a letterbox with."""


class Onnx(ObjectDetector):
    """A detector of the families of YOLO, DETR and SSD, told apart by what it gives (see `read_outputs`).

    Its input is one picture, channels first or last, of floats 0 .. 1 or uint8; a second input of two numbers is given
    the picture's width and height, as RT-DETR's own export wants them.

    Args:
        file: the ONNX file.
        checksum: SHA-256 of its content, filled in where it is not given: so caches and saved detectors notice another
            file under the same name.
        size: pixels of its input's sides, where the file leaves them open.
        fit: "letterbox" keeps the picture's aspect and fills up with grey, "squeeze" does not; "auto" squeezes for all
            but YOLO.
        no_object: whether the last logit says that nothing is there (DETR has it, RT-DETR has not).
        mean, std: subtracted from and divided into pictures of 0 .. 1, RGB.

    Raises:
        SettingsError: a value out of range.
        WeightsError: the file is missing, altered, or no detector.
    """

    name = "onnx"

    def __init__(
        self,
        file: str,
        *,
        checksum: str | None = None,
        size: int = 640,
        fit: Literal["auto", "letterbox", "squeeze"] = "auto",
        no_object: bool = False,
        mean: tuple[float, float, float] = (0.0, 0.0, 0.0),
        std: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:
        if size < 1 or min(std) <= 0:
            raise SettingsError("onnx: size is at least 1 and std over 0")
        self.file = str(Path(file).expanduser().absolute())
        if not Path(self.file).is_file():
            raise WeightsError(f"{self.file}: there is no such file; give an ONNX file of a detector")
        self.checksum = checksum or sha256_of(Path(self.file))
        self.size, self.fit, self.no_object, self.mean, self.std = size, fit, no_object, mean, std
        self._session: Session | None = None

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:
        return (
            Outside("file", str(Path(str(settings.get("file"))).expanduser().absolute()), settings.get("checksum")),
        )

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the loaded network, which stays in its process."""
        return {**self.__dict__, "_session": None}

    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        """Raises `WeightsError` where the file turns out to be no detector."""
        session = self._session = self._session or self._open(run)
        picture = next(put for put in session.inputs if len(put.shape) == 4)
        last = picture.shape[3] in (1, 3) and picture.shape[1] not in (1, 3)
        high, wide = (
            n if isinstance(n, int) else self.size for n in (picture.shape[1:3] if last else picture.shape[2:4])
        )
        yolo = len(session.outputs) == 1
        keep = self.fit == "letterbox" or (self.fit == "auto" and yolo)
        seen, scale = _placed(image, wide, high, keep)
        given = {picture.name: self._values(seen, picture.type, last)}
        for put in session.inputs:
            if put.name != picture.name:
                given[put.name] = np.array([[wide, high]], np.int64 if "int64" in put.type else np.float32)
        outputs = session.run(given)
        try:
            found = read_outputs(outputs, wide, high, no_object=self.no_object)
        except WeightsError as error:
            raise WeightsError(f"{self.file}: {error}") from error
        return Detections(found.box / np.tile(scale, 2), found.score, found.kind)

    def _values(self, seen: ImageArray, kind: str, last: bool) -> Any:
        """(1, 3, h, w) or (1, h, w, 3)."""
        if "uint8" in kind:
            values: Any = seen
        else:
            values = (seen.astype(np.float32) / 255 - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
            values = values.astype(np.float16 if "float16" in kind else np.float32)
        return np.ascontiguousarray(values if last else values.transpose(2, 0, 1))[None]

    def _open(self, run: Run) -> Session:
        if sha256_of(Path(self.file)) != self.checksum:
            raise WeightsError(
                f"{self.file}: its content is not what it was (SHA-256 {self.checksum[:12]}...); fit again"
            )
        session = open_session(Path(self.file), run.device, threads=torch.get_num_threads())
        if not any(len(put.shape) == 4 for put in session.inputs):
            raise WeightsError(f"{self.file}: takes no picture, so it is no detector; give another file")
        return session


def _placed(image: ImageArray, wide: int, high: int, keep: bool) -> tuple[ImageArray, tuple[float, float]]:
    """The picture in the network's size, upper left where its aspect is kept, and its scale along x and y."""
    height, width = image.shape[:2]
    scale = (wide / width, high / height)
    if not keep:
        return np.asarray(cv2.resize(image, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8), scale
    size = max(1, round(width * min(scale))), max(1, round(height * min(scale)))
    seen = np.full((high, wide, 3), GREY, np.uint8)
    seen[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return seen, (size[0] / width, size[1] / height)
