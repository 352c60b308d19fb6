"""A threshold that is older than what its detector knows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from oddframe.engine.detector import Detector
from oddframe.errors import StaleThreshold


@contextmanager
def saying_once(detector: Detector) -> Iterator[None]:
    """What is to be said of the threshold is said once, and not for each video."""
    if detector.stale is not None and detector.calibration.threshold is not None:
        warnings.warn(detector.stale, StaleThreshold, stacklevel=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleThreshold)
        yield
