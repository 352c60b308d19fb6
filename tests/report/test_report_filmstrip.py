"""Thumbnails: evenly spread over a video of any length, within their number and their bytes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.report.filmstrip import Filmstrip, within
from oddframe.types import Frame

IMAGE = np.zeros((6, 8, 3), np.uint8)


def strip(frames: int, fps: float, most: int) -> Filmstrip:
    made = Filmstrip(fps, most)
    for index in range(frames):
        made.push(Frame(index, index / fps, IMAGE))
    return made


@settings(max_examples=60)
@given(st.integers(1, 3000), st.sampled_from([2.0, 10.0, 25.0, 29.97]), st.integers(2, 30))
def test_pictures_are_spread_evenly_and_never_too_many(frames: int, fps: float, most: int) -> None:
    shown = [one.frame for one in strip(frames, fps, most).pictures]
    assert 1 <= len(shown) <= most
    assert shown[0] == 0
    steps = {late - early for early, late in pairwise(shown)}
    assert len(steps) <= 1
    step = next(iter(steps), round(fps / 2))
    assert step >= max(round(fps / 2), 1)
    assert frames - 1 - shown[-1] < step or len(shown) == 1
    if frames / fps > most:  # where there is enough video, at least half of the places are taken
        assert len(shown) >= most // 2


@given(st.integers(0, 20_000))
def test_what_does_not_fit_is_thinned_and_not_cut_off(limit: int) -> None:
    whole = strip(200, 10, 40).pictures
    kept = within(whole, limit)
    assert sum(one.picture.bytes for one in kept) <= limit
    assert set(kept) <= set(whole)
    if len(kept) > 1:
        assert kept[-1].frame - kept[0].frame > 0.4 * (whole[-1].frame - whole[0].frame)
