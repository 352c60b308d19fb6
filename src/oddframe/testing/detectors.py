"""What every object detector must do. Each check takes a detector and a picture in which it finds something."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from oddframe import catalog
from oddframe.errors import OddframeError
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.types import ImageArray


def check_finds_something(detector: ObjectDetector, picture: ImageArray) -> None:
    """Something is found; without this the other checks would be empty."""
    assert len(detector.find(picture)), "nothing found"


def check_values(detector: ObjectDetector, picture: ImageArray) -> None:
    """Boxes are finite and not empty, scores lie in 0 .. 1, classes are counted from 0, and columns agree."""
    found = detector.find(picture)
    assert np.isfinite(found.box).all()
    assert (found.box[:, :2] < found.box[:, 2:]).all()
    assert ((found.score >= 0) & (found.score <= 1)).all()
    assert (found.kind >= 0).all()
    if found.probability is not None:
        assert (found.probability.argmax(axis=1) == found.kind).all()
        np.testing.assert_allclose(found.probability.max(axis=1), found.score)
    assert all(np.isfinite(rows).all() for rows in found.features.values())


def check_repeatable(detector: ObjectDetector, picture: ImageArray) -> None:
    """The same picture gives the same detections, to the last bit, whatever was looked at before."""
    once = detector.find(picture)
    detector.find(picture[::-1])
    assert_same(detector.find(picture), once)


def check_input_untouched(detector: ObjectDetector, picture: ImageArray) -> None:
    """The detector writes to no picture, and takes one that may not be written to."""
    copy = picture.copy()
    copy.flags.writeable = False
    detector.find(copy)
    assert (copy == picture).all()


def check_memory_layout(detector: ObjectDetector, picture: ImageArray) -> None:
    """Only a picture's values matter, not how they lie in memory."""
    assert_same(detector.find(np.asfortranarray(picture)), detector.find(np.ascontiguousarray(picture)))


def check_odd_sizes(detector: ObjectDetector, picture: ImageArray) -> None:
    """Pictures of any sides are taken, or refused by an error of ours."""
    for height, width in ((33, 47), (1, 1), (31, 200), (200, 32), (97, 640)):
        with suppress(OddframeError):
            detector.find(picture[:1, :1].repeat(height, 0).repeat(width, 1))


def check_travels(detector: ObjectDetector, picture: ImageArray) -> None:
    """A copy in another process does the same, though the network stays behind."""
    found = detector.find(picture)
    packed = pickle.dumps(detector)
    assert len(packed) < 100_000, "the network travels along"
    assert_same(pickle.loads(packed).find(picture), found)  # noqa: S301  (its own)


def check_settings_round_trip(detector: ObjectDetector, picture: ImageArray) -> None:
    """Name and settings are the whole identity: what the catalog builds from them does the same."""
    again = catalog.build("object-detector", detector.name, detector.settings())
    assert again.identity() == detector.identity()
    assert_same(again.find(picture), detector.find(picture))


CHECKS: Sequence[Callable[[ObjectDetector, ImageArray], None]] = (
    check_finds_something,
    check_values,
    check_repeatable,
    check_input_untouched,
    check_memory_layout,
    check_odd_sizes,
    check_travels,
    check_settings_round_trip,
)


def assert_same(one: Detections, other: Detections) -> None:
    """Fail unless two sets of detections are equal, bit for bit."""
    for column in ("box", "score", "kind", "probability"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column), err_msg=column)
    assert one.features.keys() == other.features.keys()
    for name, rows in one.features.items():
        np.testing.assert_array_equal(rows, other.features[name], err_msg=name)
