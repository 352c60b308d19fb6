"""Hugging Face models as backbones: tiny ones of random weights, saved as the hub saves them, and loaded for real."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from oddframe import catalog
from oddframe.backbones.hf import HuggingFace
from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.snippet import Snippet

transformers = pytest.importorskip("transformers", reason="pip install 'oddframe[hf]'")

SIZE = {"image_size": 32, "patch_size": 16}
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
TEXT = {**SMALL, "vocab_size": 50, "max_position_embeddings": 8}
PREPARED = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.25, 0.3], "rescale_factor": 1 / 255}


def configurations() -> dict[str, tuple[Any, int, int]]:
    """Name -> configuration, frames, features."""
    t = transformers
    seeing = {**SMALL, **SIZE}
    frames = {"num_frames": 4}
    clips = t.XCLIPVisionConfig(**seeing, **frames, mit_hidden_size=16, mit_num_attention_heads=2)
    return {
        "videomae": (t.VideoMAEConfig(**seeing, **frames), 4, 16),
        "vivit": (t.VivitConfig(**seeing, **frames, tubelet_size=[2, 16, 16]), 4, 16),
        "timesformer": (t.TimesformerConfig(**seeing, **frames), 4, 16),
        "x-clip": (
            t.XCLIPConfig(
                text_config=TEXT, vision_config=clips.to_dict(), projection_dim=16, prompt_num_attention_heads=2
            ),
            4,
            16,
        ),
        "dinov2": (t.Dinov2Config(**seeing), 1, 16),
        "dinov3": (t.DINOv3ViTConfig(**seeing), 1, 16),
        "vit": (t.ViTConfig(**seeing), 1, 16),
        "convnext": (t.ConvNextConfig(hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1], image_size=32), 1, 16),
        "siglip": (t.SiglipConfig(text_config=TEXT, vision_config=seeing), 1, 16),
        "clip": (t.CLIPConfig(text_config=TEXT, vision_config=seeing, projection_dim=12), 1, 12),
    }


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each model."""
    root = tmp_path_factory.mktemp("models")
    for name, (config, _, _) in configurations().items():
        torch.manual_seed(0)
        transformers.AutoModel.from_config(config).save_pretrained(root / name)
        (root / name / "preprocessor_config.json").write_text(json.dumps(PREPARED))
    return root


def clips(count: int, frames: int, side: int = 40) -> Tensor:
    values = np.random.default_rng(0).integers(0, 255, (count, frames, side, side + 8, 3), np.uint8)
    return torch.from_numpy(values)


@pytest.mark.parametrize("name", configurations())
def test_a_model_is_a_backbone(name: str, models: Path) -> None:
    _, frames, features = configurations()[name]
    backbone = HuggingFace(str(models / name))
    assert (backbone.frames, backbone.features) == (frames, features)
    found = backbone.embed(clips(3, frames))
    assert (found.shape, found.dtype) == ((3, features), torch.float32)
    assert bool(torch.isfinite(found).all())
    assert not torch.allclose(found[0], found[1])
    torch.testing.assert_close(backbone.embed(clips(3, frames)[:1]), found[:1], rtol=1e-4, atol=1e-5)
    again = catalog.build("backbone", "hf", backbone.settings())
    assert again.identity() == backbone.identity()


@pytest.mark.parametrize("name", ["videomae", "dinov2"])
def test_features_are_the_model_s_own(name: str, models: Path) -> None:
    """Normalised pixels through the model by hand; at its own size nothing is resized."""
    frames = configurations()[name][1]
    seen = clips(2, frames, side=32)[:, :, :, :32]
    model = transformers.AutoModel.from_pretrained(models / name).eval()
    x = seen.permute(0, 1, 4, 2, 3).float() / 255
    mean, std = (torch.tensor(PREPARED[key]).reshape(3, 1, 1) for key in ("image_mean", "image_std"))
    with torch.inference_mode():
        out = model((x - mean) / std if frames > 1 else ((x - mean) / std)[:, 0])
    expected = {"mean": out.last_hidden_state.mean(1), "first": out.last_hidden_state[:, 0]}
    expected["auto"] = expected["mean"] if name == "videomae" else out.pooler_output
    for pool, features in expected.items():
        backbone = catalog.build("backbone", "hf", {"model": str(models / name), "pool": pool})
        torch.testing.assert_close(backbone.embed(seen), features, rtol=1e-4, atol=1e-5)


def test_the_snippet_observer_takes_them(models: Path) -> None:
    video, picture = (Snippet(backbone=HuggingFace(str(models / name)), crops=3) for name in ("videomae", "siglip"))
    assert video.spec.fields["feature"].shape == (3, 16)
    assert picture.spec.fields["appearance"].shape == (3, 16)


def test_what_has_no_weights_is_not_random(models: Path, tmp_path: Path) -> None:
    """A checkpoint for another task has no pooler: its feature would change with every start of the program."""
    config = configurations()["vit"][0]
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PREPARED))
    with pytest.raises(WeightsError, match=r"no weights for pooler.dense.bias, pooler.dense.weight.*pool=mean"):
        HuggingFace(str(tmp_path)).embed(clips(1, 1))
    assert HuggingFace(str(tmp_path), pool="mean").embed(clips(1, 1)).shape == (1, 16)


def test_changed_weights_are_noticed(models: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((models / "vit" / name).read_bytes())
    before = HuggingFace(str(tmp_path)).settings()
    assert before["revision"] != HuggingFace(str(models / "dinov2")).revision
    assert before["revision"] == HuggingFace(str(models / "vit")).revision
    torch.manual_seed(1)
    transformers.AutoModel.from_config(configurations()["vit"][0]).save_pretrained(tmp_path)
    with pytest.raises(WeightsError, match="its files are not those of sha256:"):
        catalog.build("backbone", "hf", before).embed(clips(1, 1))


def test_the_hub_is_asked_for_one_commit_and_only_when_fetching(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = tmp_path / "snapshots" / "0123abc"
    commit.parent.mkdir()
    commit.symlink_to(models / "dinov2")
    asked: list[tuple[str, str | None, bool]] = []

    def download(name: str, revision: str | None, allow_patterns: list[str], local_files_only: bool) -> str:
        assert set(allow_patterns) <= {"*.json", "model*.safetensors"}
        asked.append((name, revision, local_files_only))
        return str(commit)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    HuggingFace.fetch({"model": "facebook/dinov2"})
    assert asked.pop() == ("facebook/dinov2", None, False)
    backbone = HuggingFace("facebook/dinov2")
    assert backbone.revision == "0123abc"
    assert backbone.embed(clips(1, 1)).shape == (1, 16)
    assert asked == [("facebook/dinov2", None, True), ("facebook/dinov2", "0123abc", True)]


@pytest.mark.parametrize("revision", ["../../../etc/passwd", "/etc", "a/../../b", "", "x" * 200, "-r"])
def test_a_revision_is_no_path(revision: str) -> None:
    with pytest.raises(WeightsError):
        HuggingFace("facebook/dinov2", revision=revision)


def test_code_that_comes_with_a_model_is_not_run(models: Path, tmp_path: Path) -> None:
    """Not even offered: transformers would ask on the terminal."""
    trace = tmp_path / "it-ran"
    for name in ("config.json", "model.safetensors", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((models / "vit" / name).read_bytes())
    (tmp_path / "evil.py").write_text(f"open({str(trace)!r}, 'w')\nclass Evil: pass\n")
    config = json.loads((tmp_path / "config.json").read_text())
    for model_type in ("vit", "unheard-of"):
        config |= {"auto_map": {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"}, "model_type": model_type}
        (tmp_path / "config.json").write_text(json.dumps(config))
        with suppress(WeightsError):
            HuggingFace(str(tmp_path)).embed(clips(1, 1))
        assert not trace.exists()


def test_errors_say_what_to_do(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="holds no model of transformers"):
        HuggingFace(str(tmp_path))
    transformers.BertConfig(**SMALL).save_pretrained(tmp_path)
    with pytest.raises(SettingsError, match="choose a vision model"):
        HuggingFace(str(tmp_path))
    for key, missing in (("preprocessor_config.json", "image_mean"), ("model.safetensors", "cannot be loaded")):
        folder = tmp_path / key
        folder.mkdir()
        for name in {"config.json", "model.safetensors", "preprocessor_config.json"} - {key}:
            (folder / name).write_bytes((models / "vit" / name).read_bytes())
        with pytest.raises(WeightsError, match=missing):
            HuggingFace(str(folder)).embed(clips(1, 1))
    with pytest.raises(SettingsError, match="pool is auto"):
        HuggingFace(str(models / "clip"), pool="mean")
    with pytest.raises(SettingsError, match="choose auto, mean or first"):
        HuggingFace(str(models / "vit"), pool="max")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SettingsError, match=r"needs transformers.*pip install 'oddframe\[hf\]'"):
        HuggingFace(str(models / "vit"))


def test_a_name_that_nobody_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError("no such repository\nand much more")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(WeightsError, match=r"nobody/nothing is no folder, and the hub says: no such repository; give"):
        HuggingFace.fetch({"model": "nobody/nothing"})
    with pytest.raises(WeightsError, match=r"nobody/nothing is no folder.*fetch it with --allow-fetch"):
        HuggingFace("nobody/nothing")
