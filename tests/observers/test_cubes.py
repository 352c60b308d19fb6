"""Cubes: the same box out of each frame, known with the last of them, whatever the clip is like."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oddframe import catalog
from oddframe.cache.cache import ObservationCache
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.errors import SettingsError
from oddframe.observers.cubes import Cubes
from oddframe.observers.detectors.base import Detections, ObjectDetector
from oddframe.observers.foreground import boxes as rules
from oddframe.observers.foreground.flow_threshold import FlowThreshold
from oddframe.observers.foreground.motion import Motion
from oddframe.observers.sequence import square
from oddframe.testing.observers import CHECKS, observe
from oddframe.testing.scenes import Clip, moving_square, place_of
from oddframe.types import FloatArray, Frame, ImageArray, Observations, Run, VideoInfo
from oddframe.video import ArrayVideo
from oddframe.video.health import CameraHealth
from tests.observers.test_foreground import picture


class Knows(ObjectDetector):
    """Always finds the same boxes, equally certain."""

    name = "knows"

    def __init__(self, boxes: tuple[tuple[float, ...], ...], score: float = 0.9) -> None:
        self.boxes, self.score = boxes, score

    def find(self, image: ImageArray, run: Run = Run()) -> Detections:
        count = len(self.boxes)
        return Detections(np.array(self.boxes), np.full(count, self.score), np.zeros(count, np.int64))


def still(frames: int = 20, width: int = 64, height: int = 48, fps: int = 10) -> Clip:
    return moving_square("still", speed=0.0, width=width, height=height, fps=fps, seconds=frames / fps)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_with_motion_and_the_paper_s_foreground_too(check: object) -> None:
    check(Cubes(motion=True, interval=0.15, size=8, foreground=FlowThreshold(magnitude=0.1)))  # type: ignore[operator]


def test_a_cube_is_its_box_in_the_frames_around() -> None:
    clip = moving_square(seconds=2)
    seen = observe(Cubes(before=1, after=2, size=16), clip)
    assert len(seen)
    assert (seen.ready == seen.frame + 2).all()
    assert (seen.span == np.stack([seen.frame, seen.frame + 1], axis=1)).all()
    for row, (frame, box) in enumerate(zip(seen.frame, seen.box.astype(int), strict=True)):
        x0, y0, x1, y1 = box
        wanted = [square(clip.frames[f].image[y0:y1, x0:x1], 16, grey=False) for f in range(frame - 1, frame + 3)]
        assert torch.equal(seen.data["appearance"][row], torch.from_numpy(np.stack(wanted)))


def test_the_thing_is_in_its_box() -> None:
    clip = moving_square(seconds=3)
    seen = observe(Cubes(size=8), clip)
    for frame in range(8, 26):
        boxes = seen.box[seen.frame == frame]
        x, y = place_of(frame / 10 * 18.0, 20, 128, 96)
        assert any(b[0] <= x + 2 and b[1] <= y + 2 and b[2] >= x + 18 and b[3] >= y + 18 for b in boxes), frame


def test_motion_is_in_source_pixels_whatever_the_working_size() -> None:
    """A thing that comes 6 pixels to the right each frame, looked at in half its size."""
    images = [picture([(10 + 3 * t, 40)]).repeat(2, axis=0).repeat(2, axis=1) for t in range(12)]
    stream = Cubes(motion=True, size=16, foreground=Motion(short_side=120)).open(VideoInfo("v", 320, 240, Fraction(10)))
    seen = Observations.concatenate([stream.push(Frame(t, t / 10, image)) for t, image in enumerate(images)])
    row = int(np.flatnonzero(seen.frame == 8)[0])
    across, down = seen.data["motion"][row, 2].float()
    assert 5 < float(across[6:10, 6:10].median()) < 7
    assert abs(float(down[6:10, 6:10].median())) < 1


def test_frames_apart_in_seconds_are_the_same_at_any_rate() -> None:
    info = [VideoInfo("v", 64, 48, Fraction(fps)) for fps in (10, 30)]
    assert [Cubes(interval=0.1).gap(i) for i in info] == [1, 3]
    assert [Cubes().gap(i) for i in info] == [1, 1]


def test_detections_are_sifted_as_the_paper_does() -> None:
    """Uncertain, small and covered ones go; motion inside the others is theirs."""
    clip = moving_square(seconds=2)
    big, inside, small = (0.0, 20.0, 128.0, 90.0), (10.0, 30.0, 30.0, 50.0), (0.0, 0.0, 9.0, 9.0)
    paper = FlowThreshold(magnitude=0.5)
    seen = observe(Cubes(size=8, foreground=paper, object_detector=Knows((inside, big, small))), clip)
    assert {tuple(box) for box in seen.box.tolist()} == {big}  # the square is inside
    vague = observe(Cubes(size=8, foreground=paper, object_detector=Knows((big,), 0.2)), clip)
    assert tuple(big) not in {tuple(box) for box in vague.box.tolist()}
    assert len(vague)


def test_a_pile_without_motion_has_no_cubes(tmp_path: Path) -> None:
    video = ArrayVideo([frame.image for frame in still().frames], fps=10, name="still")
    for foreground in (Motion(), FlowThreshold()):
        source = observed(
            [video], Watching(Cubes(foreground=foreground), None, CameraHealth()), ObservationCache(tmp_path)
        )
        assert len(source) == 0
        assert source.columns("still").through == 20


def test_clips_of_any_size_and_rate_go_together(tmp_path: Path) -> None:
    clips = [
        moving_square("a"),
        moving_square("b", fps=25, width=300, height=100, seconds=2),
        moving_square("c", fps=30, width=90, height=333, seconds=2),
        moving_square("d", seconds=0.3),
    ]
    videos = [ArrayVideo([f.image for f in c.frames], fps=c.info.fps, name=c.info.id) for c in clips]
    source = observed(videos, Watching(Cubes(motion=True), None, CameraHealth()), ObservationCache(tmp_path))
    assert all(len(source.rows(name)) for name in "abc")
    assert not len(source.rows("d"))
    assert source.take(np.arange(len(source)))["motion"].shape[1:] == (5, 2, 32, 32)


def test_rows_do_not_change_when_the_caller_s_pictures_do() -> None:
    clip = moving_square(seconds=2)
    wanted, stream, found = observe(Cubes(size=8), clip), Cubes(size=8).open(clip.info), list[Observations]()
    for frame in clip.frames:
        image = frame.image.copy()
        found.append(stream.push(type(frame)(frame.index, frame.time, image)))
        image[:] = 0
    found.append(stream.close())
    assert torch.equal(Observations.concatenate(found).data["appearance"], wanted.data["appearance"])


def test_parts_are_set_by_name() -> None:
    settings = catalog.merged({}, {"foreground": "flow-threshold", "foreground.smallest": "30"})
    built = catalog.build("observer", "cubes", settings)
    assert isinstance(built, Cubes)
    assert isinstance(built.foreground, FlowThreshold)
    assert built.foreground.smallest == 30


@pytest.mark.parametrize("wrong", [{"before": -1}, {"size": 0}, {"certainty": 1.0}, {"overlap": 0.0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="cubes"):
        Cubes(**wrong)  # type: ignore[arg-type]


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 4), max_size=8), st.floats(0.1, 0.99))
def test_no_box_that_stays_covers_another(corners: list[tuple[int, ...]], share: float) -> None:
    boxes: FloatArray = np.array([[x, y, x + w + 1, y + h + 1] for x, y, w, h in corners], np.float32).reshape(-1, 4)
    kept = rules.uncovered(boxes, share)
    assert len(kept) > 0 or not len(boxes)
    assert len(rules.uncovered(kept, share)) == len(kept)
    for one in boxes:
        shared = np.clip(np.minimum(kept[:, 2:], one[2:]) - np.maximum(kept[:, :2], one[:2]), 0, None).prod(axis=1)
        assert (
            (kept == one).all(axis=1).any() or (shared > share * rules.area(one[None])).any() or len(kept) < len(boxes)
        )
