"""What a user can choose by name: the names (`tables`), and how a name and settings become an object (`building`)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from oddframe.catalog.tables import (
    BACKBONES,
    DATASETS,
    FOREGROUNDS,
    MODELS,
    OBJECT_DETECTORS,
    OBSERVERS,
    PRESETS,
    PROTOCOLS,
    Kind,
    Preset,
    all_names,
    kinds_of,
    names,
    preset,
)

if TYPE_CHECKING:
    from oddframe.catalog.building import Listed, build, construct, describe, described, find, merged, settings_of

__all__ = [
    "BACKBONES",
    "DATASETS",
    "FOREGROUNDS",
    "MODELS",
    "OBJECT_DETECTORS",
    "OBSERVERS",
    "PRESETS",
    "PROTOCOLS",
    "Kind",
    "Listed",
    "Preset",
    "all_names",
    "build",
    "construct",
    "describe",
    "described",
    "find",
    "kinds_of",
    "merged",
    "names",
    "preset",
    "settings_of",
]


_BUILDING = ("Listed", "build", "construct", "describe", "described", "find", "merged", "settings_of")


def __getattr__(name: str) -> Any:
    """Import what builds objects when it is first wanted: it brings PyTorch along, and the names do not need it."""
    if name in _BUILDING:
        return getattr(importlib.import_module("oddframe.catalog.building"), name)
    raise AttributeError(f"module 'oddframe.catalog' has no attribute {name!r}")
