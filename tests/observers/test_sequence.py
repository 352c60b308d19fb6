"""The sequence observer: the frames themselves, in order, square and never aliased; each stored once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from oddframe.cache.cache import ObservationCache
from oddframe.engine.detector import Detector
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.errors import FitError, SettingsError
from oddframe.observers.sequence import Sequence, square
from oddframe.testing.observers import observe
from oddframe.testing.scenes import moving_square
from oddframe.types import Frame, ImageArray, Observations, Spec, VideoInfo
from oddframe.video import ArrayVideo
from oddframe.video.health import CameraHealth
from tests.engine.fakes import Nearest


class Anything(Nearest):
    """Takes any observations; nothing is left for it to do in these tests."""

    def check(self, spec: Spec) -> None:
        pass


INFO = VideoInfo("v", 40, 30, Fraction(25))


def pictures(count: int, height: int = 30, width: int = 40) -> ImageArray:
    """Textured frames, no two of which are alike."""
    random = np.random.default_rng(0)
    return np.asarray(random.integers(0, 255, (count, height, width, 3)), np.uint8)


def watch(observer: Sequence, images: ImageArray) -> Observations:
    stream = observer.open(INFO)
    frames = [Frame(i, i / 25, image) for i, image in enumerate(images)]
    return Observations.concatenate([*[stream.push(frame) for frame in frames], stream.close()])


@pytest.mark.parametrize(("length", "step"), [(5, 1), (3, 2), (1, 1)])
def test_a_row_is_the_frames_before_and_the_frame_itself(length: int, step: int) -> None:
    images = pictures(12)
    observer = Sequence(size=8, length=length, step=step)
    seen = watch(observer, images)
    first = (length - 1) * step
    assert seen.frame.tolist() == seen.ready.tolist() == list(range(first, 12))
    assert seen.span.tolist() == [[f, f + 1] for f in range(first, 12)]
    assert seen.box.tolist() == [[0, 0, 40, 30]] * (12 - first)
    each = [torch.from_numpy(square(image, 8, grey=False)) for image in images]
    for row, frame in enumerate(range(first, 12)):
        wanted = torch.stack([each[frame - first + k * step] for k in range(length)])
        assert torch.equal(seen.data["frames"][row], wanted)


def test_channels_are_red_green_blue_or_brightness() -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    image[..., 0] = 200
    assert square(image, 8, grey=False).mean(axis=(1, 2)).tolist() == [200, 0, 0]
    assert square(image, 8, grey=True).shape == (1, 8, 8)
    assert (square(image, 8, grey=True) == cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[0, 0]).all()
    same = np.repeat(pictures(1)[0, :, :, :1], 3, axis=2)
    assert np.array_equal(square(same, 8, grey=True)[0], square(same, 8, grey=False)[1])


def test_what_shrinks_is_averaged_though_the_other_side_grows() -> None:
    """Stripes one pixel wide become even grey, as in the 360 x 240 pixels of Ped2, which grow in height alone."""
    stripes = np.zeros((20, 128, 3), np.uint8)
    stripes[:, ::2] = 200
    found = square(stripes, 32, grey=False)
    assert (found == 100).all()


def test_small_pictures_are_interpolated() -> None:
    ramp = np.repeat(np.arange(0, 80, 10, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert len(np.unique(square(np.repeat(ramp, 8, axis=0), 32, grey=False))) > 16


@pytest.mark.parametrize("wrong", [{"size": 0}, {"length": 0}, {"step": 0}])
def test_senseless_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="sequence"):
        Sequence(**wrong)  # type: ignore[arg-type]


def test_rows_do_not_change_later() -> None:
    """A row keeps its pixels when frames are dropped from the stream's memory, and when the caller's change."""
    images = pictures(8)
    stream = Sequence(size=40).open(INFO)
    rows = [stream.push(Frame(i, i / 25, image)) for i, image in enumerate(images)]
    before = rows[5].data["frames"].clone()
    images[:] = 0
    assert torch.equal(rows[5].data["frames"], before)


def test_the_cache_gives_back_what_was_seen(tmp_path: Path) -> None:
    clips = [moving_square("a", seconds=3), moving_square("b", seconds=0.4), moving_square("c", seconds=2)]
    observer = Sequence(size=24, length=4, step=2)
    videos = [ArrayVideo([f.image for f in clip.frames], fps=10, name=clip.info.id) for clip in clips]
    source = observed(videos, Watching(observer, None, CameraHealth()), ObservationCache(tmp_path))
    data = torch.cat([observe(observer, clip).data["frames"] for clip in clips])
    order = np.random.default_rng(0).permutation(len(source))
    assert len(source) == (30 - 6) + 0 + (20 - 6)
    assert torch.equal(source.take(order)["frames"], data[torch.from_numpy(order)])


def test_a_video_that_is_too_short_is_named_with_the_frames_it_needs(tmp_path: Path) -> None:
    short = ArrayVideo(pictures(4), fps=25, name="gate")
    with pytest.raises(FitError, match=r"gate: 4 frames in video shorter than the 5 frames"):
        Detector(observer=Sequence(size=8), model=Anything()).fit(short, cache=tmp_path)
