"""A detector's parts as a folder, and back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import torch
from torch import Tensor

from oddframe import catalog
from oddframe.catalog.reach import Reach, remember
from oddframe.engine import store
from oddframe.engine.fitted import Fitted
from oddframe.errors import SettingsError, StoreError
from oddframe.files import MALFORMED
from oddframe.models.base import Model, ModelState
from oddframe.observers.base import Observer
from oddframe.scoring import NormalScores, Scoring
from oddframe.types import Configured, Json
from oddframe.video.health import CameraHealth
from oddframe.video.mask import Mask

P = TypeVar("P", bound=Configured)

NORMAL = "normal"
"""The group of tensors that is not the model's but the calibration's."""

NETWORKS, INSIDE = "networks", "{networks}/"
"""The folder in a detector's own for networks that it brings along, and how its settings name that folder."""

_MALFORMED: tuple[type[Exception], ...] = (SettingsError, RuntimeError, *MALFORMED)
"""What settings and tensors of a damaged detector may raise; RuntimeError is torch's."""

Stamps: TypeAlias = dict[Path, str]
"""Folder -> the stamp of the save there that a detector came from, or went to."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a detector consists of before it is fitted: all that can be chosen."""

    preset: str
    observer: Observer
    model: Model
    scoring: Scoring
    mask: Mask | None
    health: CameraHealth

    def to_json(self) -> dict[str, Json]:
        """Everything's identity, as JSON values."""
        return {
            "preset": self.preset,
            "observer": self.observer.identity(),
            "model": self.model.identity(),
            "scoring": self.scoring.identity(),
            "mask": None if self.mask is None else self.mask.identity(),
            "health": self.health.identity(),
        }


@dataclass(frozen=True, slots=True)
class Parts(Chosen):
    """What a fitted detector consists of, and which saves it knows."""

    fitted: Fitted
    stamps: Stamps = field(default_factory=dict)


def save(folder: str | Path, parts: Parts, networks: Path | None = None) -> None:
    """Write the parts, and note the save in their stamps; raises `StoreError` as `store.write` does.

    Args:
        folder: where.
        parts: what.
        networks: a folder that is going to be the detector's own folder of networks; None = it is there already.
    """
    state = parts.model.state()
    place = Path(folder).expanduser().resolve()
    own = networks or place / NETWORKS
    document = {
        **parts.to_json(),
        "observer": _moved(parts.observer.identity(), f"{own}{os.sep}", INSIDE),
        "mask": None if parts.mask is None else parts.mask.to_json(),
        "fitted": parts.fitted.to_json(),
        "model_meta": dict(state.meta),
    }
    groups = _groups(state.tensors) | _held_out(parts.fitted.calibration.normal)
    for part in (parts.observer, parts.model):
        remember(part)
    parts.stamps[place] = store.write(folder, document, groups, parts.stamps.get(place))


def load(folder: str | Path, *, allow_fetch: bool = False, allow_files: Sequence[str | Path] = ()) -> Parts:
    """Read the parts.

    Args:
        folder: where they were saved.
        allow_fetch, allow_files: as in `Detector.load`.

    Raises:
        StoreError: damaged, or fitted with parts that are not there or mean something else by now.
        NewerFormat: a newer version of oddframe wrote it.
    """
    document, tensors, stamp = store.read(folder)
    own = Path(folder).expanduser().resolve() / NETWORKS
    reach = Reach(allow_fetch, (own, *(Path(file).expanduser().absolute() for file in allow_files)))
    try:
        observer = _observer(_moved(document["observer"], INSIDE, f"{own}{os.sep}"), folder, reach)
        model = _model(document["model"], folder, reach)
        mask = None if document["mask"] is None else Mask.from_json(document["mask"])
        held = tensors.pop(NORMAL, None)
        normal = None if held is None else NormalScores.from_arrays({name: held[name].numpy() for name in held})
        fitted = Fitted.from_json(document["fitted"], normal)
        whole = {name: tensor for group in tensors.values() for name, tensor in group.items()}
        model.restore(ModelState(whole, document["model_meta"]))
        scoring = _checked(catalog.construct(Scoring, document["scoring"]["settings"]), document["scoring"], folder)
        health = _checked(catalog.construct(CameraHealth, document["health"]["settings"]), document["health"], folder)
        stamps = {Path(folder).expanduser().resolve(): stamp}
        return Parts(str(document["preset"]), observer, model, scoring, mask, health, fitted, stamps)
    except StoreError as error:
        named = str(folder) in str(error)
        raise error if named else StoreError(f"{folder}: {str(error)[:400]}") from error
    except _MALFORMED as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{folder}: its description is damaged ({reason}); fit and save it again") from error


def _moved(value: Any, before: str, after: str) -> Any:
    """JSON values in which every text that begins with `before` begins with `after` instead."""
    if isinstance(value, dict):
        return {key: _moved(item, before, after) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, before, after) for item in value]
    return after + value.removeprefix(before) if isinstance(value, str) and value.startswith(before) else value


def _held_out(normal: NormalScores | None) -> dict[str, dict[str, Tensor]]:
    """What was held out, in a file of its own: a model's corrections leave it as it is."""
    if normal is None:
        return {}
    return {NORMAL: {name: torch.tensor(array) for name, array in normal.arrays().items()}}


def _groups(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """A file for each of the model's parts, so that a change to one rewrites no other."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, dot, _ = name.partition(".")
        groups.setdefault(f"model-{part}" if dot and part.isidentifier() else "model", {})[name] = tensor
    return groups


def _observer(identity: dict[str, Any], folder: str | Path, reach: Reach) -> Observer:
    with _needing(identity, folder):
        made = catalog.build("observer", identity["name"], _whole("observer", identity), reach)
    return _checked(made, identity, folder)


def _model(identity: dict[str, Any], folder: str | Path, reach: Reach) -> Model:
    with _needing(identity, folder):
        made = catalog.build("model", identity["name"], _whole("model", identity), reach)
    return _checked(made, identity, folder)


def _whole(kind: Literal["observer", "model"], identity: dict[str, Any]) -> dict[str, Any]:
    """Saved settings, and those that were added since as they were before."""
    return {**catalog.find(kind, identity["name"]).implied, **identity["settings"]}


@contextmanager
def _needing(identity: dict[str, Any], folder: str | Path) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise StoreError(
            f"{folder}: needs {identity['name']!r}, which cannot be made here ({error});"
            " the package that brings it may be missing or of another version"
        ) from error


def _checked(made: P, identity: dict[str, Any], folder: str | Path) -> P:
    """Refuse a part whose settings have come to mean something else since the detector was saved."""
    if not _agrees(identity, made.identity()):
        raise StoreError(
            f"{folder}: was fitted with {identity['name']!r} version {identity['version']}, this is {made.name!r}"
            f" version {made.version}; fit it again"
        )
    return made


def _agrees(saved: Any, made: Any) -> bool:
    """Whether all that was saved is still so; settings that are new since then have their defaults."""
    if isinstance(saved, dict):
        return isinstance(made, dict) and all(key in made and _agrees(saved[key], made[key]) for key in saved)
    return bool(saved == made)
