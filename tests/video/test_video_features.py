"""Feature files as recordings: every published packing gives the same segments, and nothing else passes for one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oddframe.errors import DataError, EmptyVideo, OddframeError, SettingsError, VideoError, VideoNotFound
from oddframe.video import FeatureVideo, Video, find_videos, open_video
from tests.datasets.trees import avi


def saved(file: Path, array: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, array)
    return file


def ramp(*shape: int) -> np.ndarray[Any, Any]:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def features(video: Video) -> np.ndarray[Any, Any]:
    return np.stack([frame.feature for frame in video if frame.feature is not None])


@pytest.mark.parametrize("crops", [1, 5, 10])
def test_every_packing_gives_the_same_segments(tmp_path: Path, crops: int) -> None:
    """Segments first, crops first, an archive, and a file a crop."""
    wanted = ramp(4, crops, 3)
    np.savez(tmp_path / "d.npz", feature=wanted, other=np.zeros(2))
    np.savez_compressed(tmp_path / "e.npz", wanted)
    packed: list[Any] = [saved(tmp_path / "a.npy", wanted), saved(tmp_path / "b.npy", wanted.swapaxes(0, 1))]
    packed += [tmp_path / "d.npz", tmp_path / "e.npz", saved(tmp_path / "g.npy", np.asfortranarray(wanted))]
    packed.append([saved(tmp_path / "c" / f"c__{crop}.npy", wanted[:, crop]) for crop in range(crops)])
    for files in packed:
        video = FeatureVideo(files)
        assert (video.shape, video.info.frames, video.medium) == ((crops, 3), 64, "features")
        assert np.array_equal(features(video), wanted)
        assert video.info.id == (files[0] if isinstance(files, list) else files).stem[:1]


def test_two_dimensions_are_one_crop_and_half_precision_is_widened(tmp_path: Path) -> None:
    video = FeatureVideo(saved(tmp_path / "a.npy", ramp(2, 3).astype(np.float16)))
    assert features(video).dtype == np.float32
    assert features(video).tolist() == [[[0, 1, 2]], [[3, 4, 5]]]


@given(segments=st.integers(1, 5), segment=st.integers(1, 6), fps=st.sampled_from([25, 29.97, 10]))
def test_a_feature_lies_on_the_last_frame_of_its_segment(
    tmp_path_factory: pytest.TempPathFactory, segments: int, segment: int, fps: float
) -> None:
    file = saved(tmp_path_factory.mktemp("features") / "a.npy", ramp(segments, 2))
    video = FeatureVideo(file, segment=segment, fps=fps, size=(8, 6))
    passed = list(video)
    assert [frame.index for frame in passed] == list(range(segments * segment))
    assert [frame.time for frame in passed] == [video.info.seconds(index) for index in range(len(passed))]
    assert [f.index for f in passed if f.feature is not None] == [(k + 1) * segment - 1 for k in range(segments)]
    for frame in passed:
        again = video.frame_at(frame.index)
        assert (again.time, again.image.shape) == (frame.time, (6, 8, 3))
        assert not frame.image.any()
        assert (again.feature is None) == (frame.feature is None)
        if again.feature is not None and frame.feature is not None:
            assert np.array_equal(again.feature, frame.feature)


@given(values=arrays(np.float32, (3, 2)))
def test_what_is_not_finite_is_named_by_its_segment(tmp_path_factory: pytest.TempPathFactory, values: Any) -> None:
    video = FeatureVideo(saved(tmp_path_factory.mktemp("features") / "a.npy", values), name="gate")
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        with pytest.raises(DataError, match=rf"gate: the feature of segment {bad[0]} in .*a\.npy is not finite"):
            features(video)
    else:
        assert np.array_equal(features(video)[:, 0], values)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", EmptyVideo, "the file is empty"),
        (b"hello", VideoError, "not readable arrays of numbers"),
        (b"\x93NUMPY\x01\x00", VideoError, "not readable arrays"),
        (b"PK\x03\x04 cut off", VideoError, "not readable arrays"),
        (np.array([{"runs": "code"}], object), VideoError, "holds Python objects"),
        (np.zeros(7), VideoError, r"holds \(7,\) float64; features are"),
        (np.zeros((2, 3, 4)), VideoError, r"holds \(2, 3, 4\).*with 1, 5 or 10 crops"),
        (np.zeros((2, 1, 3, 4)), VideoError, "features are"),
        (np.array([["a", "b"]]), VideoError, "features are"),
        (np.zeros((0, 3)), EmptyVideo, "not one feature"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: Any, error: type[OddframeError], message: str) -> None:
    file = tmp_path / "a.npy"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        np.save(file, content, allow_pickle=True)
    with pytest.raises(error, match=rf"a\.npy: .*{message}"):
        open_video(file)


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.npy", ramp(4, 3))
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(VideoError, match=r"a\.npy: not readable arrays of numbers"):
        open_video(file)
    with pytest.raises(VideoNotFound, match=r"b\.npy"):
        FeatureVideo(tmp_path / "b.npy")


def test_an_archive_of_several_arrays_must_name_its_features(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", rgb=ramp(2, 3), flow=ramp(2, 3))
    with pytest.raises(VideoError, match=r"a\.npz: holds rgb, flow; name the array of features 'feature'"):
        open_video(tmp_path / "a.npz")


def test_crops_that_are_not_alike_are_refused(tmp_path: Path) -> None:
    files = [saved(tmp_path / "a__0.npy", ramp(4, 3)), saved(tmp_path / "a__1.npy", ramp(5, 3))]
    with pytest.raises(VideoError, match=r"a__1\.npy: holds 5 x 3 values where a__0\.npy holds 4 x 3"):
        FeatureVideo(files)
    with pytest.raises(SettingsError, match="a segment is at least 1"):
        FeatureVideo(files[:1], segment=0)


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    """Not of name, place and frame rate; a crop in another place, or another segment, is another content."""
    one, two = saved(tmp_path / "a__0.npy", ramp(2, 3)), saved(tmp_path / "a__1.npy", ramp(2, 3) + 1)
    copy = saved(tmp_path / "elsewhere" / "b.npy", ramp(2, 3))
    digest = FeatureVideo(one).digest()
    assert digest == FeatureVideo(copy, fps=7, name="other").digest()
    others = [FeatureVideo(two), FeatureVideo(one, segment=8), FeatureVideo(one, size=(2, 2))]
    others += [FeatureVideo([one, two]), FeatureVideo([two, one])]
    assert len({digest, *(video.digest() for video in others)}) == 6


def test_folders_and_patterns_of_feature_files_are_found(tmp_path: Path) -> None:
    for crop in range(5):
        saved(tmp_path / "RGB" / f"v=a__#1_label_A__{crop}.npy", np.full((2, 3), crop))
    saved(tmp_path / "RGB" / "b_i3d.npy", ramp(2, 10, 3))
    for source in (tmp_path, tmp_path / "RGB" / "*.npy", tmp_path / "**"):
        found = {video.info.id: video for video in find_videos(source, fps=30)}
        assert sorted(found) == ["b_i3d", "v=a__#1_label_A"]
        assert [found[name].medium for name in found] == ["features", "features"]
        assert features(found["v=a__#1_label_A"])[:, :, 0].tolist() == [[0, 1, 2, 3, 4]] * 2
        assert found["b_i3d"].info.fps == 30
    assert open_video(tmp_path / "RGB" / "b_i3d.npy").medium == "features"


def test_labels_beside_videos_and_pictures_are_no_recordings(tmp_path: Path) -> None:
    saved(tmp_path / "test_frame_mask" / "01.npy", np.zeros(3))
    avi(tmp_path / "videos" / "01.avi", 2)
    assert [video.info.id for video in find_videos(tmp_path)] == ["01"]
    assert [video.medium for video in find_videos(str(tmp_path / "**"))] == ["pictures"]


def test_a_pass_costs_little_and_keeps_nothing(tmp_path: Path) -> None:
    """A day at 25 frames a second is 2.2 million frames; here a quarter of an hour, bounded with room to spare."""
    video = FeatureVideo(saved(tmp_path / "a.npy", ramp(1400, 16)))
    start = time.perf_counter()
    assert sum(1 for _ in video) == 22400
    assert time.perf_counter() - start < 2
