"""Any video or picture model of the Hugging Face hub as a backbone (needs `pip install 'oddframe[hf]'`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from oddframe.backbones.base import Backbone
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
from oddframe.errors import SettingsError, WeightsError
from oddframe.types import Outside, Run


class HuggingFace(Backbone):
    """A pretrained model of transformers: VideoMAE, ViViT, X-CLIP, DINOv2, DINOv3, SigLIP, CLIP, ViT ...

    What it takes is read from its configuration: a model with `num_frames` is a video backbone. Pictures are squeezed
    to its size and normalised with its own mean and deviation. Only safetensors are read, and no code that comes with
    a model is run.

    Args:
        model: a name on the hub ("MCG-NJU/videomae-base") that was fetched before (`fetch`, or --allow-fetch), or a
            local folder.
        revision: a branch, a tag or a commit of the hub; it becomes the commit. Of a folder, the digest of its
            files. So a saved detector finds the same weights, or says so.
        pool: "auto": the picture's or video's embedding where the model also reads text, else its pooled output, else
            the "mean" over the last layer's tokens; "first": its first token alone.

    Raises:
        SettingsError: transformers is missing, or the model does not look at pictures.
        WeightsError: there is no such model, or it is not the one of that revision.
    """

    name = "hf"

    def __init__(
        self, model: str, revision: str | None = None, pool: Literal["auto", "mean", "first"] = "auto"
    ) -> None:
        if pool not in ("auto", "mean", "first"):
            raise SettingsError(f"hf: pool {pool!r}: choose auto, mean or first")
        model = str(Path(model).expanduser().absolute()) if Path(model).expanduser().is_dir() else model
        self.model, self.pool = model, pool
        folder = hub_folder(model, revision, FILES[:1])
        self.revision = revision if revision is not None and is_digest(revision) else revision_of(model, folder)
        config = configuration(model, folder)
        seeing = getattr(config, "vision_config", None) or config
        self._both = seeing is not config
        self._frames = getattr(seeing, "num_frames", None) or getattr(seeing, "frames_per_clip", None) or 1
        self._size = _side(model, getattr(seeing, "image_size", None) or getattr(seeing, "crop_size", None))
        width = getattr(config, "projection_dim", None) if self._both else None
        self._features = int(width or getattr(seeing, "hidden_size", 0) or seeing.hidden_sizes[-1])
        if self._both and pool != "auto":
            raise SettingsError(f"hf: {model} reads text as well, so its embedding is the feature: pool is auto")
        self._network: nn.Module | None = None
        self._prepare: tuple[Tensor, Tensor] | None = None

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:
        return outside_of(settings)

    @classmethod
    def fetch(cls, settings: Mapping[str, Any], run: Run = Run()) -> None:  # noqa: ARG003
        fetch_model(str(settings["model"]), settings.get("revision"))

    @property
    def frames(self) -> int:
        return int(self._frames)

    @property
    def features(self) -> int:
        return self._features

    @torch.inference_mode()
    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        """(B, frames, H, W, 3) uint8 RGB -> (B, features) float32.

        Raises:
            WeightsError: weights are missing or changed.
        """
        network, (factor, shift) = self._loaded(run.device)
        x = clips.to(run.device).flatten(0, 1).permute(0, 3, 1, 2).float()  # (B * frames, 3, H, W)
        if x.shape[-2:] != (self._size, self._size):
            x = nn.functional.interpolate(x, (self._size, self._size), mode="bilinear", antialias=True)
        x = x * factor.to(x.device) + shift.to(x.device)
        if self.frames > 1:
            x = x.reshape(len(clips), self.frames, *x.shape[1:])  # (B, frames, 3, size, size)
        features = self._pooled(network, x).float().cpu()
        if features.shape != (len(clips), self.features):
            raise SettingsError(
                f"hf: {self.model} gives {tuple(features.shape[1:])} values, not {self.features}; choose another model"
            )
        return features

    def _pooled(self, network: Any, x: Tensor) -> Tensor:
        """(B, features)."""
        if self._both:
            ask = getattr(network, "get_video_features", None) or network.get_image_features
            found = ask(pixel_values=x)
            embedding: Tensor = getattr(found, "pooler_output", found)
            return embedding
        found = network(**{network.main_input_name: x})
        pooled: Tensor | None = getattr(found, "pooler_output", None)
        if self.pool == "auto" and pooled is not None:
            return pooled.flatten(1)
        tokens: Tensor = found.last_hidden_state  # (B, tokens, D)
        return tokens[:, 0] if self.pool == "first" else tokens.mean(1)

    def _loaded(self, device: str) -> tuple[nn.Module, tuple[Tensor, Tensor]]:
        if self._network is None or self._prepare is None:
            folder = hub_folder(self.model, self.revision, FILES)
            if revision_of(self.model, folder) != self.revision:
                raise WeightsError(f"{folder}: its files are not those of {self.revision}; fit again, or restore them")
            self._prepare = preparation(folder)
            self._network = _network(folder, self.pool)
        return self._network.to(device), self._prepare


def _side(model: str, size: Any) -> int:
    sides = {size} if isinstance(size, int) else set(size or ())
    if len(sides) != 1:
        raise SettingsError(f"hf: {model} takes no square pictures (image_size {size}); choose a vision model")
    return int(sides.pop())


def _network(folder: Path, pool: str) -> nn.Module:
    """The model in eval mode, with weights for everything that the feature depends on."""
    try:
        network, report = library("transformers").AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{folder}: cannot be loaded ({reason}); it needs model.safetensors") from error
    missing = sorted(key for key in report["missing_keys"] if pool == "auto" or "pooler" not in key)
    if missing:
        raise WeightsError(
            f"{folder}: no weights for {', '.join(missing[:3])}, which would be random; pool=mean needs no pooler"
        )
    loaded: nn.Module = network.eval().requires_grad_(False)
    return loaded
