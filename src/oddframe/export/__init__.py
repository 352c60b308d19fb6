"""Networks as files that other programs run: of a backbone, or of a whole detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oddframe import catalog
from oddframe.backbones.base import Backbone
from oddframe.engine.store import is_detector
from oddframe.errors import SettingsError
from oddframe.export.backbone import export_backbone
from oddframe.export.detector import export_detector

__all__ = ["export", "export_backbone", "export_detector"]


def export(
    what: str | Path | Backbone,
    folder: str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    openvino: bool = False,
) -> tuple[Path, ...]:
    """Write the networks of a backbone or of a saved detector.

    Args:
        what: the name of a backbone or a backbone; or the folder of a saved detector, which becomes a detector that
            runs its backbone from an ONNX file in its own folder.
        folder: where to write.
        settings: of a backbone that is named, as {"size": 64}.
        openvino: whether to write OpenVINO's files (.xml, .bin) beside every ONNX file.

    Returns:
        The files of networks that were written.

    Raises:
        SettingsError: there is neither, it cannot be exported, or a package is missing.
        WeightsError: weights are missing.
        StoreError: the folder cannot be written, or the detector cannot be read.
    """
    if isinstance(what, Backbone):
        return export_backbone(what, folder, openvino=openvino)
    if is_detector(what):
        if settings:
            raise SettingsError(f"{what}: is a saved detector, so it takes no settings; leave out --set")
        return export_detector(what, folder, openvino=openvino)
    if str(what) not in catalog.names("backbone"):
        known = ", ".join(sorted(catalog.names("backbone")))
        raise SettingsError(f"{what}: is no saved detector and no backbone; give a folder, or one of {known}")
    return export_backbone(catalog.build("backbone", str(what), settings or {}), folder, openvino=openvino)
