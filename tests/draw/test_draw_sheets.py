"""Sheets hold every picture whole, and the wide picture numbers what the curve numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from oddframe.draw import Highlight, contact_sheet, hero
from oddframe.errors import DataError
from oddframe.types import ImageArray, Timeline
from oddframe.video import write_image
from tests.draw.cases import event, scored, timeline


def noise(high: int, wide: int, seed: int = 0) -> ImageArray:
    return np.random.default_rng(seed).integers(0, 255, (high, wide, 3), dtype=np.uint8)


def test_pictures_of_the_cells_size_are_kept_pixel_by_pixel() -> None:
    images = [noise(50, 90, seed) for seed in range(3)]
    sheet = contact_sheet(images, 2, width=210, gap=10)
    assert sheet.shape == (130, 210, 3)
    np.testing.assert_array_equal(sheet[10:60, 10:100], images[0])
    np.testing.assert_array_equal(sheet[10:60, 110:200], images[1])
    np.testing.assert_array_equal(sheet[70:120, 10:100], images[2])
    blank = sheet.copy()
    for top, left in ((10, 10), (10, 110), (70, 10)):
        blank[top : top + 50, left : left + 90] = 255
    assert (blank == 255).all()


def test_pictures_of_other_sizes_keep_their_proportions() -> None:
    flat, tall = np.zeros((10, 90, 3), np.uint8), np.zeros((360, 180, 3), np.uint8)
    dark = (contact_sheet([flat, tall], 2, width=210, gap=10) == 0).all(axis=2)
    assert dark[:, 10:100].sum() == 10 * 90
    assert dark[:, 110:200].sum() == 180 * 90


def test_titles_lie_over_their_pictures() -> None:
    images = [noise(50, 90, seed) for seed in range(2)]
    sheet = contact_sheet(images, 2, ["gate", ""], width=210, gap=10)
    head = sheet[: len(sheet) - 60]
    assert (head[:, :105] < 255).any()
    assert (head[:, 105:] == 255).all()
    np.testing.assert_array_equal(sheet[-60:-10, 10:100], images[0])


@pytest.mark.parametrize(
    ("count", "columns", "titles"), [(0, 1, None), (2, 1, ["only one"]), (1, 0, None), (1, 1000, None), (1, -1, None)]
)
def test_what_makes_no_sheet_is_refused(count: int, columns: int, titles: list[str] | None) -> None:
    with pytest.raises(DataError):
        contact_sheet([noise(5, 5)] * count, columns, titles)


def line(video: str) -> Timeline:
    box = (10.0, 10.0, 30.0, 30.0)
    values = np.concatenate([np.ones(20), np.full(20, 5.0)])
    return timeline(
        values, video, threshold=3.0, events=(event(20, 40, box=box),), rows=scored(video, [(30, box, 5.0)])
    )


def moment(timeline: Timeline, title: str | None = None) -> Highlight:
    return Highlight(noise(48, 64), timeline, timeline.events[0], title)


def test_the_wide_picture_takes_titles_from_the_truth() -> None:
    lines = [line("a"), line("b")]
    truth = {"a": [(20, 40, "cart")], "b": [(0, 10, "skater")]}
    by_truth = hero([moment(lines[0]), moment(lines[1])], lines, truth, width=800)
    by_hand = hero([moment(lines[0], "cart"), moment(lines[1], "b")], lines, truth, width=800)
    assert by_truth.shape[1:] == (800, 3)
    np.testing.assert_array_equal(by_truth, by_hand)
    assert (hero([moment(lines[0], "else"), moment(lines[1])], lines, truth, width=800) != by_hand).any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_wide_picture_is_as_wide_as_asked_and_can_be_kept(count: int, tmp_path: Path) -> None:
    lines = [line(str(number)) for number in range(count)]
    image = hero([moment(one) for one in lines], lines, width=700)
    assert image.shape[1] == 700
    write_image(tmp_path / "hero.png", image)
    kept = cv2.imread(str(tmp_path / "hero.png"))
    assert kept is not None
    np.testing.assert_array_equal(kept[..., ::-1], image)


def test_moments_without_a_curve_are_refused() -> None:
    with pytest.raises(DataError, match="0 moments"):
        hero([], [line("a")])
    with pytest.raises(DataError, match="frame 30 is on none"):
        hero([moment(line("a"))], [line("b")])
