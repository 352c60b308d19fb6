"""The walkway's pictures: reproducible, alive, true to their boxes, and not to be solved by simple rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from oddframe.errors import VideoError
from oddframe.metrics.frame import auroc
from oddframe.video import Video
from oddframe.walkway import (
    KINDS,
    KINDS_BY_LOOKS,
    Painter,
    SyntheticClip,
    Walkway,
    benchmark,
    render,
    rule_scores,
)
from oddframe.walkway.camera import Camera
from oddframe.walkway.painter import outline

GOLDEN = [
    [[106, 130, 79], [127, 119, 89], [140, 127, 101], [125, 127, 94]],
    [[149, 156, 122], [170, 170, 144], [166, 158, 143], [173, 162, 144]],
    [[112, 127, 88], [130, 155, 99], [116, 149, 82], [130, 142, 92]],
]  # RGB, 4 x 3
SMALL = Walkway(width=160, height=120, seconds=8)
EMPTY = Painter(Walkway(seconds=10, noise=0, light=0, wind=0, people=0))
STILL = Walkway(width=160, height=120, seconds=8, noise=0, light=0, wind=0)


def test_a_clip_is_a_video_that_gives_the_same_frames_every_time() -> None:
    clip = render(SMALL, 5, ["runner"])
    assert isinstance(clip, Video)
    first, second = ([frame.image for frame in islice(video, 12)] for video in (clip, render(SMALL, 5, ["runner"])))
    np.testing.assert_array_equal(first, second)
    assert np.array_equal(clip.frame_at(7).image, first[7])
    assert clip.frame_at(7).time == 7 / 25
    assert all((a != b).mean() > 0.2 for a, b in pairwise(first))  # the camera's noise


def test_frames_that_are_asked_for_are_those_of_a_pass() -> None:
    """Only they are drawn, but light, wind and noise have to be what they would have been."""
    clip = render(Walkway(seconds=3), seed=5, events=["runner"])
    passed = {frame.index: frame.image for frame in clip if frame.index in (0, 31, 74)}
    asked = {frame.index: frame.image for frame in clip.frames_at([74, 0, 31, 31])}
    assert list(asked) == [0, 31, 74]
    assert all(np.array_equal(passed[index], asked[index]) for index in passed)
    with pytest.raises(VideoError, match="has no frame 75"):
        clip.frame_at(75)


def test_the_picture_is_the_one_that_numbers_were_reported_on() -> None:
    image = next(render(SMALL, 5).images())
    coarse = cv2.resize(image, (4, 3), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(coarse.astype(int), GOLDEN, atol=2)


def test_digests_tell_clips_apart() -> None:
    clips = [render(SMALL, 5), render(SMALL, 6), render(SMALL, 5, ["runner"]), render(STILL, 5)]
    assert len({clip.digest() for clip in clips}) == len(clips)
    assert clips[0].digest() == render(SMALL, 5, name="another name").digest()


def test_strengths_of_zero_leave_a_still_picture() -> None:
    images = list(render(Walkway(width=160, height=120, seconds=2, noise=0, light=0, wind=0, people=0), 1).images())
    assert len(images) == 50
    assert all(np.array_equal(images[0], image) for image in images)


@pytest.mark.parametrize("change", ["noise", "light", "wind", "people"])
def test_each_strength_moves_the_picture(change: str) -> None:
    off = replace(SMALL, seconds=4, noise=0, light=0, wind=0, people=0)
    images = list(render(replace(off, **{change: getattr(Walkway(), change)}), 1).images())
    assert any(not np.array_equal(images[0], image) for image in images)


@pytest.mark.parametrize("kind", KINDS + KINDS_BY_LOOKS)
def test_boxes_lie_around_what_is_drawn(kind: str) -> None:
    """The same clip with and without its event differs inside the box, apart from the shadow."""
    clip = SyntheticClip(EMPTY, 4, [kind])
    nothing = next(SyntheticClip(EMPTY, 4).images()).astype(int)
    checked = 0
    for index, image in enumerate(clip.images()):
        boxes = [box for box in clip.boxes[index] if box.kind == kind]
        if not boxes or index % 10:
            continue
        x0, y0, x1, y1 = boxes[0].box
        change = np.abs(image.astype(int) - nothing).max(2)
        inside = np.zeros_like(change, dtype=bool)
        inside[max(0, int(y0) - 1) : int(np.ceil(y1)) + 1, max(0, int(x0) - 1) : int(np.ceil(x1)) + 1] = True
        hue = np.abs(cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(int)[..., 1:] - _hues(nothing)).max(2)
        assert change[inside].max() > 60, "a human sees it"
        if kind not in ("dropped object", "loiterer", "escorted cyclist"):  # others are about, or a planter before feet
            assert hue[~inside].max(initial=0) < 14, "only a shadow, which has no colour of its own"
        checked += 1
    assert checked >= 3


def _hues(image: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return cv2.cvtColor(image.astype(np.uint8), cv2.COLOR_RGB2LAB).astype(np.int64)[..., 1:]


def test_near_walkers_are_faster_in_pixels_than_far_runners() -> None:
    """Amount of motion must not give the answer away."""
    scale = [float(Camera(320, 240).project(np.array(place))[1]) for place in ((2.5, 0.9, -7.0), (10.0, 0.9, 1.8))]
    assert 1.3 / scale[0] > 3.5 / scale[1]


def test_no_simple_rule_solves_the_benchmark() -> None:
    clips = benchmark("quick").test
    labels = np.concatenate([clip.labels for clip in clips])
    scores = [rule_scores(clip.images()) for clip in clips]
    for rule in scores[0]:
        whole = np.concatenate([clip[rule] for clip in scores])
        assert 0.25 < auroc(whole, labels) < 0.75, rule


def test_rules_see_what_they_are_called() -> None:
    """A rule that saw nothing would be no evidence of a hard benchmark."""
    frames = np.full((60, 120, 160, 3), 120, np.uint8)
    frames[30:] += 20  # sudden light
    frames[40:50, 40:80, 30 + 4 * 0 : 60] = 250
    rules = rule_scores(frames)
    assert abs(int(np.argmax(rules["brightness change"])) - 30) <= 1
    assert 40 <= int(np.argmax(rules["largest blob"])) < 50
    assert int(np.argmax(rules["strongest motion"])) in range(38, 52)


@pytest.mark.parametrize("kind", KINDS_BY_LOOKS)
def test_what_is_odd_by_its_looks_alone_is_drawn_as_no_walker_is(kind: str) -> None:
    """Else there would be nothing to find."""
    clip = SyntheticClip(EMPTY, 4, [kind])
    rider = next(actor for actor in clip.actors if actor.odd.any())
    walker = replace(rider, kind="walker")
    boxes, walked = (outline(actor, clip.scene.camera, clip.scene.fps).boxes() for actor in (rider, walker))
    if kind == "skateboarder":
        steps = [np.abs(np.diff(b[60:160, 2] - b[60:160, 0], 2)).max() for b in (boxes, walked)]
        assert 3 * steps[0] < steps[1], "no step widens who stands on a board"
        assert (boxes[:, 3] - boxes[:, 1] > walked[:, 3] - walked[:, 1]).mean() > 0.8
    else:
        assert np.median((boxes[:, 2] - boxes[:, 0]) / (walked[:, 2] - walked[:, 0])) > 1.6
