"""A mask hides exactly what it says, at every size, and survives being saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import SettingsError, StoreError, VideoError
from oddframe.types import ImageArray
from oddframe.video import Mask, write_image


def noise(height: int, width: int) -> ImageArray:
    return np.random.default_rng(0).integers(0, 128, (height, width, 3), np.uint8)


@given(st.integers(0, 9), st.integers(0, 7), st.integers(1, 9), st.integers(1, 7))
def test_rectangles_hide_their_pixels_and_no_others(x: int, y: int, width: int, height: int) -> None:
    image = noise(20, 30)
    before = image.copy()
    masked = Mask.from_rectangles([(x, y, x + width, y + height)]).apply(image)
    hidden = np.zeros((20, 30), bool)
    hidden[y : y + height, x : x + width] = True
    assert (masked[hidden] == 128).all()
    assert np.array_equal(masked[~hidden], image[~hidden])
    assert np.array_equal(image, before)


def test_fractions_fit_every_size() -> None:
    mask = Mask.from_rectangles([(0.5, 0, 1, 0.5)], "fractions")
    for height, width in ((20, 40), (240, 360)):
        hidden = ~mask.looked_at(width, height)
        assert hidden[: height // 2, width // 2 :].all()
        assert hidden.sum() == height * width // 4


@pytest.mark.parametrize("size", [(60, 80), (600, 800)])
def test_a_picture_says_where_to_look(tmp_path: Path, size: tuple[int, int]) -> None:
    drawn = np.full((*size, 3), 255, np.uint8)
    drawn[:, : size[1] // 2] = 0
    write_image(tmp_path / "mask.png", drawn)
    mask = Mask.from_file(tmp_path / "mask.png")
    look = mask.looked_at(400, 300)
    assert not look[:, :198].any()
    assert look[:, 202:].all()
    with pytest.raises(SettingsError, match="400 x 200"):
        mask.looked_at(400, 200)


def masks(tmp_path: Path) -> list[Mask]:
    write_image(tmp_path / "m.png", np.where(noise(300, 500) > 64, 255, 0).astype(np.uint8))
    pixels = Mask.from_rectangles([(1, 2, 3, 4), (5, 6, 7, 8)])
    return [Mask.from_file(tmp_path / "m.png"), pixels, Mask.from_rectangles([(0, 0, 0.5, 0.5)], "fractions"), Mask()]


def test_masks_survive_json_and_keep_their_identity(tmp_path: Path) -> None:
    made = masks(tmp_path)
    for mask in made:
        text = json.dumps(mask.to_json())
        again = Mask.from_json(json.loads(text))
        assert len(text) < 16_000
        assert again == mask
        assert hash(again) == hash(mask)
        assert np.array_equal(again.looked_at(500, 300), mask.looked_at(500, 300))
    identities = [json.dumps(mask.identity()) for mask in made]
    assert len(set(identities)) == len(made)
    assert max(map(len, identities)) < 300


@pytest.mark.parametrize("change", [{"look": {"shape": [9, 9], "bits": "x"}}, {"rectangles": [[1, 2]]}, {"unit": None}])
def test_a_damaged_mask_is_refused(change: dict[str, Any]) -> None:
    saved: dict[str, Any] = {**Mask.from_rectangles([(1, 2, 3, 4)]).to_json(), **change}
    if change == {"unit": None}:
        del saved["unit"]
    with pytest.raises(StoreError, match="saved mask is damaged"):
        Mask.from_json(saved)


def test_useless_masks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(VideoError, match=r"text\.png"):
        Mask.from_file(tmp_path / "text.png")
    write_image(tmp_path / "black.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(SettingsError, match=r"black\.png: is all black"):
        Mask.from_file(tmp_path / "black.png")
    with pytest.raises(SettingsError, match="every pixel"):
        Mask.from_rectangles([(0, 0, 99, 99)]).apply(noise(9, 9))
    for bad in ((3, 0, 2, 5), (-1, 0, 2, 5)):
        with pytest.raises(SettingsError, match="x0 < x1"):
            Mask.from_rectangles([bad])
    with pytest.raises(SettingsError, match="fractions"):
        Mask.from_rectangles([(0, 0, 2, 1)], "fractions")
