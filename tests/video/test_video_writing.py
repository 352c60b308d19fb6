"""What is written can be read again; what cannot be written leaves nothing behind."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from oddframe.errors import StoreError
from oddframe.types import ImageArray
from oddframe.video import open_video, write_image, write_video


def slope(index: int, height: int, width: int) -> ImageArray:
    across = np.linspace(20, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    return np.asarray(across + index, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 63)])
def test_a_video_comes_back(tmp_path: Path, height: int, width: int) -> None:
    images = [slope(i, height, width) for i in range(10)]
    write_video(tmp_path / "out.mp4", iter(images), 29.97)
    frames = list(open_video(tmp_path / "out.mp4"))
    assert [frame.time for frame in frames] == pytest.approx([i * 1001 / 30000 for i in range(10)])
    for frame, image in zip(frames, images, strict=True):
        assert frame.image.shape == (48, 64, 3)
        assert np.abs(frame.image[:height, :width].astype(int) - image).mean() < 4


def test_frames_can_be_written_as_they_were_read(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [slope(i, 48, 64) for i in range(5)], 10)
    write_video(tmp_path / "b.mkv", open_video(tmp_path / "a.mp4"), 10)
    assert open_video(tmp_path / "b.mkv").count() == 5


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_a_picture_comes_back_exactly(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    write_image(tmp_path / f"x{suffix}", image)
    assert np.array_equal(open_video(tmp_path / f"x{suffix}").frame_at(0).image, image)


def test_failures_name_the_file_and_leave_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_text("precious")
    with pytest.raises(StoreError, match=r"out\.mp4: frame 1 is"):
        write_video(target, [slope(0, 48, 64), slope(0, 20, 20)], 25)
    with pytest.raises(StoreError, match=r"out\.mp4: no frames"):
        write_video(target, [], 25)
    assert target.read_text() == "precious"
    for bad in (tmp_path / "no" / "x.mp4", tmp_path / "x.nonsense"):
        with pytest.raises(StoreError, match=bad.name):
            write_video(bad, [slope(0, 48, 64)], 25)
    for bad in (tmp_path / "no" / "x.png", tmp_path / "x.nonsense"):
        with pytest.raises(StoreError, match=bad.name):
            write_image(bad, slope(0, 4, 4))
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 240, 320, 3), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(StoreError, match=r"big\.mp4: cannot be written"):
            write_video(tmp_path / "big.mp4", noise, 25)
        with pytest.raises(StoreError, match=r"big\.png: cannot be written"):
            write_image(tmp_path / "big.png", noise[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
