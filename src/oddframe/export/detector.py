"""A saved detector whose backbone is an ONNX file in its own folder: it needs no other weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from oddframe import catalog
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.backbones.onnx import OnnxBackbone
from oddframe.engine import saved
from oddframe.errors import SettingsError, StoreError
from oddframe.export.backbone import export_backbone
from oddframe.files import storing, sync_folder
from oddframe.types import Configured


def export_detector(detector: str | Path, folder: str | Path, *, openvino: bool = False) -> tuple[Path, ...]:
    """Save a detector with its backbone exported; scores agree to 1e-4 of their scale.

    The exported detector is loaded and used as any other. Models stay as they are.

    Args:
        detector: the folder that it was saved to.
        folder: where to write; nothing is there yet.
        openvino: whether to write OpenVINO's files as well, which oddframe itself does not use.

    Returns:
        The files of networks that were written.

    Raises:
        SettingsError: it has no backbone that can be exported, or a package is missing.
        StoreError: the detector cannot be read, or the folder cannot be written or holds something.
        WeightsError: weights are missing.
    """
    parts, target = saved.load(detector), Path(folder).expanduser().absolute()
    if target.exists():
        raise StoreError(f"{target}: is there already; export to another folder")
    with _staging(target) as staging:
        networks = staging / "written"
        observer = catalog.build("observer", parts.observer.name, _exported(parts.observer, networks, openvino))
        if not networks.exists():
            raise SettingsError(f"{detector}: its observer {observer.name!r} has no backbone that can be exported")
        saved.save(staging / "detector", replace(parts, observer=observer, stamps={}), networks)
        networks.rename(staging / "detector" / saved.NETWORKS)
        (staging / "detector").rename(target)
        sync_folder(target.parent)
    return tuple(sorted((target / saved.NETWORKS).iterdir()))


def _exported(part: Configured, networks: Path, openvino: bool) -> dict[str, Any]:
    """A part's settings, in which every backbone of ours is an ONNX file."""
    settings: dict[str, Any] = part.settings()
    for name in settings:
        inner = getattr(part, name)
        if isinstance(inner, ExportableBackbone):
            count = len(list(networks.glob("*.onnx")))
            file = export_backbone(inner, networks, name=f"{inner.name}-{count}", openvino=openvino)[0]
            settings[name] = OnnxBackbone(str(file), antialias=inner.antialias).identity()
        elif isinstance(inner, Configured):
            settings[name] = {"name": inner.name, "settings": _exported(inner, networks, openvino)}
    return settings


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A folder beside the target, which is gone afterwards."""
    place = target.parent.resolve() / f".{target.name}.{uuid4().hex[:12]}.saving"
    with storing(target, "free some space, or choose another folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
