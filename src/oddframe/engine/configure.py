"""The parts of a detector, from names and settings as a command line or a file gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oddframe import catalog
from oddframe.errors import SettingsError
from oddframe.models.base import Model
from oddframe.observers.base import Observer


def read_settings(pairs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read `["model.k=3"]` as `{"model": {"k": "3"}, ...}`, for observer, model and scoring (dots: `catalog.merged`).

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


def observer_of(given: Observer | str | None, preset: catalog.Preset) -> Observer:
    """The observer that was given, by itself or by name; else the preset's."""
    if isinstance(given, str):
        return catalog.build("observer", given)
    return given or catalog.build("observer", preset.observer, preset.observer_settings)


def model_of(given: Model | str | None, preset: catalog.Preset) -> Model:
    """The model that was given, by itself or by name; else the preset's."""
    if isinstance(given, str):
        return catalog.build("model", given)
    return given or catalog.build("model", preset.model, preset.model_settings)
