"""Folders, pictures, arrays and patterns: everything that can hold videos, found once, in order, under unique names."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import DamagedVideo, EmptyVideo, SettingsError, VideoError, VideoNotFound
from oddframe.types import ImageArray
from oddframe.video import ASSUMED_FPS, ArrayVideo, find_videos, open_video, write_image, write_video
from oddframe.video.base import exact_fps
from oddframe.video.limits import Limits
from oddframe.video.names import natural, unique_names
from oddframe.video.picture import size_of


def shade(value: int, height: int = 12, width: int = 16) -> ImageArray:
    return np.full((height, width, 3), value, np.uint8)


def folder(path: Path, count: int = 3, **size: int) -> Path:
    path.mkdir(parents=True)
    for number in range(1, count + 1):
        write_image(path / f"{number}.png", shade(10 * number, **size))
    return path


def clip(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, [shade(40), shade(90)], 25)
    return path


def names(found: Any, **how: Any) -> list[str]:
    return [video.info.id for video in find_videos(found, **how)]


def test_a_folder_is_read_in_natural_order_and_only_its_pictures(tmp_path: Path) -> None:
    frames = folder(tmp_path / "gate", count=11)
    (frames / ".hidden.png").write_bytes(b"no picture")
    (frames / "notes.txt").write_text("no picture")
    video = open_video(frames)
    assert (video.info.id, video.info.frames, video.info.fps, video.fps_assumed) == ("gate", 11, ASSUMED_FPS, True)
    passed = list(video)
    assert [int(frame.image[0, 0, 0]) for frame in passed] == [10 * n for n in range(1, 12)]
    assert [frame.time for frame in passed] == [index / 25 for index in range(11)]
    assert np.array_equal(video.frame_at(7).image, passed[7].image)
    assert open_video(frames, fps=10).info.seconds(10) == 1.0


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".PNG"])
def test_every_picture_format_is_a_video_of_one_frame(tmp_path: Path, suffix: str) -> None:
    image = np.zeros((10, 14, 3), np.uint8)
    image[:, 7:] = (250, 120, 10)
    path = tmp_path / f"one{suffix}"
    cv2.imwrite(str(path), image[..., ::-1])
    (frame,) = open_video(path)
    assert np.abs(frame.image.astype(int) - image)[:, [0, 13]].max() <= 6
    assert open_video(path).info.id == "one"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (np.full((6, 8), 77, np.uint8), (77, 77, 77)),
        (np.full((6, 8), 77 * 256 + 5, np.uint16), (77, 77, 77)),
        (np.full((6, 8, 3), (3 * 256, 2 * 256, 256), np.uint16), (42, 127, 213)),  # its own range, and a quarter more
        (np.full((6, 8, 4), (30, 20, 10, 128), np.uint8), (10, 20, 30)),
    ],
    ids=["grey", "16-bit grey", "16-bit colour", "alpha"],
)
def test_grey_deep_and_transparent_pictures_become_rgb(
    tmp_path: Path, stored: np.ndarray[Any, Any], expected: tuple[int, int, int]
) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), stored)
    image = open_video(tmp_path / "x.png").frame_at(0).image
    assert image.dtype == np.uint8
    assert (image == expected).all()


def test_a_picture_of_another_size_is_scaled_and_named_with_both_sizes(tmp_path: Path) -> None:
    frames = folder(tmp_path / "mixed", count=5)
    write_image(frames / "1.png", shade(10, height=20))  # even the first
    video = open_video(frames)
    assert (video.info.width, video.info.height) == (16, 12)
    with pytest.warns(DamagedVideo, match=r"1 of 5 .* frame 0: .*1\.png: is 16 x 20, scaled to 16 x 12"):
        passed = list(video)
    assert {frame.image.shape for frame in passed} == {(12, 16, 3)}
    assert [(frame.index, int(frame.image[5, 5, 0]), frame.fault) for frame in passed] == [
        (n, 10 * n + 10, "") for n in range(5)
    ]


def broken(path: Path, how: str) -> None:
    whole = path.read_bytes()
    path.unlink()
    if how == "gone":
        path.symlink_to("nowhere")
    elif how == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes({"empty": b"", "cut": whole[:-20], "text": b"not a picture"}[how])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("how", ["empty", "cut", "text", "gone"])
def test_a_bad_picture_costs_no_other_and_is_named(tmp_path: Path, suffix: str, how: str) -> None:
    frames = tmp_path / "gate"
    frames.mkdir()
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    for number in range(6):
        write_image(frames / f"{number}{suffix}", picture)
    broken(frames / f"3{suffix}", how)
    video = open_video(frames)
    with pytest.warns(DamagedVideo, match=rf"gate: 1 of 6 .* frame 3: .*3\{suffix}: ") as caught:
        passed = list(video)
    assert len(caught) == 1
    assert [frame.fault for frame in passed] == ["", "", "", "unreadable", "", ""]
    assert [frame.time for frame in passed] == [number / 25 for number in range(6)]
    assert np.array_equal(passed[3].image, passed[2].image)
    again = video.frame_at(3)
    assert (again.fault, again.time) == ("unreadable", passed[3].time)
    assert np.array_equal(again.image, passed[2].image)
    assert video.digest() is not None


def test_what_is_no_file_is_no_picture_whatever_its_name(tmp_path: Path) -> None:
    frames = folder(tmp_path / "gate", count=3)
    broken(frames / "2.png", "pipe")
    (frames / "4.png").mkdir()
    assert [int(frame.image[0, 0, 0]) for frame in open_video(frames)] == [10, 30]


def test_all_bad_pictures_are_named_and_nothing_but_bad_ones_is_an_error(tmp_path: Path) -> None:
    frames = folder(tmp_path / "gate", count=4)
    broken(frames / "1.png", "empty")
    broken(frames / "4.png", "cut")
    with pytest.warns(DamagedVideo, match=r"2 of 4 .*frame 0: .*1\.png: the file is empty.*frame 3: .*4\.png.*cut off"):
        passed = list(open_video(frames))
    assert [int(frame.image[0, 0, 0]) for frame in passed] == [0, 20, 30, 30]
    for number in (2, 3):
        broken(frames / f"{number}.png", "text")
    with pytest.raises(
        VideoError, match=r"none of the 4 pictures can be read; the first is .*1\.png: the file is empty"
    ):
        open_video(frames)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("size", [(1, 1), (31, 7), (640, 300)])
def test_the_size_of_a_picture_is_read_from_its_header(kind: str, size: tuple[int, int]) -> None:
    for depth in (np.uint8, np.uint16) if kind in {".png", ".tif"} else (np.uint8,):
        for channels in ((), (3,)):
            done, content = cv2.imencode(kind, np.full((size[1], size[0], *channels), 7, depth))
            assert done
            assert size_of(content.tobytes()) == size
            assert size_of(content.tobytes()[:9]) is None


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    picture = tmp_path / "bomb.png"
    write_image(picture, shade(0, height=600, width=600))
    small = Limits(pixels=300_000)
    with pytest.raises(
        VideoError, match=r"bomb\.png: 600 x 600 pixels, over the limit of 300,000 .* raise limit pixels"
    ):
        open_video(picture, limits=small)
    assert open_video(picture, limits=Limits(pixels=360_000)).info.width == 600


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    for attempt in (open_video, find_videos):
        with pytest.raises(EmptyVideo, match="bare"):
            attempt(tmp_path / "bare")


def test_the_digest_of_a_folder_is_its_content_in_order(tmp_path: Path) -> None:
    one, same, other = (folder(tmp_path / name) for name in "abc")
    write_image(other / "3.png", shade(31))
    digests = [open_video(path).digest() for path in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("shape", [(5, 12, 16, 3), (5, 12, 16)])
def test_arrays_are_videos(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    video = ArrayVideo(array, fps=29.97, name="made")
    again = [frame.image for frame in video]
    assert (video.info.fps, video.info.frames, video.count()) == (Fraction(30000, 1001), 5, 5)
    assert all(
        np.array_equal(image[..., c], array[i].reshape(12, 16, -1)[..., min(c, array.ndim - 3 and c)])
        for i, image in enumerate(again)
        for c in range(3)
    )
    assert np.array_equal(video.frame_at(3).image, again[3])
    assert ArrayVideo(list(array)).digest() == ArrayVideo(array, fps=5).digest() != ArrayVideo(array[:4]).digest()


def test_a_generator_passes_once() -> None:
    video = open_video(shade(i) for i in range(4))
    assert (video.hint, video.digest()) == (None, None)
    assert [int(frame.image[0, 0, 0]) for frame in video] == [0, 1, 2, 3]
    assert video.info.frames == 4
    with pytest.raises(VideoError, match="iterator"):
        list(video)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([shade(1), shade(1, height=9)], "frame 1 is 16 x 9"),
        ([shade(1).astype(float)], "frame 0 holds float64"),
        ([np.zeros((4, 4, 4), np.uint8)], r"frame 0 is \(4, 4, 4\)"),
        (7, "not int"),
        (np.zeros(4, np.uint8), r"\(4,\)"),
    ],
)
def test_what_are_no_frames_is_refused(frames: Any, message: str) -> None:
    with pytest.raises(VideoError, match=message):
        list(ArrayVideo(frames))
    with pytest.raises(EmptyVideo):
        ArrayVideo([])


def test_frames_that_have_passed_are_let_go() -> None:
    alive: list[weakref.ref[Any]] = []

    def made() -> Iterator[ImageArray]:
        for i in range(600):
            image = shade(i % 256)
            alive.append(weakref.ref(image))
            yield image

    most = 0
    for _ in ArrayVideo(made()):
        most = max(most, sum(ref() is not None for ref in alive[-20:]))
    gc.collect()
    assert most <= 3
    assert not any(ref() is not None for ref in alive[:-1])


def test_folders_are_searched_to_any_depth_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "2", "1"):
        folder(tmp_path / "testing" / "frames" / name)
    folder(tmp_path / "testing" / "frames" / ".cache")
    folder(tmp_path / "testing" / "frames" / "1" / "inside")
    assert names(tmp_path) == ["1", "2", "10"]


def test_video_files_are_found_and_pictures_beside_them_are_not_videos(tmp_path: Path) -> None:
    clip(tmp_path / "b.mp4"), clip(tmp_path / "sub" / "a.mkv"), folder(tmp_path / "sub" / "frames")
    write_image(tmp_path / "poster.png", shade(1))
    (tmp_path / "readme.txt").write_text("hello")
    assert names(tmp_path) == ["b", "a", "frames"]


def test_patterns_sequences_and_objects(tmp_path: Path) -> None:
    one, two = clip(tmp_path / "1.mp4"), clip(tmp_path / "deep" / "2.mp4")
    frames = folder(tmp_path / "set")
    assert names(str(tmp_path / "*.mp4")) == ["1"]
    assert names(tmp_path / "**" / "*.mp4") == ["1", "2"]
    assert names([one, str(two), one, str(tmp_path / "?.mp4")]) == ["1", "2"]
    assert names(frames / "[12].png") == ["set"]
    assert find_videos(frames / "[12].png")[0].info.frames == 2
    assert names(tmp_path.glob("*.mp4")) == ["1"]
    assert names([open_video(one, name="mine"), np.zeros((3, 8, 8), np.uint8)]) == ["mine", "array-1"]
    assert [video.info.frames for video in find_videos([shade(1), shade(2)])] == [2]
    assert find_videos(frames, fps=5)[0].info.fps == 5


def test_equal_names_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    folder(tmp_path / "train" / "01"), folder(tmp_path / "test" / "01"), folder(tmp_path / "test" / "02")
    assert names([tmp_path / "train", tmp_path / "test"]) == ["train/01", "test/01", "02"]
    clip(tmp_path / "v" / "a.mp4"), clip(tmp_path / "v" / "a.mkv")
    assert names(tmp_path / "v") == ["a.mkv", "a.mp4"]
    same = [open_video(tmp_path / "v" / "a.mp4", name="x") for _ in range(2)]
    with pytest.raises(VideoError, match="two videos are called 'x'"):
        find_videos(same)


def test_what_is_missing_is_said_with_the_folder_that_does_exist(tmp_path: Path) -> None:
    with pytest.raises(VideoNotFound, match=f"as far as {tmp_path}"):
        find_videos(tmp_path / "no" / "where")
    with pytest.raises(VideoNotFound, match=r"\*\.mp4"):
        find_videos(tmp_path / "*.mp4")
    with pytest.raises(VideoNotFound, match="no sources"):
        find_videos([])


parts = st.lists(st.sampled_from(["a", "b", "1", "01"]), min_size=1, max_size=3)


@given(st.lists(parts.map(lambda p: Path("/", *p[:-1], p[-1] + ".mp4")), unique=True))
def test_names_are_unique_and_end_with_the_file_name(paths: list[Path]) -> None:
    given_names = unique_names(paths, [False] * len(paths))
    assert len(set(given_names)) == len(paths)
    assert all(name.split("/")[-1] == path.stem for name, path in zip(given_names, paths, strict=True))


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_sort_as_numbers_whatever_their_padding(numbers: list[int]) -> None:
    paths = [Path(f"cam{n}.jpg") for n in numbers]
    assert sorted(paths, key=natural) == [Path(f"cam{n}.jpg") for n in sorted(numbers)]


@pytest.mark.parametrize(
    ("rate", "fps"),
    [(25, Fraction(25)), (23.976, Fraction(24000, 1001)), ("59.94", Fraction(60000, 1001)), (12.5, Fraction(25, 2))],
)
def test_rates_are_exact(rate: Any, fps: Fraction) -> None:
    assert exact_fps(rate) == fps


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "fast", 10**6])
def test_impossible_rates_are_refused(rate: Any) -> None:
    with pytest.raises(SettingsError, match="fps must be"):
        exact_fps(rate)
