"""Poses: 17 key points of each person that a detector found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import SettingsError, WeightsError
from oddframe.types import Configured, FloatArray, ImageArray, Run, Value, frozen_array
from oddframe.weights.session import Session, open_session
from oddframe.weights.store import required
from oddframe.weights.table import find

KEY_POINTS = (
    "nose",
    *("left eye", "right eye", "left ear", "right ear"),
    *("left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist"),
    *("left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle"),
)
"""Names of the key points, in order (COCO's)."""

SIDE = 192
"""Pixels of the sides of what the network sees."""


@dataclass(frozen=True, slots=True, eq=False)
class Poses(Value):
    """Key points of N people.

    Args:
        point: (N, 17, 2) x and y in pixels of the picture; NaN where nothing is reported.
        confidence: (N, 17) 0 .. 1; 0 where nothing is reported.

    Raises:
        ValueError: shapes disagree.
    """

    point: FloatArray
    confidence: FloatArray

    def __post_init__(self) -> None:
        count = len(KEY_POINTS)
        object.__setattr__(self, "point", frozen_array(self.point, np.float32, "point", None, count, 2))
        told = frozen_array(self.confidence, np.float32, "confidence", len(self.point), count)
        object.__setattr__(self, "confidence", told)

    def __len__(self) -> int:
        return len(self.point)


class MoveNet(Configured):
    """MoveNet lightning on a square around each box (`oddframe models get movenet-lightning`).

    Of people who are too small nothing is reported: their key points come with a confidence of 0 and no place. So it is
    with single key points under `certainty`.

    Args:
        smallest: pixels of the source, of a box's longer side, from which on people are looked at.
        certainty: confidence of a key point under which it is not reported.
        margin: share of a box's longer side that is added around it.
        revision: of the weights, filled in where it is not given: so caches and saved detectors notice other ones.

    Raises:
        SettingsError: a value out of range.
        WeightsError: the weights are not on this machine, or not those of that revision.
    """

    name = "movenet-lightning"

    def __init__(
        self,
        *,
        smallest: float = 50.0,
        certainty: float = 0.2,
        margin: float = 0.25,
        revision: str | None = None,
    ) -> None:
        if smallest < 1 or not 0 <= certainty < 1 or margin < 0:
            raise SettingsError(
                "movenet-lightning: smallest is at least 1, certainty lies in 0 .. 1, margin is 0 or more"
            )
        self.smallest, self.certainty, self.margin = smallest, certainty, margin
        present = find(self.name).revision
        if revision not in (None, present):
            raise WeightsError(
                f"{self.name}: weights of revision {revision} are wanted, and these are {present}; fit again"
            )
        self.revision = present
        required(self.name)
        self._session: Session | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the loaded network, which stays in its process."""
        return {**self.__dict__, "_session": None}

    def find(self, image: ImageArray, boxes: FloatArray, run: Run = Run()) -> Poses:
        """Key points of the person in each box.

        Args:
            image: (H, W, 3) uint8 RGB.
            boxes: (N, 4) x0 y0 x1 y1, pixels of the picture.
            run: where.

        Raises:
            WeightsError: the weights are gone.
        """
        point = np.full((len(boxes), len(KEY_POINTS), 2), np.nan, np.float32)
        confidence = np.zeros((len(boxes), len(KEY_POINTS)), np.float32)
        for row, box in enumerate(np.asarray(boxes, np.float64)):
            longer = float(max(box[2] - box[0], box[3] - box[1]))
            if longer >= self.smallest:
                side = longer * (1 + 2 * self.margin)
                corner = (box[:2] + box[2:] - side) / 2
                found = self._look(image, corner, side, run)  # (17, 3) y, x as shares, confidence
                sure = found[:, 2] >= self.certainty
                point[row, sure] = corner + found[sure, 1::-1] * side
                confidence[row, sure] = found[sure, 2]
        return Poses(point, confidence)

    def _look(
        self, image: ImageArray, corner: npt.NDArray[np.float64], side: float, run: Run
    ) -> npt.NDArray[np.float32]:
        session = self._session = self._session or open_session(required(self.name), run.device)
        crop = _square(image, corner, side)[None].astype(np.int32)
        return np.asarray(session.run({"picture": crop})["keypoints"][0, 0], np.float32)


def _square(image: ImageArray, corner: npt.NDArray[np.float64], side: float) -> ImageArray:
    """(192, 192, 3) of a square of the picture, black where it has none; averaged where it shrinks."""
    whole = max(1, round(side))
    left, top = (round(float(place)) for place in corner)
    cut = np.zeros((whole, whole, 3), np.uint8)
    x0, y0 = max(left, 0), max(top, 0)
    part = image[y0 : max(top + whole, y0), x0 : max(left + whole, x0)]
    cut[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]] = part
    way = cv2.INTER_AREA if whole > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=way), np.uint8)
