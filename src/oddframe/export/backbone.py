"""A backbone's network as an ONNX file and, where it is wanted, as OpenVINO's."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from oddframe.backbones.base import Backbone
from oddframe.backbones.exportable import ExportableBackbone
from oddframe.errors import SettingsError
from oddframe.files import replace_durably, storing

_REMEDY = "free some space, or choose another folder"


def export_backbone(
    backbone: Backbone, folder: str | Path, *, name: str | None = None, openvino: bool = False
) -> tuple[Path, ...]:
    """Write one backbone's network: `pixels` (batch, 3, size, size), or (batch, 3, frames, size, size), to `features`.

    Pixels are RGB from 0 to 255; what a network is normalised by is in the file.

    Args:
        backbone: which.
        folder: where to write; it is made where it is missing.
        name: of the file, without its ending; None = the backbone's.
        openvino: as in `export`.

    Returns:
        The files that were written.

    Raises:
        SettingsError, WeightsError, StoreError: as in `export`.
    """
    if not isinstance(backbone, ExportableBackbone):
        raise SettingsError(f"{backbone.name}: is no network of ours, so it cannot be exported")
    convert = _openvino() if openvino else None
    content, place = backbone.onnx(), Path(folder).expanduser()
    file = place / f"{name or backbone.name}.onnx"
    with storing(file, _REMEDY):
        place.mkdir(parents=True, exist_ok=True)
        replace_durably(file, content)
        if convert is None:
            return (file,)
        xml = file.with_suffix(".xml")
        convert.save_model(convert.convert_model(str(file)), str(xml), compress_to_fp16=False)
    return file, xml, file.with_suffix(".bin")


def _openvino() -> Any:
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise SettingsError(f"export: needs openvino ({error}); pip install 'oddframe[openvino]'") from error
