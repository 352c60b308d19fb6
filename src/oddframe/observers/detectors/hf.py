"""Any object detector of the Hugging Face hub (needs `pip install 'oddframe[hf]'`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oddframe.backbones.hub import (
    FILES,
    configuration,
    fetch_model,
    hub_folder,
    is_digest,
    library,
    outside_of,
    preparation,
    revision_of,
)
from oddframe.errors import WeightsError
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.observers.detectors.outputs import detr
from oddframe.types import ImageArray, Outside, Run


class HuggingFaceDetector(ObjectDetector):
    """A detector of transformers: DETR, RT-DETR, D-FINE, YOLOS ... Only safetensors are read, no code is run.

    Args:
        model: a name on the hub ("PekingU/rtdetr_r18vd") that was fetched before, or a local folder.
        revision: a branch, a tag or a commit of the hub; it becomes the commit. Of a folder, the digest of its files.

    Raises:
        SettingsError: transformers is missing.
        WeightsError: there is no such model, it is no detector, or not the one of that revision.
    """

    name = "hf-detector"

    def __init__(self, model: str, revision: str | None = None) -> None:
        model = str(Path(model).expanduser().absolute()) if Path(model).expanduser().is_dir() else model
        self.model = model
        folder = hub_folder(model, revision, FILES[:1])
        self.revision = revision if revision is not None and is_digest(revision) else revision_of(model, folder)
        self._classes = len(configuration(model, folder).id2label)
        self._loaded: tuple[nn.Module, tuple[Tensor, Tensor], dict[str, int]] | None = None

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:
        return outside_of(settings)

    @classmethod
    def fetch(cls, settings: Mapping[str, Any], run: Run = Run()) -> None:  # noqa: ARG003
        fetch_model(str(settings["model"]), settings.get("revision"))

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the loaded network, which stays in its process."""
        return {**self.__dict__, "_loaded": None}

    @torch.inference_mode()
    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        """Raises `WeightsError` where weights are missing or changed."""
        network, (factor, shift), size = self._loaded = self._loaded or self._load()
        network = network.to(run.device)
        x = torch.tensor(image).to(run.device).permute(2, 0, 1)[None].float()  # (1, 3, H, W)
        x = nn.functional.interpolate(x, _sides(size, *image.shape[:2]), mode="bilinear", antialias=True)
        found = network(pixel_values=x * factor.to(x.device) + shift.to(x.device))
        logits, boxes = (value[0].float().cpu().numpy() for value in (found.logits, found.pred_boxes))
        height, width = image.shape[:2]
        return detr(logits, boxes, width, height, no_object=logits.shape[1] == self._classes + 1)

    def _load(self) -> tuple[nn.Module, tuple[Tensor, Tensor], dict[str, int]]:
        folder = hub_folder(self.model, self.revision, FILES)
        if revision_of(self.model, folder) != self.revision:
            raise WeightsError(f"{folder}: its files are not those of {self.revision}; fit again, or restore them")
        try:
            network, report = library("transformers").AutoModelForObjectDetection.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise WeightsError(f"{folder}: is no detector of transformers ({reason}); choose another model") from error
        if report["missing_keys"]:
            missing = ", ".join(sorted(report["missing_keys"])[:3])
            raise WeightsError(f"{folder}: no weights for {missing}, so it is no detector; choose another model")
        return network.eval().requires_grad_(False), preparation(folder), _size(folder)


def _size(folder: Path) -> dict[str, int]:
    """What the model was trained on: "height" and "width", or "shortest_edge" and "longest_edge"."""
    told = json.loads((folder / "preprocessor_config.json").read_text("utf-8")).get("size")
    if isinstance(told, dict) and told and all(isinstance(side, int) for side in told.values()):
        return told
    raise WeightsError(f"{folder}: preprocessor_config.json states no size; take it from the model's page")


def _sides(size: dict[str, int], height: int, width: int) -> tuple[int, int]:
    """Height and width that a picture is given."""
    if "height" in size:
        return size["height"], size["width"]
    short, long = size["shortest_edge"], size.get("longest_edge", 10**9)
    scale = min(short / min(height, width), long / max(height, width))
    return round(height * scale), round(width * scale)
