"""The parts of a detector, from what a user gives: names, objects, classes, and settings by dotted name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from oddframe import catalog
from oddframe.catalog import Preset
from oddframe.catalog.reach import Reach
from oddframe.errors import SettingsError
from oddframe.models.base import Model
from oddframe.observers.base import Observer
from oddframe.scoring import Scoring
from oddframe.types import Configured
from oddframe.video.health import CameraHealth
from oddframe.video.mask import Mask

PARTS: Mapping[str, type[Configured]] = {
    "observer": Observer,
    "model": Model,
    "scoring": Scoring,
    "health": CameraHealth,
}
"""The parts that settings reach, as `model.k`, and what each must be."""

ObserverLike: TypeAlias = Observer | type[Observer] | str | Mapping[str, Any] | None
ModelLike: TypeAlias = Model | type[Model] | str | Mapping[str, Any] | None
MaskLike: TypeAlias = Mask | str | Path | None
Settings: TypeAlias = Mapping[str, Any]
"""Dotted name -> value, as `{"model.k": 3}`; values may be text from a command line."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The parts of a detector, built."""

    observer: Observer
    model: Model
    scoring: Scoring
    health: CameraHealth


def resolve(
    preset: Preset,
    *,
    observer: ObserverLike = None,
    model: ModelLike = None,
    scoring: Scoring | None = None,
    health: CameraHealth | None = None,
    settings: Settings | None = None,
    reach: Reach = Reach(),
) -> Resolved:
    """Build the parts of a detector.

    Args:
        preset: gives the observer and the model that are not given.
        observer, model: a name, an object, a class, or `{"name": ..., "settings": {...}}`.
        scoring, health: objects; None = the defaults.
        settings: changes single settings of parts that are not given as objects.
        reach: what they may read outside, and whether weights may be fetched.

    Raises:
        SettingsError: an unknown name or setting (the nearest known one is named), a value that does not fit, a part of
            another type, or a setting of a part that was given as an object.
    """
    given = {"observer": observer, "model": model, "scoring": scoring, "health": health}
    try:
        single = split(settings or {})
    except UnknownSetting as unknown:
        known = {part: _class_of(part, some, preset) for part, some in given.items()}
        raise SettingsError(unknown.in_words(known)) from None
    return Resolved(
        observer=_built("observer", observer, single["observer"], (preset.observer, preset.observer_settings), reach),
        model=_built("model", model, single["model"], (preset.model, preset.model_settings), reach),
        scoring=_built("scoring", scoring, single["scoring"], None, reach),
        health=_built("health", health, single["health"], None, reach),
    )


class UnknownSetting(SettingsError):
    """A setting of no part that there is."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no setting {name!r}")
        self.name = name

    def in_words(self, classes: Mapping[str, type[Configured]]) -> str:
        """One line with the nearest setting that there is."""
        known = [f"{part}.{setting}" for part, cls in classes.items() for setting in catalog.settings_of(cls)]
        near = [full for full in known if full.endswith(f".{self.name}")]
        near = near or difflib.get_close_matches(self.name, known, n=1)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        return f"no setting {self.name!r}: {hint}there are {', '.join(f'{part}.NAME' for part in classes)}"


def split(settings: Settings, parts: Sequence[str] = tuple(PARTS)) -> dict[str, dict[str, Any]]:
    """Sort settings by the part that they belong to.

    >>> split({"model.k": 3, "observer.backbone.size": 64})
    {'observer': {'backbone.size': 64}, 'model': {'k': 3}, 'scoring': {}, 'health': {}}

    Raises:
        UnknownSetting: a name that begins with none of the parts.
    """
    found: dict[str, dict[str, Any]] = {part: {} for part in parts}
    for name, value in settings.items():
        part, _, setting = name.partition(".")
        if part not in found or not setting:
            raise UnknownSetting(name)
        found[part][setting] = value
    return found


def mask_of(given: MaskLike) -> Mask | None:
    """The mask that was given, or the one in the picture of that name.

    Raises:
        SettingsError: it is neither, or the file is no picture.
    """
    if isinstance(given, str | Path):
        return Mask.from_file(given)
    if given is None or isinstance(given, Mask):
        return given
    raise SettingsError(f"mask is a Mask or the file of a picture, not {_a(given)}")


def preset_of(name: str) -> Preset:
    """The preset of that name; raises `SettingsError` where there is none, or where it is no name."""
    if not isinstance(name, str):
        raise SettingsError(f"preset is a name, as 'default', not {_a(name)}; give parts as observer=... and model=...")
    return catalog.preset(name)


def _built(part: str, given: Any, own: Settings, default: tuple[str, Settings] | None, reach: Reach) -> Any:
    """One part; `default` is its name and settings where it has a name, else its class itself is built."""
    base = PARTS[part]
    if isinstance(given, base):
        if own:
            name = next(iter(own))
            raise SettingsError(f"{part}.{name}: the {part} is given as an object; give {name} to its constructor")
        return given
    if given is None and default is None:
        return catalog.construct(base, catalog.merged(base().settings(), own) if own else {})
    if isinstance(given, type) and issubclass(given, base):
        return catalog.construct(given, catalog.merged({}, own), reach)
    name, settings = _named(part, given, default)
    return catalog.build(part, name, catalog.merged(settings, own), reach)  # type: ignore[call-overload]


def _named(part: str, given: Any, default: tuple[str, Settings] | None) -> tuple[str, Settings]:
    """The name and the settings that were given, or the default."""
    if default is not None:
        if given is None:
            return default
        if isinstance(given, str):
            return given, {}
        if isinstance(given, Mapping) and given.keys() <= {"name", "settings"} and isinstance(given.get("name"), str):
            settings = given.get("settings", {})
            if isinstance(settings, Mapping):
                return given["name"], settings
    forms = 'a name, an object, a class or {"name": ..., "settings": {...}}' if default else f"a {PARTS[part].__name__}"
    raise SettingsError(f"{part} is {forms}, not {_a(given)}")


def _class_of(part: str, given: Any, preset: Preset) -> type[Configured]:
    """The class that a part will have, as far as can be told; for hints."""
    if isinstance(given, type) and issubclass(given, Configured):
        return given
    if isinstance(given, Configured):
        return type(given)
    if part not in ("observer", "model"):
        return PARTS[part]
    name = given.get("name") if isinstance(given, Mapping) else given
    return catalog.find(part, name if isinstance(name, str) else getattr(preset, part))  # type: ignore[arg-type]


def _a(given: Any) -> str:
    """What something is, in a few words: never its content, which may be large."""
    if isinstance(given, str | bool | int | float):
        return repr(given)[:60]
    kind = type(given).__name__
    return f"the class {given.__name__}" if isinstance(given, type) else f"a value of type {kind}"
