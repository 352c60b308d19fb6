"""Watching a video: health holds observations back exactly as long as it must, and masks hide what they should."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.engine.observe import ReasonRuns, Seen, Sieve, Watching, WatchStream, watch
from oddframe.errors import EmptyVideo, SettingsError
from oddframe.scoring import untouched
from oddframe.types import Frame, ImageArray, Observations, Progress, Run, Times, VideoInfo, Window
from oddframe.video.array import ArrayVideo
from oddframe.video.health import CameraHealth
from oddframe.video.mask import Mask
from tests.engine.fakes import Blob, picture, video, walk


def one_each(frames: list[int], look_ahead: int, through: int) -> Observations:
    n = len(frames)
    about = np.array(frames, np.int64)
    return Observations(
        "v",
        about,
        np.stack([about, about + 1], axis=1),
        about + look_ahead,
        np.zeros((n, 4), np.float32),
        through=through,
    )


@given(st.data())
def test_the_sieve_lets_through_what_saw_scorable_frames_only_however_late_health_is(data: st.DataObject) -> None:
    frames, behind, ahead = data.draw(st.integers(1, 40)), data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
    window = Window(behind + ahead + 1, about=behind)
    bad = data.draw(st.sets(st.integers(0, frames - 1), max_size=4))
    words = ["dark" if f in bad else "" for f in range(frames)]
    present = data.draw(st.sets(st.integers(behind, max(behind, frames - ahead - 1)), max_size=20))
    present = {f for f in present if f + ahead < frames}
    sieve, told, gone = Sieve(window), 0, 0
    out: list[Observations] = []
    for pushed in range(frames):
        until = data.draw(st.integers(told, pushed + 1))
        rows = [f for f in sorted(present) if f + ahead == pushed]
        out.append(sieve.push(Seen(one_each(rows, ahead, max(pushed - ahead + 1, 0)), tuple(words[told:until]))))
        told = until
        assert (out[-1].frame >= gone).all()
        assert (out[-1].ready < told).all()
        assert gone <= out[-1].through <= told
        gone = out[-1].through
    out.append(sieve.push(Seen(one_each([], 0, frames), tuple(words[told:]))))
    assert out[-1].through == frames
    everything = one_each(sorted(present), ahead, frames)
    runs = ReasonRuns()
    runs.extend(words)
    expected = everything.frame[untouched(everything, window, Times.even(frames, Fraction(25)), runs.runs)]
    assert Observations.concatenate(out).frame.tolist() == expected.tolist()


def test_words_become_runs() -> None:
    runs = ReasonRuns()
    for words in (["", "dark"], ["dark"], [], ["frozen", "", "frozen"]):
        runs.extend(words)
    assert runs.runs == ((1, 3, "dark"), (3, 4, "frozen"), (5, 6, "frozen"))
    assert runs.frames == 6


def test_a_masked_blob_is_not_seen() -> None:
    clip = video("v", [10] * 8)
    mask = Mask.from_rectangles([(8, 0, 20, 48)])
    for chosen, found in ((None, 4), (mask, 0)):
        stream = WatchStream(Watching(Blob(), chosen, CameraHealth()), clip.info)
        assert sum(len(seen.observations) for seen in watch(clip, stream)) == found


@pytest.mark.parametrize(
    ("images", "word"),
    [
        (np.zeros((40, 48, 64, 3), np.uint8), "dark"),
        (np.repeat(picture(10)[None], 40, axis=0), "frozen"),
    ],
)
def test_a_mask_hides_neither_a_dark_nor_a_frozen_camera(images: ImageArray, word: str) -> None:
    images = images.copy()
    images[:, 0, 0, 0] = np.arange(40)  # a clock
    clip = ArrayVideo(images, fps=10, name="v")
    mask = Mask.from_rectangles([(0, 0, 30, 20)])
    stream = WatchStream(Watching(Blob(), mask, CameraHealth()), clip.info)
    words = [one for seen in watch(clip, stream) for one in seen.health]
    assert len(words) == 40
    assert set(words[1:]) == {word}


def test_progress_is_told_frame_by_frame() -> None:
    told: list[Progress] = []
    clip = video("gate", walk(6))
    list(watch(clip, WatchStream(Watching(Blob(), None, CameraHealth()), clip.info), Run(progress=told.append)))
    assert [(p.stage, p.done, p.total, p.unit) for p in told] == [
        ("observing gate", n + 1, 6, "frames") for n in range(6)
    ]


def test_a_rate_too_low_for_the_observer_is_a_typed_error() -> None:
    with pytest.raises(SettingsError, match="gate: blob cannot watch at 1 fps"):
        Watching(Blob(), None, CameraHealth()).window(VideoInfo("gate", 8, 8, Fraction(1)))


class NoFrames(ArrayVideo):
    """Passes without giving a frame."""

    def __iter__(self) -> Iterator[Frame]:
        return iter(())


def test_a_video_that_yields_nothing_is_refused() -> None:
    clip = NoFrames(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(EmptyVideo):
        list(watch(clip, WatchStream(Watching(Blob(), None, CameraHealth()), clip.info)))
