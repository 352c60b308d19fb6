"""One instance of each frozen value object of the package, made from its type hints where that is enough."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import pkgutil
import types
import typing
from collections import abc
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

import oddframe
from oddframe.datasets.base import DataSet, LabelledBoxes, LabelledVideo
from oddframe.datasets.formats.layout import StoredDataSet
from oddframe.datasets.walkway import WalkwayDataSet
from oddframe.datasets.weak import WeakDataSet
from oddframe.engine.explainer import Keeping
from oddframe.engine.holdout import HoldOut
from oddframe.index.slots import Slot
from oddframe.metrics import DetectedRegions, TrueRegions
from oddframe.models.base import Model
from oddframe.models.cbcg.scoring import WeakScorer
from oddframe.models.knn import KNN
from oddframe.models.lbr_spr.scoring import ErrorStandard, LBRScorer
from oddframe.models.lgn.scoring import Watcher
from oddframe.observers.base import Observer
from oddframe.observers.detectors.base import Detections
from oddframe.observers.detectors.pose import Poses
from oddframe.observers.objects import Objects
from oddframe.scoring.events import EventPeaks
from oddframe.scoring.normal import FrameSample
from oddframe.training.devices import Machine
from oddframe.training.loop import _Loop
from oddframe.types import Boxes, Frame, HotSpots, Observations, Scored, Timeline, Times, VideoInfo
from oddframe.video.array import ArrayVideo
from oddframe.video.base import Video
from oddframe.video.health.view import GRID, View
from oddframe.video.levels import Levels
from oddframe.video.mask import Mask
from oddframe.walkway.clip import SyntheticClip
from oddframe.walkway.painter import Painter
from oddframe.walkway.scene import Walkway

BOX = np.array([[1, 2, 3, 4], [2, 3, 4, 5]], np.float32)
TWO = np.array([0, 1])
INFO = VideoInfo("v", 8, 6, Fraction(25), 2)


def value_types() -> list[type[Any]]:
    """Every frozen dataclass and named tuple that the package defines."""
    found = set()
    for module in pkgutil.walk_packages(oddframe.__path__, "oddframe."):
        if not module.name.endswith("__main__"):
            held = vars(importlib.import_module(module.name)).values()
            found |= {kind for kind in held if isinstance(kind, type) and kind.__module__ == module.name}
    return sorted((kind for kind in found if _is_value(kind)), key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def _is_value(kind: Any) -> bool:
    if dataclasses.is_dataclass(kind):
        return bool(getattr(kind, "__dataclass_params__").frozen)  # noqa: B009
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def example(hint: Any) -> Any:
    """A value of a type hint."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None or isinstance(hint, types.UnionType):
        return _generic(origin, inner)
    if hint in EXAMPLES:
        return EXAMPLES[hint]()
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and _is_value(hint):
        return hint(**{name: example(one) for name, one in _fields(hint).items()})
    return hint()


def _generic(origin: Any, inner: tuple[Any, ...]) -> Any:  # noqa: PLR0911
    if origin in (typing.Union, types.UnionType):
        return example(inner[0])
    if origin is typing.Literal:
        return inner[0]
    if origin is np.ndarray:
        kind = typing.get_args(inner[1])[0]
        return np.ones(2, np.float64 if kind is Any else kind)
    if origin is tuple:
        return tuple(example(one) for one in inner if one is not Ellipsis)
    if origin in (dict, abc.Mapping):
        return {example(inner[0]): example(inner[1])}
    if origin is abc.Callable:
        return len
    made = example(inner[0])
    return [made] if origin in (list, abc.Sequence) else frozenset([made])


def _fields(kind: type[Any]) -> dict[str, Any]:
    known = {"Sequence": abc.Sequence, "Mapping": abc.Mapping, "Json": int, "Video": Video}
    hints = typing.get_type_hints(kind, localns=known)
    if not dataclasses.is_dataclass(kind):
        return hints
    return {field.name: hints[field.name] for field in dataclasses.fields(kind) if field.init}


def _observations() -> Observations:
    span = np.array([[0, 1], [1, 2]])
    data = {"flow": torch.ones(2, 3)}
    return Observations("v", TWO, span, TWO, BOX, data, TWO, through=2)


def _scored() -> Scored:
    ones = np.ones(2, np.float32)
    maps = np.ones((2, 2, 2), np.float32)
    return Scored(_observations().columns(), ones, {"motion": ones}, maps, example(HotSpots))


def _timeline() -> Timeline:
    scores, p_values = np.array([0.5, np.nan], np.float32), np.array([0.25, np.nan], np.float32)
    made: Timeline = Timeline(INFO, scores, np.isfinite(scores), _scored(), ((1, 2, "dark"),), 0.4, (), p_values, 0.3)
    return made


EXAMPLES: dict[Any, abc.Callable[[], Any]] = {
    **{Any: lambda: 1, int: lambda: 2, float: lambda: 0.5, str: lambda: "a", bool: lambda: True, object: lambda: 1},
    **{types.NoneType: lambda: None, Path: lambda: Path("a"), Fraction: lambda: Fraction(25)},
    **{
        torch.Tensor: lambda: torch.ones(2),
        torch.dtype: lambda: torch.uint8,
        torch.device: lambda: torch.device("cpu"),
    },
    datetime: lambda: datetime(2026, 1, 2, tzinfo=UTC),
    Times: lambda: Times(Fraction(25), np.array([0.0, 0.04])),
    Levels: lambda: Levels(1.0, 2.0),
    slice: lambda: slice(0, 2),
    VideoInfo: lambda: INFO,
    Boxes: lambda: Boxes(TWO, BOX),
    Frame: lambda: Frame(0, 0.0, np.ones((6, 8, 3), np.uint8), Boxes(TWO, BOX), np.ones(3, np.float32)),
    HotSpots: lambda: HotSpots(TWO, BOX, np.ones(2, np.float32)),
    Observations: _observations,
    Scored: _scored,
    Timeline: _timeline,
    Poses: lambda: Poses(np.ones((2, 17, 2), np.float32), np.ones((2, 17), np.float32)),
    Detections: lambda: Detections(BOX, np.ones(2, np.float32), TWO),
    TrueRegions: lambda: TrueRegions(frames=2, frame=TWO, box=BOX.astype(np.float64), track=TWO),
    DetectedRegions: lambda: DetectedRegions(frame=TWO, box=BOX.astype(np.float64), score=np.ones(2)),
    LabelledBoxes: lambda: LabelledBoxes(TWO, BOX, TWO),
    FrameSample: lambda: FrameSample.draw(np.arange(9, dtype=np.float32)),
    EventPeaks: lambda: EventPeaks(np.ones(2, np.float32), TWO, np.ones(2), 3.0),
    View: lambda: View(np.arange(GRID[0] * GRID[1], dtype=np.float32).reshape(GRID)),
    Mask: lambda: Mask(look=np.array([[True, False]]), aspect=2.0),
    ErrorStandard: lambda: ErrorStandard(torch.zeros(1, 2), torch.ones(1, 2)),
    Slot: lambda: Slot(slice(0, 2), slice(2, 4)),
    Walkway: Walkway,
    SyntheticClip: lambda: SyntheticClip(Painter(Walkway(seconds=1)), 1),
    Painter: lambda: Painter(Walkway(seconds=1)),
    Video: lambda: ArrayVideo(np.ones((2, 6, 8, 3), np.uint8), fps=25, name="v"),
    Observer: Objects,
    Model: KNN,
    Keeping: lambda: Keeping(KNN()),
    DataSet: WalkwayDataSet,
}
"""Where type hints do not say what a sensible value is."""

ABSTRACT: set[type[Any]] = {StoredDataSet, WeakDataSet}
"""Bases of value objects: none is ever made."""

LIVE: set[type[Any]] = {LBRScorer, WeakScorer, Watcher, HoldOut, Machine, _Loop, LabelledVideo}
"""What holds running things or functions and lives as long as they do; a data set travels instead of its videos."""
