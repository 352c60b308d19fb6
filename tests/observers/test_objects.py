"""The objects observer: one thing, one observation; per second and per frame height whatever the video is like."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.descriptors import direction_histogram, speed_levels
from oddframe.observers.embedding import CropEmbedder
from oddframe.observers.foreground.blobs import Blob
from oddframe.observers.objects import Objects
from oddframe.observers.tracking import Track
from oddframe.types import Frame, ImageArray, Observations, Run, VideoInfo
from tests.observers.test_flow_and_blobs import texture


def picture(x: float | None, scale: int = 1) -> ImageArray:
    """A 200 x 120 backdrop with a 20 x 30 thing whose left edge is at x, all times `scale`."""
    grey = texture(120, 200, seed=5).copy()
    if x is not None:
        whole = int(np.floor(x))
        shift = np.array([[1, 0, x - whole], [0, 1, 0]], np.float32)
        thing = cv2.warpAffine(texture(30, 21, seed=6), shift, (21, 30), borderMode=cv2.BORDER_REPLICATE)
        grey[45:75, whole : whole + 20] = thing[:, :20]
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return np.repeat(large[:, :, None], 3, axis=2)


def watch(observer: Objects, pictures: list[ImageArray], fps: float) -> Observations:
    height, width = pictures[0].shape[:2]
    stream = observer.open(VideoInfo("v", width, height, Fraction(fps).limit_denominator(1000)))
    seen = [stream.push(Frame(i, i / fps, image)) for i, image in enumerate(pictures)]
    return Observations.concatenate([*seen, stream.close()])


def walk(observer: Objects, fps: float, speed: float = 50.0, scale: int = 1, seconds: float = 2.0) -> Observations:
    """The thing crosses at `speed` pixels a second (before scaling)."""
    return watch(observer, [picture(30 + speed * i / fps, scale) for i in range(int(seconds * fps))], fps)


BARE = Objects(embedding=0)


def test_one_thing_gives_one_observation_a_frame_around_it() -> None:
    seen = walk(BARE, 25)
    assert len(seen) > 35
    assert len(np.unique(seen.frame)) == len(seen)
    assert len(np.unique(seen.track)) == 1  # type: ignore[arg-type]
    left = 30 + 50 * seen.frame / 25
    assert np.abs(seen.box[:, 0] - left).max() < 8
    assert np.abs(seen.box[:, 2] - left - 20).max() < 8


@pytest.mark.parametrize("fps", [10, 12.5, 30, 50])
def test_speed_is_per_second(fps: float) -> None:
    expected, found = (walk(BARE, rate).data["speed"].median(0).values.numpy() for rate in (25, fps))
    np.testing.assert_allclose(found, expected, atol=0.15)
    # 50 pixels a second in a picture of 120 are 0.42 heights a second.
    np.testing.assert_allclose(np.exp(expected[0]) - 0.05, 50 / 120, rtol=0.15)


@pytest.mark.parametrize("scale", [2, 4])
def test_resolution_does_not_matter(scale: int) -> None:
    expected, found = walk(BARE, 25), walk(BARE, 25, scale=scale)
    for name in ("speed", "geometry"):
        np.testing.assert_allclose(
            found.data[name].median(0).values, expected.data[name].median(0).values, atol=0.3, err_msg=name
        )
    assert np.abs(np.median(found.box / scale, axis=0) - np.median(expected.box, axis=0)).max() < 8


def test_faster_is_faster_and_direction_has_its_sector() -> None:
    observer = Objects(embedding=0, direction=True)
    slow, fast = walk(observer, 25, speed=30), walk(observer, 25, speed=70)
    assert fast.data["speed"].median() > slow.data["speed"].median() + 0.4
    assert int(fast.data["direction"].mean(0).argmax()) == 0  # rightwards


def test_spread_tells_how_much_faster_the_fastest_parts_are_than_the_middle() -> None:
    seen = walk(Objects(embedding=0), 25)
    spread = seen.data["spread"].numpy()
    assert (spread >= -1e-6).all()
    assert (spread[:, 1] >= spread[:, 0] - 1e-6).all()
    assert np.median(spread[:, 1]) < 0.4  # a stiff square moves as one


def test_direction_sectors_go_clockwise_from_rightwards() -> None:
    blob = Blob(0, 0, 4, 4, np.ones((4, 4), bool))
    for sector, (x, y) in enumerate([(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]):
        flow = np.tile(np.array([x, y], np.float32), (4, 4, 1))
        assert np.flatnonzero(direction_histogram(flow, blob, 1.0)).tolist() == [sector]


def test_speed_levels_are_the_histogram_s_equal_mass_edges() -> None:
    flow = np.zeros((10, 10, 2), np.float32)
    flow[..., 0] = np.arange(100).reshape(10, 10)
    levels = speed_levels(flow, Blob(0, 0, 10, 10, np.ones((10, 10), bool)), rate=0.1)
    np.testing.assert_allclose(np.exp(levels) - 0.05, [4.9, 8.9, 9.7], rtol=1e-5)


def test_a_thing_left_behind_is_observed_and_its_stay_grows() -> None:
    fps = 10
    arrive = [picture(None)] * 40 + [picture(30 + 5.0 * i) for i in range(12)]
    seen = watch(BARE, [*arrive, *[picture(85.0)] * 100], fps)
    late = range(len(arrive) + 20, len(arrive) + 100)
    stay = [seen.data["dwell"][torch.from_numpy(seen.frame == frame), 0].max().item() for frame in late]
    assert (np.diff(stay) >= 0).all()
    assert stay[-1] > np.log1p(7)
    assert watch(Objects(embedding=0, standing=False), [*arrive, *[picture(85.0)] * 100], fps).frame.max() < 70


def test_an_empty_scene_has_no_observations_but_is_finished() -> None:
    seen = watch(BARE, [picture(None)] * 10, 25)
    assert len(seen) == 0
    assert seen.through == 10


@pytest.mark.parametrize("entry", ["speed", "spread", "direction", "geometry", "dwell", "embedding"])
def test_every_entry_can_be_had_alone(entry: str) -> None:
    off: dict[str, bool] = dict.fromkeys(("speed", "spread", "direction", "geometry", "place", "dwell"), False)
    chosen = Objects(**{**off, "embedding": 0, entry: 8 if entry == "embedding" else True})  # type: ignore[arg-type]
    assert set(chosen.spec.fields) == {entry}
    seen = walk(chosen, 25, seconds=1.5)
    assert len(seen) > 5
    assert set(seen.data) == {entry}


@pytest.mark.parametrize("place", [True, False])
def test_nothing_to_compare_is_an_error(place: bool) -> None:
    with pytest.raises(SettingsError, match="every entry is switched off"):
        Objects(speed=False, spread=False, geometry=False, dwell=False, embedding=0, place=place)


@pytest.mark.parametrize(
    "wrong",
    [
        {"embedding": -1},
        {"memory": 0.0},
        {"step": -1.0},
        {"look": 0.0},
        {"confirm": 0},
        {"short_side": 0},
        {"border": 0.5},
        {"smallest": -0.1},
        {"contrast": float("nan")},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_senseless_settings_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Objects(**wrong)  # type: ignore[arg-type]


def test_too_few_frames_a_second_are_an_error_that_names_the_video() -> None:
    with pytest.raises(SettingsError, match="v: 1 frames a second"):
        BARE.window(VideoInfo("v", 10, 10, Fraction(1)))


def test_different_things_look_different() -> None:
    def looked(image: ImageArray) -> torch.Tensor:
        track = Track(0, np.array([20.0, 20, 60, 60]), np.zeros(2), 0, age=1)
        CropEmbedder(EfficientNetLite0(size=64), 64, Run()).look(Frame(0, 0.0, image), [track], scale=1.0)
        assert track.embedding is not None
        return track.embedding

    thing = np.repeat(texture(80, 80, seed=1)[:, :, None], 3, axis=2)
    noisy = np.clip(thing + np.random.default_rng(0).normal(0, 3, thing.shape), 0, 255).astype(np.uint8)
    disc = np.asarray(cv2.circle(np.full_like(thing, 90), (40, 40), 18, (220, 40, 40), -1), np.uint8)
    same, near, far = ((looked(image) - looked(thing)).norm() for image in (thing, noisy, disc))
    assert same == 0
    assert far > 2 * near
