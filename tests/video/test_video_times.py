"""Videos on time: variable rates, holes, clocks that restart, streams without a clock, recordings that were cut."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from oddframe.errors import DamagedVideo, OddframeWarning, SettingsError
from oddframe.types import ImageArray, Times
from oddframe.video import find_videos, open_video, write_image, write_video
from oddframe.video.array import ArrayVideo
from oddframe.video.starts import start_in_metadata, start_in_name

TICK = Fraction(1, 90000)
FALLING = [n / 30 for n in range(90)] + [3 + n / 10 for n in range(20)]
HOLE = [n / 25 for n in range(50)] + [70 + n / 25 for n in range(50)]


def picture(index: int) -> ImageArray:
    return np.full((48, 64, 3), 40 + index * 2 % 160, np.uint8)


def record(path: Path, times: Sequence[float], *, rate: int = 25, codec: str = "libx264", **options: str) -> Path:
    """A file whose frames have these times; `creation_time` among the options goes to the container."""
    told = options.pop("creation_time", None)
    with av.open(str(path), "w") as container:
        if told is not None:
            container.metadata["creation_time"] = told
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        tick = TICK if path.suffix in {".mp4", ".mkv", ".ts", ".mov"} else Fraction(1, rate)
        stream.codec_context.time_base = tick
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.time_base, frame.pts = tick, round(time / tick)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("times", "rate"), [(FALLING, 30), (HOLE, 25)])
def test_frames_have_the_times_that_were_written(tmp_path: Path, suffix: str, times: list[float], rate: int) -> None:
    video = open_video(record(tmp_path / f"v.{suffix}", times, rate=rate, g="25"))
    frames = list(video)
    assert video.info.fps == rate
    np.testing.assert_allclose([frame.time for frame in frames], times, atol=0.001)
    assert [frame.part for frame in frames] == [int(time >= 70) for time in times]
    assert video.info.times is not None
    assert video.info.times.time.tolist() == [frame.time for frame in frames]
    counted = open_video(video.source)
    counted.count()
    assert counted.info == video.info


@pytest.mark.parametrize("times", [FALLING, HOLE])
def test_a_frame_that_is_sought_has_the_time_of_a_pass(tmp_path: Path, times: list[float]) -> None:
    path = record(tmp_path / "v.mp4", times, g="12", bf="2")
    frames = list(open_video(path))
    fresh = open_video(path)
    for index in (0, len(frames) - 1, 60, 12, 49, 50, 51):
        found = fresh.frame_at(index)
        assert (found.time, found.part) == (frames[index].time, frames[index].part)


def test_a_constant_rate_has_no_times_of_its_own(tmp_path: Path) -> None:
    for suffix in ("mp4", "mkv", "ts", "avi"):
        video = open_video(record(tmp_path / f"v.{suffix}", [n / 25 for n in range(40)]))
        assert [frame.time for frame in video] == [n / 25 for n in range(40)], suffix
        assert video.info.times is None
        assert not video.info.fps_assumed


def test_a_given_rate_replaces_all_times(tmp_path: Path) -> None:
    video = open_video(record(tmp_path / "v.mp4", HOLE), fps=10)
    assert [frame.time for frame in video] == [n / 10 for n in range(100)]
    assert video.info.times is None


def test_two_recordings_in_one_file_are_bridged_and_said(tmp_path: Path) -> None:
    one = record(tmp_path / "one.ts", [n / 25 for n in range(50)], g="25", bf="0").read_bytes()
    path = tmp_path / "twice.ts"
    path.write_bytes(one + one)
    video = open_video(path)
    with pytest.warns(DamagedVideo, match=r"twice\.ts: its clock goes back at 2\.00 s \(frame 50\)"):
        times = [frame.time for frame in video]
    np.testing.assert_allclose(times, np.arange(100) / 25, atol=1e-6)


@pytest.mark.parametrize(("name", "codec"), [("cam.mjpeg", "mjpeg"), ("cam.h264", "libx264")])
def test_a_bare_stream_has_an_assumed_rate_that_can_be_corrected(tmp_path: Path, name: str, codec: str) -> None:
    path = record(tmp_path / name, [n / 10 for n in range(20)], rate=10, codec=codec)
    video = open_video(path)
    stated = codec == "libx264"  # x264 writes the rate into its own headers
    assert video.info.fps_assumed != stated
    assert video.info.fps == (10 if stated else 25)
    assert [frame.time for frame in video] == [float(n / video.info.fps) for n in range(20)]
    told = open_video(path, fps=10)
    assert told.info.fps == 10
    assert not told.info.fps_assumed


def test_pictures_have_an_assumed_rate_that_can_be_corrected(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"{number}.png", picture(number))
    assert open_video(tmp_path).info.fps_assumed
    assert not open_video(tmp_path, fps=5).info.fps_assumed


def test_a_cut_beginning_is_said_to_be_missing_and_not_the_end(tmp_path: Path) -> None:
    whole = record(
        tmp_path / "full.ts", [n / 25 for n in range(150)], g="50", bf="0", keyint_min="50", sc_threshold="0"
    )
    content = whole.read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(content[188 * (len(content) // 188 // 5) :])
    with pytest.warns(DamagedVideo, match=r"its first \d\.\d s do not decode") as caught:
        frames = list(open_video(cut))
    assert not any("ends at" in str(one.message) for one in caught)
    assert frames[0].time == 0.0


def test_a_cut_end_is_said_with_the_time_that_is_there(tmp_path: Path) -> None:
    content = record(tmp_path / "full.mkv", [n / 25 for n in range(200)], g="25").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[: len(content) * 2 // 3])
    with pytest.warns(DamagedVideo, match=r"ends at \d\.\d s where 8\.0 s are promised"):
        list(open_video(cut))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_sound_that_is_longer_than_the_picture_is_no_damage(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v.{suffix}"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=8000)
        for index in range(50):
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        container.mux(pictures.encode(None))
        for index in range(50):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, index * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_video(path).count() == 50


def test_frames_in_memory_may_have_times(tmp_path: Path) -> None:
    images = [picture(n) for n in range(4)]
    video = ArrayVideo(images, fps=10, times=[5.0, 5.1, 5.3, 90.0])
    assert [frame.time for frame in video] == pytest.approx([0, 0.1, 0.3, 85])
    assert [frame.part for frame in video] == [0, 0, 0, 1]
    assert video.frame_at(3).part == 1
    assert video.digest() != ArrayVideo(images, fps=10).digest()


def test_a_clip_that_is_written_with_times_keeps_them(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [picture(n) for n in range(5)], 25, times=[3.0, 3.04, 3.5, 3.54, 3.58])
    times = [frame.time for frame in open_video(tmp_path / "clip.mp4")]
    np.testing.assert_allclose(times, [0, 0.04, 0.5, 0.54, 0.58], atol=1e-4)


def test_a_name_tells_when_a_recording_starts(tmp_path: Path) -> None:
    pattern = "%Y-%m-%d_%H-%M-%S"
    for name in ("gate_2026-11-28_13-05-00.mp4", "cam2_2026-11-28_14-00-30_x.mp4"):
        record(tmp_path / name, [n / 25 for n in range(5)])
    one, other = find_videos(tmp_path, starts=pattern)
    assert one.info.starts == datetime(2026, 11, 28, 14, 0, 30)
    assert other.info.starts == datetime(2026, 11, 28, 13, 5)
    assert one.info.moment(1.5) == datetime(2026, 11, 28, 14, 0, 31, 500000)
    record(tmp_path / "plain.mp4", [n / 25 for n in range(5)])
    with pytest.warns(OddframeWarning, match=r"plain\.mp4: its name does not tell when it starts"):
        assert find_videos(tmp_path / "plain.mp4", starts=pattern)[0].info.starts is None


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("/r/20261128130500-cam.dav", "%Y%m%d%H%M%S", datetime(2026, 11, 28, 13, 5)),
        ("/r/2026-11-28/13.05.07.jpg", "%Y-%m-%d/%H.%M.%S", datetime(2026, 11, 28, 13, 5, 7)),
        ("/r/ch1 28.11.26 01:05 PM.avi", "%d.%m.%y %I:%M %p", datetime(2026, 11, 28, 13, 5)),
        ("/r/2020-01-01_00-00-00/2026-11-28_13-05-00.mp4", "%Y-%m-%d_%H-%M-%S", datetime(2026, 11, 28, 13, 5)),
        ("/r/2026-19-28_13-05-00.mp4", "%Y-%m-%d_%H-%M-%S", None),
        ("/r/gate.mp4", "%Y-%m-%d_%H-%M-%S", None),
    ],
)
def test_names_of_many_makes_are_read(name: str, pattern: str, found: datetime | None) -> None:
    assert start_in_name(name, pattern) == found


@pytest.mark.parametrize("wrong", ["", "gate", "%H-%M", "%Y-%m-%d", "%Q%Y%m%d%H"])
def test_a_pattern_that_tells_no_moment_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="starts"):
        start_in_name("/r/a.mp4", wrong)


def test_metadata_are_believed_where_they_can_be_true(tmp_path: Path) -> None:
    known = record(tmp_path / "a.mov", [n / 25 for n in range(5)], creation_time="2024-03-05T10:00:00Z")
    assert open_video(known).info.starts == datetime(2024, 3, 5, 10, tzinfo=UTC)
    for never in ("1904-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", "yesterday", ""):
        assert start_in_metadata({"creation_time": never}) is None
    assert start_in_metadata({}) is None


def test_times_of_a_part_end_where_its_last_frame_does() -> None:
    times = Times(Fraction(10), np.array([0.0, 0.1, 0.3, 9.0]), (0, 3))
    assert times.ends.tolist() == pytest.approx([0.1, 0.3, 0.5, 9.1])
    assert [times.shown(moment) for moment in (0.0, 0.15, 0.4, 0.6, 9.05, 50.0)] == [0, 1, 2, 3, 3, 3]
    assert times.at(np.array([0.5, 2.5])).tolist() == pytest.approx([0.05, 0.4])
