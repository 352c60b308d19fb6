"""A camera that shows nothing is told from one that shows something odd, and a cautious line is kept between them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oddframe.errors import SettingsError, StoreError
from oddframe.types import Frame, ImageArray, VideoInfo
from oddframe.video import ArrayVideo, CameraHealth, HealthStream, View, find_videos
from oddframe.video.health.camera import Hindsight

FPS = 10
PED2 = Path(__file__).parents[2] / ".." / "shared" / "data" / "ped2"
Change = Callable[[int, ImageArray], ImageArray]


def scene(seed: int = 0, height: int = 240, width: int = 360) -> ImageArray:
    """A place: thirty boxes of different shades on a slope of light."""
    random = np.random.default_rng(seed)
    image = np.linspace(70, 170, width)[None].repeat(height, 0)
    for _ in range(60):
        y, x, h, w = random.integers((0, 0, 10, 10), (height, width, 60, 60))
        image[y : y + h, x : x + w] = random.integers(40, 220)
    return np.repeat(image.astype(np.uint8)[..., None], 3, axis=2)


def wall(door: int = 30) -> ImageArray:
    """A plain place: a bare wall with a door."""
    image = np.full((240, 360, 3), 150, np.uint8)
    image[90:, 150:210] -= np.uint8(door)
    return cv2.GaussianBlur(image, (3, 3), 0).astype(np.uint8)


def noisy(image: ImageArray, seed: int, strength: float = 2) -> ImageArray:
    noise = np.random.default_rng(seed).normal(0, strength, image.shape[:2])[..., None]
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def footage(place: ImageArray, frames: int, change: Change | None = None, noise: float = 2) -> list[ImageArray]:
    images = (noisy(place, seed, noise) for seed in range(frames))
    return [change(i, image) if change else image for i, image in enumerate(images)]


def watch(images: Iterable[ImageArray], views: Iterable[View] = ()) -> tuple[list[str], HealthStream]:
    images = list(images)
    stream = CameraHealth().open(VideoInfo("x", images[0].shape[1], images[0].shape[0], Fraction(FPS)), tuple(views))
    reasons: list[str] = []
    for i, image in enumerate(images):
        reasons += stream.push(Frame(i, i / FPS, image))
        assert i + 1 - len(reasons) <= 3.2 * FPS, "no frame waits for longer than frozen_after and twice REFINED"
    reasons += stream.close()
    assert len(reasons) == len(images)
    return reasons, stream


def runs(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Reasons as (word, how often in a row)."""
    found: list[tuple[str, int]] = []
    for reason in reasons:
        if found and found[-1][0] == reason:
            found[-1] = (reason, found[-1][1] + 1)
        else:
            found.append((reason, 1))
    return found


def turned(image: ImageArray, pixels: int = 54) -> ImageArray:
    return cv2.copyMakeBorder(image[:, pixels:], 0, 0, 0, pixels, cv2.BORDER_REFLECT).astype(np.uint8)


def blurred(image: ImageArray, strength: float = 12) -> ImageArray:
    return cv2.GaussianBlur(image, (0, 0), strength).astype(np.uint8)


def seen() -> View:
    view = watch(footage(scene(), 40))[1].view()
    assert view is not None
    return view


def test_a_frozen_camera_is_frozen_from_its_first_repeated_frame_until_it_moves() -> None:
    images = footage(scene(), 60)
    images[20:45] = [images[20].copy() for _ in range(25)]
    assert runs(watch(images)[0]) == [("", 21), ("frozen", 24), ("settling", 10), ("", 5)]


def test_a_still_scene_is_not_frozen() -> None:
    short = footage(scene(), 50)
    short[20:40] = [short[20].copy() for _ in range(20)]  # repeated 19 times, 1.9 s
    assert set(watch(short)[0]) == {""}
    almost = [scene() for _ in range(60)]
    for i, image in enumerate(almost):
        image[0, i % 300, 0] += 1  # one pixel is enough
    assert set(watch(almost)[0]) == {""}


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("dark", lambda i, x: noisy(np.zeros_like(x), i)),
        ("covered", lambda i, x: noisy(np.full_like(x, 90), i)),
        ("covered", lambda i, x: noisy(blurred(x), i)),
        (
            "covered",
            lambda i, x: noisy((np.ones_like(x) * np.linspace(20, 160, 360)[None, :, None]).astype(np.uint8), i),
        ),
        ("moved", lambda i, x: turned(x)),
        ("moved", lambda i, x: noisy(scene(7), i)),
    ],
    ids=["black", "hand", "defocused", "light leaking in", "turned", "elsewhere"],
)
def test_each_condition_is_marked_while_it_lasts_and_no_longer(word: str, change: Change) -> None:
    images = footage(scene(), 100, lambda i, x: change(i, x) if 45 <= i < 75 else x)
    assert runs(watch(images)[0]) == [("", 45), (word, 30), ("settling", 10), ("", 15)]


def crowd(i: int, image: ImageArray, share: float = 0.34) -> ImageArray:
    image, wide = image.copy(), int(360 * share)
    left = i * 6 % (360 - wide)
    blobs = np.random.default_rng(i // 5).integers(0, 256, (12, 8, 3)).astype(np.uint8)
    image[:, left : left + wide] = cv2.resize(blobs, (wide, 240))
    return image


def person(i: int, image: ImageArray) -> ImageArray:
    image, left = image.copy(), i * 3 % 360
    image[60:, left : left + 110] = 60
    image[60:110, left + 30 : left + 80] = 200
    return image


HARMLESS: dict[str, Change] = {
    "crowd": crowd,
    "lights off": lambda i, x: (x * (0.35 if i > 50 else 1)).astype(np.uint8),
    "lights on": lambda i, x: np.clip(x * (1.6 if i > 50 else 1.0) + 20.0, 0, 255).astype(np.uint8),
    "dusk": lambda i, x: (x * (1 - i / 150)).astype(np.uint8),
    "noise": lambda i, x: noisy(x, i + 1000, 20),
    "trembling": lambda i, x: np.roll(x, (i % 3) - 1, 1),
    "lorry": lambda i, x: person(i, x) if 50 < i < 58 else x,
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_happens_before_a_healthy_camera_is_scorable(name: str) -> None:
    images = footage(scene(), 100, HARMLESS[name])
    assert set(watch(images)[0]) == {""}
    assert set(watch(images, [seen()])[0]) == {""}


@pytest.mark.parametrize("noise", [1, 2, 8])
@pytest.mark.parametrize("change", [None, person])
def test_a_plain_scene_is_neither_covered_nor_moved(noise: float, change: Change | None) -> None:
    assert set(watch(footage(wall(), 120, change, noise))[0]) == {""}
    plain = watch(footage(wall(), 40, None, noise))[1].view()
    assert plain is not None
    assert set(watch(footage(wall(), 60, change, noise), [plain])[0]) == {""}


def test_another_view_than_the_given_ones_is_marked_from_the_first_frame() -> None:
    view = seen()
    assert runs(watch(footage(scene(7), 40), [view])[0]) == [("moved", 40)]
    assert runs(watch(footage(scene(7), 3), [view])[0]) == [("moved", 3)]
    assert runs(watch(footage(scene(), 40), [view])[0]) == [("", 40)]
    both = watch(footage(scene(7), 40))[1].view()
    assert both is not None
    assert runs(watch(footage(scene(7), 40), [view, both])[0]) == [("", 40)]
    back = footage(scene(7), 30) + footage(scene(), 30)
    assert runs(watch(back, [view])[0]) == [("moved", 30), ("settling", 10), ("", 20)]


def alike(one: View, other: View) -> float:
    """How alike two views are: 1 the same, 0 unrelated."""
    return float(np.vdot(one.grid, other.grid))


def test_a_moved_camera_gives_no_view_and_a_healthy_one_a_stable_one() -> None:
    view, again = seen(), watch(footage(scene(), 60, crowd))[1].view()
    assert watch(footage(scene(7), 30), [view])[1].view() is None
    assert again is not None
    assert alike(view, again) > 0.6
    assert alike(view, View(np.roll(view.grid, 9, 1))) < 0.2


def test_a_view_survives_json() -> None:
    view = seen()
    saved = json.loads(json.dumps(view.to_json()))
    assert alike(View.from_json(saved), view) > 0.999
    assert len(json.dumps(saved)) < 5000
    for damaged in ({}, {**saved, "levels": "?"}, {**saved, "shape": [3, 4]}):
        with pytest.raises(StoreError, match="view is damaged"):
            View.from_json(damaged)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
def test_hindsight_confirms_the_runs_that_last_and_no_others(suspects: list[bool], needed: int) -> None:
    run, verdicts = Hindsight(needed), list[bool]()
    for suspect in suspects:
        verdicts += run.push(suspect)
    verdicts += run.close()
    expected = [word == "True" and many >= needed for word, many in runs(map(str, suspects)) for _ in range(many)]
    assert verdicts == expected


def test_settings_are_its_identity() -> None:
    made = CameraHealth(frozen_after=3.5, lost_under=0.2)
    assert CameraHealth(**made.settings()).identity() == made.identity() != CameraHealth().identity()  # type: ignore[arg-type]
    for wrong in ({"moved_after": 0.0}, {"lost_under": 0.9}):
        with pytest.raises(SettingsError, match="camera-health"):
            CameraHealth(**wrong)


@pytest.mark.parametrize(("height", "width", "most"), [(240, 360, 0.001), (1080, 1920, 0.003)])
def test_watching_is_cheap(height: int, width: int, most: float) -> None:
    images = [noisy(scene(0, height, width), seed) for seed in range(4)]
    stream = CameraHealth().open(VideoInfo("x", width, height, Fraction(FPS)), [seen()] * 16)
    spent = []
    for i in range(24):
        start = time.process_time()
        stream.push(Frame(i, i / FPS, images[i % 4]))
        spent.append(time.process_time() - start)
    assert min(spent) < most * 2  # a machine may be busy, but not twice as slow at its best


@pytest.fixture(scope="module")
def ped2() -> tuple[list[View], dict[str, list[ImageArray]]]:
    if not PED2.is_dir():
        pytest.skip("no UCSD Ped2")
    training = find_videos(PED2 / "training" / "frames", fps=FPS)
    views = [watch(frame.image for frame in video)[1].view() for video in training]
    tests = find_videos(PED2 / "testing" / "frames", fps=FPS)
    assert (len(views), len(tests)) == (16, 12)
    return [view for view in views if view is not None], {v.info.id: [f.image for f in v] for v in tests}


@pytest.mark.real_data
def test_real_clips_are_scorable_throughout(ped2: tuple[list[View], dict[str, list[ImageArray]]]) -> None:
    views, clips = ped2
    assert len(views) == 16
    bad = {name: count for name, clip in clips.items() if set(count := Counter(watch(clip, views)[0])) != {""}}
    assert not bad


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("moved", lambda i, x: turned(x)),
        ("moved", lambda i, x: turned(x[:, ::-1])[:, ::-1].copy()),
        ("covered", lambda i, x: blurred(x, 9)),
        ("dark", lambda i, x: np.zeros_like(x)),
    ],
    ids=["turned right", "turned left", "defocused", "black"],
)
def test_a_real_clip_that_goes_bad_is_marked(
    ped2: tuple[list[View], dict[str, list[ImageArray]]], word: str, change: Change
) -> None:
    views, clips = ped2
    for name in ("01", "12"):
        images = [change(i, x) if i >= 50 else x for i, x in enumerate(clips[name])]
        for known in (views, []):
            assert runs(watch(images, known)[0]) == [("", 50), (word, len(images) - 50)]


@pytest.mark.real_data
def test_a_real_clip_that_freezes_is_marked(ped2: tuple[list[View], dict[str, list[ImageArray]]]) -> None:
    views, clips = ped2
    images = clips["01"][:60] + [clips["01"][59].copy() for _ in range(40)] + clips["01"][60:80]
    assert runs(watch(images, views)[0]) == [("", 60), ("frozen", 40), ("settling", 10), ("", 10)]


def judged(images: list[ImageArray], times: list[float]) -> list[str]:
    """The reasons of frames at these times; the rate is nominally 25 a second."""
    video = ArrayVideo(images, fps=25, times=times)
    stream = CameraHealth().open(video.info)
    reasons = [reason for frame in video for reason in stream.push(frame)]
    return [*reasons, *stream.close()]


def test_how_long_a_camera_is_frozen_is_measured_by_the_clock() -> None:
    """Three seconds of one picture at 5 frames a second, in a video of 25: that are 15 pictures, not 50."""
    place = footage(scene(), 100)
    images = [*place[:50], *[place[50]] * 15, *place[51:76]]
    times = [n / 25 for n in range(50)] + [2 + n / 5 for n in range(15)] + [5 + n / 25 for n in range(25)]
    assert runs(judged(images, times))[:2] == [("", 51), ("frozen", 14)]
    assert set(judged(images, [n / 25 for n in range(90)])) == {""}


def test_a_hole_is_no_time_in_which_a_camera_is_frozen() -> None:
    place = footage(scene(), 80)
    images = [*place[:30], *[place[30]] * 20, *place[31:60]]
    times = [n / 25 for n in range(40)] + [60 + n / 25 for n in range(39)]
    assert set(judged(images, times)) == {""}
