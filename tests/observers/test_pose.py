"""Key points lie in the picture's own pixels, and are not reported where people are too small."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from oddframe.errors import SettingsError, WeightsError
from oddframe.observers.detectors.pose import KEY_POINTS, MoveNet
from tests.observers import stand_ins

POINTS = np.stack([np.linspace(0, 1, 17), np.linspace(1, 0, 17), np.linspace(0.1, 0.9, 17)], 1).astype(np.float32)
PICTURE = np.zeros((200, 300, 3), np.uint8)


@pytest.fixture(autouse=True)
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.movenet(tmp_path, monkeypatch, POINTS)


def test_points_are_shares_of_a_square_around_the_box() -> None:
    """A box of 40 x 80 has a square of 120 pixels around its centre, as a quarter of 80 is added on each side."""
    found = MoveNet(certainty=0).find(PICTURE, np.array([[100, 60, 140, 140]], np.float32))
    left, top = 120 - 60, 100 - 60
    np.testing.assert_allclose(found.point[0], POINTS[:, 1::-1] * 120 + [left, top], atol=1e-3)
    np.testing.assert_allclose(found.confidence[0], POINTS[:, 2])
    assert len(KEY_POINTS) == 17


def test_a_box_may_reach_beyond_the_picture() -> None:
    boxes = np.array([[-30, -60, 20, 40], [280, 150, 330, 260], [-500, -500, -400, -400]], np.float32)
    found = MoveNet(certainty=0).find(PICTURE, boxes)
    assert np.isfinite(found.point).all()
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    np.testing.assert_allclose(found.point[:, 8], middle, atol=1e-3)


def test_nothing_is_reported_of_small_people_and_of_points_that_are_not_sure() -> None:
    boxes = np.array([[0, 0, 20, 49], [0, 0, 20, 50]], np.float32)
    found = MoveNet(smallest=50, certainty=0.5).find(PICTURE, boxes)
    assert np.isnan(found.point[0]).all()
    assert (found.confidence[0] == 0).all()
    sure = POINTS[:, 2] >= 0.5
    assert (np.isfinite(found.point[1]).all(axis=1) == sure).all()
    assert ((found.confidence[1] > 0) == sure).all()
    assert len(MoveNet().find(PICTURE, np.zeros((0, 4), np.float32))) == 0


def test_settings_are_the_identity_and_the_network_stays_behind() -> None:
    pose = MoveNet(smallest=70)
    pose.find(PICTURE, np.array([[0, 0, 90, 90]], np.float32))
    again = pickle.loads(pickle.dumps(pose))
    assert again.identity() == pose.identity() == MoveNet(**pose.settings()).identity()  # type: ignore[arg-type]
    assert len(pickle.dumps(pose)) < 10_000


def test_bad_settings_and_missing_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"smallest": 0}, {"certainty": 1}, {"margin": -0.1}):
        with pytest.raises(SettingsError, match="movenet-lightning: "):
            MoveNet(**wrong)
    with pytest.raises(WeightsError, match="revision"):
        MoveNet(revision="0")
    monkeypatch.setenv("ODDFRAME_WEIGHTS", str(tmp_path / "none"))
    with pytest.raises(WeightsError, match="oddframe models get movenet-lightning"):
        MoveNet()
