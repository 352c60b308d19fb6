"""Video files: whatever the encoding, the frames that went in come out, upright, in order and on time."""

from __future__ import annotations

import io
import itertools
import re
import struct
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from oddframe.errors import DamagedVideo, EmptyVideo, VideoError, VideoNotFound
from oddframe.types import ImageArray
from oddframe.video import ASSUMED_FPS, open_video
from oddframe.video.container import STREAM_TIMEOUT, decoded, opened, spoken
from oddframe.video.flaws import Flaws

Maker = Callable[..., Path]


def scene(index: int, width: int = 64, height: int = 48) -> ImageArray:
    """A picture that tells its number by its brightness, and which way is up by a white corner at top left."""
    image = np.full((height, width, 3), 40 + index * 2 % 160, np.uint8)
    image[: height // 3, : width // 3] = 250
    return image


def noise(index: int, width: int, height: int) -> ImageArray:
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    def encode(
        name: str,
        *,
        codec: str = "libx264",
        pixels: str = "yuv420p",
        frames: int = 30,
        size: tuple[int, int] = (64, 48),
        rate: Fraction | int = 25,
        times: Sequence[int] | None = None,
        picture: Callable[..., ImageArray] = scene,
        **options: str,
    ) -> Path:
        movflags = {"movflags": options.pop("movflags")} if "movflags" in options else {}
        if codec == "libx265":
            options["x265-params"] = "log-level=none"
        with av.open(str(tmp_path / name), "w", options=movflags) as container:
            stream = container.add_stream(codec, rate=rate, options=options)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            for index in range(frames):
                frame = av.VideoFrame.from_ndarray(picture(index, *size), format="rgb24")
                frame.time_base = 1 / Fraction(rate)
                frame.pts = index if times is None else times[index]
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return tmp_path / name

    return encode


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size"),
    [
        ("plain.mp4", "libx264", "yuv420p", (64, 48)),
        ("odd.mp4", "libx264", "yuv444p", (63, 47)),
        ("ten.mkv", "libx264", "yuv420p10le", (64, 48)),
        ("hevc.mkv", "libx265", "yuv420p10le", (64, 48)),
        ("grey.mkv", "ffv1", "gray", (63, 47)),
        ("rgb.mkv", "ffv1", "bgr0", (64, 48)),
        ("old.avi", "mpeg4", "yuv420p", (64, 48)),
        ("pictures.avi", "mjpeg", "yuvj420p", (64, 48)),
    ],
)
def test_every_encoding_gives_the_pictures_back(
    make: Maker, name: str, codec: str, pixels: str, size: tuple[int, int]
) -> None:
    video = open_video(make(name, codec=codec, pixels=pixels, size=size))
    frames = list(video)
    assert (video.info.id, video.info.width, video.info.height) == (name.split(".", maxsplit=1)[0], *size)
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(30)], abs=0.001)
    for index, frame in enumerate(frames):
        assert np.abs(frame.image[20:, 25:].astype(int) - scene(index, *size)[20:, 25:]).max() <= 12
        assert frame.image.flags.c_contiguous


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv"])
def test_any_frame_can_be_sought_exactly(make: Maker, name: str) -> None:
    path = make(name, frames=40, g="12", bf="3")
    frames = list(open_video(path))
    fresh = open_video(path)
    for index in (0, 39, 11, 12, 13, 1, 25):
        found = fresh.frame_at(index)
        assert (found.index, found.time) == (index, frames[index].time)
        assert np.array_equal(found.image, frames[index].image)
    for outside in (-1, 40):
        with pytest.raises(VideoError, match=f"no frame {outside}"):
            fresh.frame_at(outside)


def test_frames_are_counted_not_believed(make: Maker) -> None:
    video = open_video(make("count.mp4", frames=17))
    assert video.info.frames is None
    assert video.hint == 17
    assert video.count() == 17
    assert video.info.frames == 17


@pytest.mark.parametrize("name", ["ntsc.mp4", "ntsc.mkv"])
def test_fractional_rates_stay_exact(make: Maker, name: str) -> None:
    video = open_video(make(name, rate=Fraction(30000, 1001), frames=60))
    assert video.info.fps == Fraction(30000, 1001)
    assert not video.fps_assumed


def test_variable_rates_keep_their_times(make: Maker) -> None:
    ticks = [0, 1, 2, 10, 11, 30, 31, 32]
    video = open_video(make("vfr.mp4", frames=8, rate=100, times=ticks))
    assert [frame.time for frame in video] == pytest.approx([t / 100 for t in ticks])
    assert video.frame_at(5).time == pytest.approx(0.3)
    assert [frame.time for frame in open_video(video.source, fps=10)] == pytest.approx([i / 10 for i in range(8)])


def test_a_nonsense_rate_is_replaced_by_the_assumed_one(make: Maker) -> None:
    path = make("fast.mkv", rate=90000, frames=3)
    video = open_video(path)
    assert (video.info.fps, video.fps_assumed) == (ASSUMED_FPS, True)
    assert not open_video(path, fps=10).fps_assumed


@pytest.mark.parametrize(
    ("matrix", "corner", "size"),
    [
        ((0, 1, -1, 0), (slice(0, 8), slice(-8, None)), (48, 64)),  # a quarter turn clockwise
        ((-1, 0, 0, -1), (slice(-8, None), slice(-8, None)), (64, 48)),
        ((0, -1, 1, 0), (slice(-8, None), slice(0, 8)), (48, 64)),
        ((-1, 0, 0, 1), (slice(0, 8), slice(-8, None)), (64, 48)),  # mirrored
    ],
)
def test_phones_held_sideways_are_turned_upright(
    make: Maker, matrix: tuple[int, ...], corner: tuple[slice, slice], size: tuple[int, int]
) -> None:
    path = make("phone.mp4", frames=3)
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40  # version 0: the matrix is 40 bytes after the type
    a, b, c, d = (value * 65536 for value in matrix)
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    video = open_video(path)
    assert (video.info.width, video.info.height) == size
    image = next(iter(video)).image
    assert image[corner].min() > 200
    assert (image > 200).mean() < 0.2


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize(
    ("name", "movflags"), [("cut.mp4", "frag_keyframe+empty_moov"), ("fast.mp4", "faststart"), ("cut.mkv", "")]
)
def test_a_truncated_file_gives_what_decodes_and_a_warning(make: Maker, name: str, movflags: str) -> None:
    options = {"movflags": movflags} if movflags else {}
    path = cut(make(name, frames=150, g="10", picture=noise, **options), 0.6)
    video = open_video(path)
    with pytest.warns(DamagedVideo, match=rf"{name}.*frame \d+") as caught:
        frames = list(video)
    assert 10 < len(frames) < 150
    assert f"{len(frames)} frames" in str(caught[0].message)
    assert video.info.frames == len(frames)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideo)
        assert np.array_equal(video.frame_at(20).image, frames[20].image)


def test_a_packet_that_gives_no_frame_is_reported(make: Maker) -> None:
    path = make("hole.avi", codec="mjpeg", pixels="yuvj420p", frames=12, picture=noise)
    content = path.read_bytes()
    starts = [found.start() for found in re.finditer(b"\xff\xd8\xff", content)]
    assert len(starts) == 12
    path.write_bytes(content[: starts[5]] + bytes(starts[6] - starts[5] - 8) + content[starts[6] - 8 :])
    with pytest.warns(DamagedVideo, match=r"hole\.avi: damaged at frame 5 \(.*11 frames could be read"):
        frames = list(open_video(path))
    assert len(frames) == 11


def test_what_the_decoder_still_holds_when_reading_fails_comes_out(make: Maker) -> None:
    path, flaws = str(make("failing.mp4", frames=30, bf="3", g="30")), Flaws()
    with opened(path) as (container, stream):

        class Failing:
            """A disk that breaks after twelve packets."""

            def demux(self, asked: object) -> Iterator[object]:
                yield from itertools.islice(container.demux(stream), 12)
                raise av.error.OSError(5, "Input/output error")

        frames = list(decoded(path, Failing(), stream, flaws))  # type: ignore[arg-type]
    assert len(frames) == 12
    assert "Input/output error" in flaws.damage


def test_a_size_that_changes_midway_is_scaled_to_the_first_and_said(make: Maker, tmp_path: Path) -> None:
    both = tmp_path / "both.h264"
    both.write_bytes(make("a.h264", frames=10).read_bytes() + make("b.h264", frames=10, size=(96, 80)).read_bytes())
    video = open_video(both)
    with pytest.warns(
        DamagedVideo, match=r"both\.h264: its size changes from 64 x 48 to 96 x 80 at frame 10 \(0\.4 s\).*20 frames"
    ):
        frames = list(video)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert len(frames) == 20
    assert np.abs(frames[15].image[20:, 25:].astype(int) - scene(5)[20:, 25:]).max() <= 12


def test_an_mp4_without_its_index_says_how_to_save_it(make: Maker, tmp_path: Path) -> None:
    whole = make("lost.mp4", picture=noise).read_bytes()
    for end in (len(whole) // 2, whole.index(b"moov") + 40):
        path = tmp_path / "lost.mp4"
        path.write_bytes(whole[:end])
        with pytest.raises(VideoError, match=r"lost\.mp4.*moov.*repair"):
            open_video(path)


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_box_of_no_length_ends_the_search_for_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """Who steps on by the length that such a box states never arrives."""
    path, calls = tmp_path / "nothing.mp4", itertools.count()
    real: Any = Path.open
    head = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)
    path.write_bytes(head + struct.pack(">I4s", length, b"mdat") + bytes(64))

    class Counted(io.FileIO):
        def read(self, size: int | None = -1) -> bytes:
            assert next(calls) < 100, "it reads the same box for ever"
            return super().read(-1 if size is None else size)

    def opening(file: Path, *mode: str) -> Any:
        return Counted(file) if file == path else real(file, *mode)

    monkeypatch.setattr(Path, "open", opening)
    with pytest.raises(VideoError, match=r"nothing\.mp4.*moov.*repair"):
        open_video(path)


def test_what_is_no_video_is_refused_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text, nothing = tmp_path / "text.mp4", tmp_path / "nothing.mp4"
    text.write_text("not a video\n" * 40)
    nothing.touch()
    with pytest.raises(VideoError, match=r"text\.mp4: not a video"):
        open_video(text)
    with pytest.raises(EmptyVideo, match=r"nothing\.mp4"):
        open_video(nothing)
    with pytest.raises(VideoNotFound, match=rf"as far as {tmp_path}"):
        open_video(tmp_path / "a" / "b.mp4")
    assert capfd.readouterr() == ("", "")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, av.AudioStream)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no video stream"):
        open_video(path)


def test_a_sound_recording_with_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        sound, cover = container.add_stream("aac", rate=8000), container.add_stream("mjpeg")
        assert isinstance(sound, av.AudioStream)
        assert isinstance(cover, av.VideoStream)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        for packets in (
            cover.encode(av.VideoFrame.from_ndarray(scene(0), format="rgb24")),
            cover.encode(None),
            sound.encode(silence),
            sound.encode(None),
        ):
            container.mux(packets)
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1  # who takes any picture for a video finds one
    with pytest.raises(VideoError, match="no video stream"):
        open_video(path)


def test_content_decides_the_digest(make: Maker) -> None:
    one, other = make("one.mp4"), make("other.mp4", frames=29)
    twin = one.with_name("twin.mp4")
    twin.write_bytes(one.read_bytes())
    assert open_video(one).digest() == open_video(twin, fps=5).digest() != open_video(other).digest()


def test_an_abandoned_pass_closes_the_file(make: Maker) -> None:
    path = make("left.mp4", frames=100)

    def held() -> int:
        return sum(link.is_symlink() and link.readlink() == path for link in Path("/proc/self/fd").iterdir())

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    passing = iter(open_video(path))
    next(passing)
    assert held() == 1
    del passing
    assert held() == 0


def test_a_pass_holds_no_more_than_a_few_frames(make: Maker) -> None:
    video = open_video(make("long.mp4", frames=600, size=(160, 120), preset="ultrafast"))

    def peak(frames: Iterator[object], many: int) -> int:
        tracemalloc.start()
        for _ in range(many):
            next(frames)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(iter(video), 590) < peak(iter(video), 30) + 4 * 160 * 120 * 3


def test_a_stream_that_does_not_answer_fails_in_time_and_keeps_the_password() -> None:
    assert 0 < max(STREAM_TIMEOUT) <= 30
    with pytest.raises(VideoError, match=r"^http://127\.0\.0\.1:9/cam: the stream does not open") as error:
        open_video("http://admin:secret@127.0.0.1:9/cam")
    assert "secret" not in str(error.value)
    assert spoken("rtsp://u:p@host/x") == "rtsp://host/x"
