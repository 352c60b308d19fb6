"""Observers and models from names, presets or as they are."""

from __future__ import annotations

from oddframe import catalog
from oddframe.models.base import Model
from oddframe.observers.base import Observer


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
