"""The detectors of a bench: named by preset, by observer and model, or saved earlier."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oddframe import catalog
from oddframe.catalog.reach import Reach
from oddframe.engine.detector import Detector
from oddframe.engine.store import is_detector
from oddframe.errors import SettingsError
from oddframe.observers.base import Observer
from oddframe.scoring import Scoring
from oddframe.types import Medium

Settings = Mapping[str, Mapping[str, Any]]
"""Part ("observer", "model" or "scoring") -> setting -> value."""


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """A detector that takes part.

    Args:
        title: the name that the user gave.
        detector: fitted if it was saved earlier, else not yet.
        saved: the folder that it was loaded from; None where the bench fits it.
        protocol: the title of its paper's protocol.
    """

    title: str
    detector: Detector
    saved: str | None
    protocol: str

    @property
    def slug(self) -> str:
        """The title, made fit for a file name."""
        return re.sub(r"[^A-Za-z0-9.+-]+", "-", self.title).strip("-.") or "detector"


def contestant(
    title: str,
    medium: Medium,
    seed: int,
    settings: Settings | None = None,
    *,
    allow_fetch: bool = False,
    allow_files: Sequence[str | Path] = (),
) -> Contestant:
    """Find the detector of that title.

    Args:
        title: a preset ("knn"), an observer and a model ("snippet+knn"), or the folder of a saved detector.
        medium: what the data set's recordings hold. If a preset's observer takes another medium, its model is used with
            the observer that is named after the medium (in segments, if the preset has segments).
        seed: for a model that takes one, unless the settings have one.
        settings: of observer, model and scoring; a saved detector keeps its own.
        allow_fetch, allow_files: as in `Detector.load`; settings may name any file.

    Raises:
        SettingsError: no such detector, or settings that do not fit.
        StoreError: the saved one cannot be read.
    """
    if is_detector(title):
        loaded = Detector.load(title, allow_fetch=allow_fetch, allow_files=allow_files)
        return Contestant(title, loaded, title, _protocol(loaded.preset))
    given = settings or {}
    observer, plus, model = title.partition("+")
    preset = catalog.Preset(observer, model) if plus else catalog.preset(title)
    watching = _observer(preset, medium, given.get("observer", {}), Reach(allow_fetch), fixed=bool(plus))
    cls = catalog.find("model", preset.model)
    seeded = {"seed": seed} if "seed" in inspect.signature(cls).parameters else {}
    settled = catalog.merged({**preset.model_settings, **seeded}, given.get("model", {}))
    judging = catalog.build("model", preset.model, settled)
    scoring = catalog.construct(Scoring, given.get("scoring", {}))
    name = "default" if plus else title
    return Contestant(title, Detector(name, observer=watching, model=judging, scoring=scoring), None, preset.protocol)


def _observer(
    preset: catalog.Preset, medium: Medium, given: Mapping[str, Any], reach: Reach, *, fixed: bool
) -> Observer:
    settings = catalog.merged(preset.observer_settings, given)
    if fixed:
        named = catalog.build("observer", preset.observer, settings, reach)
        if named.medium != medium:
            raise SettingsError(f"observer {preset.observer!r} does not look at {medium}; choose another before the +")
        return named
    if catalog.build("observer", preset.observer, preset.observer_settings, reach).medium == medium:
        return catalog.build("observer", preset.observer, settings, reach)
    if preset.observer == "segments" and medium != "features":  # features are told of segments already
        return catalog.build("observer", "segments", catalog.merged({"observer": medium}, given), reach)
    return catalog.build("observer", medium, given, reach)


def _protocol(preset: str) -> str:
    known = catalog.PRESETS.get(preset)
    return known.protocol if known is not None else catalog.PRESETS["default"].protocol
