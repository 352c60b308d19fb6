"""Segments: everything of a stretch of frames in one observation, live and offline alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from oddframe.errors import SettingsError
from oddframe.observers.segments import Segments
from oddframe.observers.sequence import Sequence
from oddframe.observers.tracks import Tracks
from oddframe.testing.observers import CHECKS, assert_equal, observe
from oddframe.testing.recordings import clip_for
from oddframe.types import Observations

OBSERVER = Segments(observer=Tracks(), length=10)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_segments_of_tracks_behave_as_every_observer_must(check: object) -> None:
    assert callable(check)
    check(OBSERVER)


def test_a_segment_is_the_mean_the_least_and_the_most_of_what_is_seen_in_it() -> None:
    clip = clip_for(OBSERVER, seconds=4)
    single, pooled = observe(Tracks(), clip), observe(OBSERVER, clip)
    assert len(pooled)
    for row, (start, end) in enumerate(pooled.span):
        inside = torch.from_numpy((single.frame >= start) & (single.frame < end))
        for name, values in single.data.items():
            here = values[inside]
            expected = torch.stack([here.mean(0), here.amin(0), here.amax(0)])
            torch.testing.assert_close(pooled.data[name][row], expected)
        assert float(pooled.data["count"][row, 0]) == pytest.approx(np.log1p(int(inside.sum()) / 10), rel=1e-5)


def test_nothing_is_pooled_over_two_segments_and_a_rest_is_left_out() -> None:
    clip = clip_for(OBSERVER, seconds=4)
    found = observe(OBSERVER, clip)
    assert (found.span[:, 0] % 10 == 0).all()
    assert (found.span[:, 1] - found.span[:, 0] == 10).all()
    assert (found.ready < len(clip.frames)).all()


def test_a_segment_is_told_as_soon_as_it_is_over() -> None:
    clip = clip_for(OBSERVER, seconds=4)
    stream, pieces = OBSERVER.open(clip.info), []
    for frame in clip.frames:
        pieces.append(stream.push(frame))
        waited = frame.index - pieces[-1].ready
        assert ((waited >= 0) & (waited <= 8)).all(), "tracks come eight frames at a time"
    pieces.append(stream.close())
    assert_equal(Observations.concatenate(pieces), observe(OBSERVER, clip))


def test_what_cannot_be_averaged_is_refused() -> None:
    with pytest.raises(SettingsError, match="frames of observer 'sequence' cannot be averaged"):
        Segments(observer=Sequence())
    with pytest.raises(SettingsError, match="length is at least 1"):
        Segments(observer=Tracks(), length=0)
