"""Detectors out of packages: what their networks are given, and what becomes of what these give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oddframe import catalog, weights
from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.detectors.centernet import CenterNet
from oddframe.observers.detectors.nanodet import DEVIATION, MEAN, NanoDet
from oddframe.observers.detectors.packaged import PackagedDetector
from oddframe.testing.detectors import CHECKS
from oddframe.types import ImageArray
from tests.observers import stand_ins
from tests.observers.stand_ins import picture

KINDS: dict[str, type[PackagedDetector]] = {"nanodet": NanoDet, "centernet": CenterNet}


@pytest.fixture(autouse=True, scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        stand_ins.nanodet(folder, patch)
        stand_ins.centernet(folder, patch)
        yield folder


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("settings", [{}, {"tile": 64, "features": [8, 32]}], ids=["whole", "tiles"])
@pytest.mark.parametrize("name", KINDS)
def test_conformance(
    name: str, settings: dict[str, object], check: Callable[[ObjectDetector, ImageArray], None]
) -> None:
    check(catalog.build("object-detector", name, {"size": 160, **settings}), picture(80, 64))


def centres(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def test_colours_come_blue_first_with_mean_and_deviation() -> None:
    """The package that carries NanoDet's weights divides by 255, red first: this network would then find nothing."""
    blue, red = (NanoDet(size=160).find(picture(80, 64, colour=colour)) for colour in ((0, 0, 255), (255, 0, 0)))
    assert set(blue.kind) == {0}
    assert set(red.kind) == {2}
    values = NanoDet().prepared(picture(0, 0, 32, 32, 32, colour=(10, 20, 30)))[0]
    np.testing.assert_allclose(values[:, 5, 5], (np.array([30, 20, 10]) - MEAN) / DEVIATION, rtol=1e-5)

    class AsThePackageDoes(NanoDet):
        def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
            return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None] / 255)

    assert not len(AsThePackageDoes(size=160).find(picture(80, 64)))


def test_centernet_is_given_plain_colours_red_first() -> None:
    assert set(CenterNet(size=160).find(picture(80, 64, colour=(255, 0, 0))).kind) == {0}
    np.testing.assert_array_equal(
        CenterNet().prepared(picture(0, 0, 32, 32, 32, colour=(10, 20, 30)))[0, 5, 5], [10, 20, 30]
    )


def test_boxes_are_decoded_to_the_pixel() -> None:
    """A cell of 8 pixels, alone: the box reaches one cell to each side of its centre."""
    found = NanoDet(size=160).find(picture(80, 64, side=8))
    np.testing.assert_allclose(found.box, [[76, 60, 92, 76]], atol=1e-4)
    assert found.probability is not None
    assert found.probability.shape == (1, 80)
    found = CenterNet(size=160).find(picture(80, 64, side=4, colour=(255, 0, 0)))
    np.testing.assert_allclose(found.box, [[72, 56, 88, 72]], atol=1e-4)


@pytest.mark.parametrize(("width", "height"), [(240, 160), (160, 240), (333, 211), (97, 500), (32, 32)])
@pytest.mark.parametrize("size", [32, 96, 352])
@pytest.mark.parametrize("kind", KINDS.values())
def test_whatever_the_sizes_boxes_lie_where_things_are(
    kind: type[PackagedDetector], size: int, width: int, height: int
) -> None:
    """The picture is resized with its aspect kept and filled up; a quarter of it is a square of colour."""
    side = min(width, height) // 2
    x, y = (width - side) // 2, (height - side) // 3
    found = kind(size=size).find(picture(x, y, width, height, side))
    scale = size / min(width, height)
    assert len(found)
    middle = centres(found.box)
    room = 8 / scale  # a cell
    assert (middle >= np.array([x, y]) - room).all()
    assert (middle <= np.array([x, y]) + side + room).all()
    widths = found.box[:, 2] - found.box[:, 0]
    np.testing.assert_allclose(widths, 16 / scale, rtol=0.05)


def test_features_are_the_mean_of_the_cells_inside() -> None:
    """Those of this network are mean colours: inside a blue square all deviations are blue's."""
    image = picture(64, 64, side=32)
    found = NanoDet(size=160, features=(8, 16)).find(image)
    inside = [tuple(box) for box in found.box]
    assert found.features.keys() == {"stride8", "stride16"}
    row = inside.index(min(inside, key=lambda box: abs(box[0] - 68) + abs(box[1] - 68)))
    np.testing.assert_allclose(found.box[row], [68, 68, 84, 84], atol=1e-3)
    blue = (np.array([255, 0, 0]) - MEAN) / DEVIATION
    np.testing.assert_allclose(found.features["stride8"][row], blue, rtol=1e-4)
    edge = inside.index(min(inside, key=lambda box: box[0] + box[1]))
    assert found.features["stride8"][edge, 0] < blue[0] - 0.1, "its box reaches over the square's edge"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1184), st.integers(0, 584))
def test_tiles_find_what_the_whole_picture_is_too_coarse_for(x: int, y: int) -> None:
    """Wherever a small thing is, some tile has it whole; boxes are the picture's, and none is reported twice."""
    image = picture(x, y, 1200, 600)
    assert not len(NanoDet(size=128).find(image).over(0.5))
    found = NanoDet(size=128, tile=128).find(image).over(0.5)
    assert len(found)
    assert (np.abs(centres(found.box) - [x + 8, y + 8]) <= 12).all()
    corner = np.maximum(found.box[:, None, :2], found.box[None, :, :2])
    opposite = np.minimum(found.box[:, None, 2:], found.box[None, :, 2:])
    shared = np.prod(np.clip(opposite - corner, 0, None), axis=2) - np.eye(len(found)) * 256
    assert (shared / (512 - shared) <= 0.6 + 1e-4).all()


def test_a_picture_no_larger_than_a_tile_is_looked_at_once() -> None:
    image = picture(80, 64)
    np.testing.assert_array_equal(NanoDet(size=160, tile=160).find(image).box, NanoDet(size=160).find(image).box)


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="nanodet: a picture of 200 x 31 pixels is too small; sides are 32 or more"):
        NanoDet().find(np.zeros((31, 200, 3), np.uint8))
    for wrong in ({"size": 100}, {"size": 0}, {"tile": 16}, {"features": (4,)}, {"overlap": 0}):
        with pytest.raises(SettingsError, match="centernet: "):
            CenterNet(**wrong)
    with pytest.raises(WeightsError, match="weights of revision 0123 are wanted"):
        NanoDet(revision="0123")


def test_weights_that_are_missing_are_asked_for_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = NanoDet()
    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path))
    command = r"nanodet: its weights are not on this machine; get them with `oddframe models get nanodet` \(145 MB\)"
    with pytest.raises(WeightsError, match=command):
        NanoDet()
    with pytest.raises(WeightsError, match=command):
        catalog.build("observer", "cubes", {"object_detector": "nanodet"})
    with pytest.raises(WeightsError, match=command):
        there.find(picture(80, 64))


def test_a_network_with_other_inputs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = stand_ins.Network([1, 5])
    network.add("Identity", ["picture"], "classes8")
    network.install("nanodet", ["classes8"], tmp_path, monkeypatch)
    with pytest.raises(WeightsError, match=r"network.onnx: cannot be run"):
        NanoDet().find(picture(80, 64))


@pytest.mark.real_data
@pytest.mark.usefixtures("users_weights")
def test_people_are_found(ped2: Path) -> None:
    """The real network on frames with 12 to 26 walkers, and what the package's own scaling would cost."""
    if weights.installed("nanodet") is None:
        pytest.skip("oddframe models get nanodet")
    frames = [ped2 / "training" / "frames" / name for name in ("01/060.jpg", "02/073.jpg", "04/163.jpg", "09/044.jpg")]
    images = [np.asarray(cv2.imread(str(frame)), np.uint8)[..., ::-1] for frame in frames]
    found = [NanoDet().find(image).over(0.3) for image in images]
    people = [int((one.kind == 0).sum()) for one in found]
    assert all(count >= least for count, least in zip(people, (17, 26, 12, 13), strict=True))

    class AsThePackageDoes(NanoDet):
        def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
            return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None] / 255)

    other = AsThePackageDoes()
    assert sum(len(other.find(image).over(0.3)) for image in images) < 0.75 * sum(map(len, found))
