"""Maps over frames: colours that are read alike by everybody, and frames left alone where nothing is odd."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from oddframe.draw import annotate_event, heat, overlay
from oddframe.draw.heat import colours
from oddframe.errors import DataError
from oddframe.scoring import MapScale
from oddframe.types import FloatArray, ImageArray
from tests.draw.cases import event, scored, timeline

SCALE = MapScale(0.0, 1.0, 2.0)
BLIND = {  # what is left of linear RGB without one kind of cone (Machado, Oliveira and Fernandes, 2009)
    "none": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.1145, 0.786281, 0.099216], [-0.0039, -0.0481, 1.052]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.0118, 0.0429, 0.9689]]),
}


def lightness(picture: ImageArray, cones: str) -> FloatArray:
    """CIE L* of RGB, as somebody sees it."""
    linear = ((picture / 255 + 0.055) / 1.055) ** 2.4
    seen = np.clip(linear @ BLIND[cones].T, 0, 1) @ [0.2126, 0.7152, 0.0722]
    return np.asarray(116 * np.cbrt(np.maximum(seen, 0.008856)) - 16, np.float32)


@pytest.mark.parametrize("cones", list(BLIND))
def test_the_scale_gets_lighter_all_the_way_also_without_red_or_green(cones: str) -> None:
    """So a grey print, and anybody's eyes, order the colours as the scores are ordered."""
    steps = np.diff(lightness(colours(np.linspace(0.1, 1, 19, dtype=np.float32)), cones))
    assert (steps > 1.5).all()


@given(
    arrays.arrays(np.float32, (6, 5), elements=st.floats(-3, 3, width=32) | st.just(np.nan)),
    arrays.arrays(np.uint8, (6, 5, 3)),
)
def test_only_what_is_over_the_threshold_is_touched(values: FloatArray, image: ImageArray) -> None:
    before, laid = image.copy(), overlay(image, values, SCALE)
    normal = ~(values > 1.0)
    assert (laid[normal] == image[normal]).all()
    assert (image == before).all()
    assert ((heat(values, SCALE)[..., 3] > 0) == ~normal).all()


def test_the_same_score_has_the_same_colour_in_every_frame() -> None:
    one, other = np.full((4, 4), 1.6, np.float32), np.array([[1.6, 9.0]], np.float32)
    assert (heat(one, SCALE)[0, 0] == heat(other, SCALE)[0, 0]).all()


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(DataError, match=r"a map of \(4, 3\) pixels does not lie over a frame of \(64, 48\)"):
        overlay(np.zeros((48, 64, 3), np.uint8), np.zeros((3, 4), np.float32), SCALE)


def test_an_annotated_frame_shows_the_map_under_its_boxes() -> None:
    box = (10.0, 10.0, 40.0, 30.0)
    happening = event(2, 5, box=box)
    line = timeline([0, 0, 5, 5, 5, 0], events=(happening,), rows=scored("v", [(3, box, 5.0)]), threshold=1.0)
    frame = np.full((48, 64, 3), 90, np.uint8)
    plain = annotate_event(frame, line, happening, width=64)
    hot = annotate_event(frame, line, happening, width=64, heat=SCALE)
    changed = (plain != hot).any(axis=2)[:48]
    y, x = np.nonzero(changed)
    assert changed.any()
    assert x.min() >= 10
    assert x.max() < 40
    assert y.min() >= 10
    assert y.max() < 30
    assert cv2.mean(hot[15:25, 15:35])[0] > cv2.mean(hot[15:25, 15:35])[2]  # red rather than blue
