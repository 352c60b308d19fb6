"""oddframe finds anomalies in video.

`import oddframe as odd` costs next to nothing: every name imports its module when it is first used. So do the rooms
`odd.bench`, `odd.catalog`, `odd.demo`, `odd.draw`, `odd.export` and `odd.report`, which hold the functions behind the
commands.

>>> import oddframe as odd
>>> odd.Detector("knn").preset
'knn'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from oddframe.version import __version__

if TYPE_CHECKING:
    from oddframe import bench, catalog, demo, draw, export, report, weights
    from oddframe.backbones.base import Backbone
    from oddframe.cache.cache import ObservationCache
    from oddframe.engine.detector import Detector
    from oddframe.engine.discover import Discovery, Moment, Spacing, discover
    from oddframe.engine.editing import editing
    from oddframe.errors import OddframeError, OddframeWarning
    from oddframe.models.base import Model, ModelState, Regime, ScoringStream
    from oddframe.models.source import MemorySource, ObservationSource
    from oddframe.observers.base import ObservationStream, Observer
    from oddframe.scoring import Calibration, Scoring, Smoothing
    from oddframe.types import (
        Event,
        Field,
        Frame,
        Observations,
        Progress,
        Run,
        Scored,
        Spec,
        Timeline,
        VideoInfo,
        Window,
    )
    from oddframe.video import ArrayVideo, CameraHealth, Limits, Mask, Video, find_videos, join_videos, open_video

__all__ = [
    "ArrayVideo",
    "Backbone",
    "Calibration",
    "CameraHealth",
    "Detector",
    "Discovery",
    "Event",
    "Field",
    "Frame",
    "Limits",
    "Mask",
    "MemorySource",
    "Model",
    "ModelState",
    "Moment",
    "ObservationCache",
    "ObservationSource",
    "ObservationStream",
    "Observations",
    "Observer",
    "OddframeError",
    "OddframeWarning",
    "Progress",
    "Regime",
    "Run",
    "Scored",
    "Scoring",
    "ScoringStream",
    "Smoothing",
    "Spacing",
    "Spec",
    "Timeline",
    "Video",
    "VideoInfo",
    "Window",
    "__version__",
    "bench",
    "catalog",
    "demo",
    "discover",
    "draw",
    "editing",
    "export",
    "find_videos",
    "join_videos",
    "open_video",
    "report",
    "weights",
]

# Torch and OpenCV take a second to import, so a name brings its module along only when it is first used.
_HOMES = {
    "oddframe.backbones.base": ["Backbone"],
    "oddframe.cache.cache": ["ObservationCache"],
    "oddframe.engine.detector": ["Detector"],
    "oddframe.engine.discover": ["Discovery", "Moment", "Spacing", "discover"],
    "oddframe.engine.editing": ["editing"],
    "oddframe.errors": ["OddframeError", "OddframeWarning"],
    "oddframe.models.base": ["Model", "ModelState", "Regime", "ScoringStream"],
    "oddframe.models.source": ["MemorySource", "ObservationSource"],
    "oddframe.observers.base": ["ObservationStream", "Observer"],
    "oddframe.scoring": ["Calibration", "Scoring", "Smoothing"],
    "oddframe.types": [
        *("Event", "Field", "Frame", "Observations", "Progress", "Run"),
        *("Scored", "Spec", "Timeline", "VideoInfo", "Window"),
    ],
    "oddframe.video": [
        *("ArrayVideo", "CameraHealth", "Limits", "Mask", "Video"),
        *("find_videos", "join_videos", "open_video"),
    ],
}
_ROOMS = ("bench", "catalog", "demo", "draw", "export", "report", "weights")
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"oddframe.{name}")
    raise AttributeError(f"module 'oddframe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
