"""A detector from names and settings, as a command line or a file gives them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oddframe import catalog
from oddframe.engine.detector import Detector
from oddframe.errors import SettingsError
from oddframe.scoring import Scoring
from oddframe.video import Mask


def read_settings(pairs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """`["model.k=3"]` -> `{"model": {"k": "3"}, ...}` for observer, model and scoring (see `catalog.merged` for dots).

    Raises:
        SettingsError: not of that form.
    """
    found: dict[str, dict[str, Any]] = {"observer": {}, "model": {}, "scoring": {}}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        part, dot, setting = name.strip().partition(".")
        if not equals or not dot or part not in found:
            raise SettingsError(f"--set {pair}: write observer.NAME=VALUE, model.NAME=VALUE or scoring.NAME=VALUE")
        found[part][setting] = value.strip()
    return found


def detector_of(
    preset: str, observer: str | None, model: str | None, settings: Sequence[str], mask: Path | None
) -> Detector:
    """An unfitted detector: a preset, its parts replaced by name and changed by settings."""
    chosen, given = catalog.preset(preset), read_settings(settings)
    seeing = {} if observer else dict(chosen.observer_settings)
    judging = {} if model else dict(chosen.model_settings)
    return Detector(
        preset,
        observer=catalog.build("observer", observer or chosen.observer, catalog.merged(seeing, given["observer"])),
        model=catalog.build("model", model or chosen.model, catalog.merged(judging, given["model"])),
        scoring=catalog.construct(Scoring, given["scoring"]),
        mask=None if mask is None else Mask.from_file(mask),
    )
