"""What every observer must do, whatever it looks for. Each check takes an observer and fails with an AssertionError."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from oddframe import catalog
from oddframe.observers.base import Observer
from oddframe.observers.parts import PartsStream
from oddframe.testing.recordings import clip_for
from oddframe.testing.scenes import Clip, changing_rate
from oddframe.types import Frame, Observations


def observe(observer: Observer, clip: Clip) -> Observations:
    """All observations of a clip."""
    return Observations.concatenate(list(_pieces(observer, clip)))


def check_observes_something(observer: Observer) -> None:
    """A square that moves is seen; without this the other checks would be empty."""
    for fps in (25, 10):
        assert len(observe(observer, clip_for(observer, fps=fps))), f"nothing seen at {fps} fps"


def check_repeatable(observer: Observer) -> None:
    """The same frames give the same observations, to the last bit; the count of frames makes no difference."""
    clip = clip_for(observer)
    once = observe(observer, clip)
    assert_equal(observe(observer, clip), once)
    assert_equal(observe(observer, Clip(replace(clip.info, frames=None), clip.frames)), once)


def check_streams_are_apart(observer: Observer) -> None:
    """Two videos that are observed in turns do not disturb each other."""
    clips = [clip_for(observer, "one"), clip_for(observer, "two", speed=40, side=30)]
    apart = [observe(observer, clip) for clip in clips]
    streams = [observer.open(clip.info) for clip in clips]
    found: list[list[Observations]] = [[], []]
    for frames in zip(*(clip.frames for clip in clips), strict=True):
        for stream, frame, pieces in zip(streams, frames, found, strict=True):
            pieces.append(stream.push(frame))
    for stream, pieces, alone in zip(streams, found, apart, strict=True):
        pieces.append(stream.close())
        assert_equal(Observations.concatenate(pieces), alone)


def check_inputs_untouched(observer: Observer) -> None:
    """The observer writes to no frame."""
    clip = clip_for(observer)
    copies = [_copied(frame) for frame in clip.frames]
    observe(observer, Clip(clip.info, tuple(copies)))
    for frame, pushed in zip(clip.frames, copies, strict=True):
        assert (frame.image == pushed.image).all(), f"frame {frame.index} was written to"
        if frame.feature is not None and pushed.feature is not None:
            assert (frame.feature == pushed.feature).all(), f"the feature of frame {frame.index} was written to"


def check_spec(observer: Observer) -> None:
    """Data have the declared names, shapes and dtypes, and are finite."""
    found = observe(observer, clip_for(observer))
    assert set(found.data) == set(observer.spec.fields)
    for name, field in observer.spec.fields.items():
        assert tuple(found.data[name].shape) == (len(found), *field.shape), name
        assert found.data[name].dtype == field.dtype, name
        assert bool(torch.isfinite(found.data[name]).all()), name


def check_order(observer: Observer) -> None:
    """What is finished stays finished, nothing is known before it is seen, and at the end everything is finished."""
    slower, faster = changing_rate((25, 40), (8, 24), (25, 25)), changing_rate((10, 30), (30, 60))
    even = clip_for(observer), clip_for(observer, fps=25, seconds=3)
    for clip in (*even, clip_for(observer, times=slower), clip_for(observer, times=faster)):
        windows = observer.window(clip.info).over(clip.info.frame_times())
        last_of = dict(zip(windows.about.tolist(), windows.last.tolist(), strict=True))
        through = 0
        for pushed, piece in enumerate(_pieces(observer, clip), 1):
            last = min(pushed, len(clip.frames)) - 1
            assert piece.video == clip.info.id
            assert piece.through >= through, "through went backwards"
            assert piece.through <= last + 1, "frames were finished before they were seen"
            assert (piece.frame >= through).all(), "an observation of a finished frame"
            assert (piece.frame < piece.through).all(), "an observation of an unfinished frame"
            assert (piece.ready <= last).all(), "ready lies in the future"
            assert set(piece.frame.tolist()) <= last_of.keys(), "an observation of a frame that no window is about"
            ends = np.array([last_of[frame] for frame in piece.frame.tolist()])
            assert (piece.ready >= ends).all(), "ready before its window ends"
            assert (piece.span[:, 0] <= piece.frame).all()
            assert (piece.frame < piece.span[:, 1]).all()
            assert (piece.span >= 0).all()
            through = piece.through
        assert through == len(clip.frames)


def check_holes(observer: Observer) -> None:
    """What a hole in the recording divides is observed as two videos are, whatever its frames are numbered."""
    clips = [clip_for(observer), clip_for(observer, speed=40, side=30)]
    first = len(clips[0].frames)
    later = [replace(frame, index=frame.index + first, time=frame.time + 100.0, part=1) for frame in clips[1].frames]
    stream = PartsStream(observer, clips[0].info)
    pieces = [*map(stream.push, (*clips[0].frames, *later)), stream.close()]
    alone = [observe(observer, clip) for clip in clips]
    known = -1 if alone[0].track is None else int(alone[0].track.max(initial=-1))
    tracks = None if alone[1].track is None else alone[1].track + 1 + known
    moved = replace(
        alone[1],
        frame=alone[1].frame + first,
        span=alone[1].span + first,
        ready=alone[1].ready + first,
        track=tracks,
        through=first + len(later),
    )
    assert_equal(Observations.concatenate(pieces), Observations.concatenate([alone[0], moved]))


def check_boxes(observer: Observer) -> None:
    """Boxes are not empty and lie within the frame."""
    clip = clip_for(observer)
    x0, y0, x1, y1 = observe(observer, clip).box.T
    assert (x0 >= 0).all()
    assert (y0 >= 0).all()
    assert (x0 < x1).all()
    assert (y0 < y1).all()
    assert (x1 <= clip.info.width).all()
    assert (y1 <= clip.info.height).all()


def check_short_videos(observer: Observer) -> None:
    """No frame, one frame, and one frame less than a window: all finished, nothing observed, no error."""
    clip = clip_for(observer, seconds=20)
    needed = observer.window(clip.info).extent
    for count in {0, 1, needed - 1}:
        short = clip.first(count)
        found = observe(observer, short)
        assert found.through == count
        assert not len(found) or count >= needed


def check_settings_round_trip(observer: Observer) -> None:
    """Name and settings are the whole identity: what the catalog builds from them does the same."""
    again = catalog.build("observer", observer.name, observer.settings())
    assert again.identity() == observer.identity()
    assert again.spec == observer.spec
    assert_equal(observe(again, clip_for(observer)), observe(observer, clip_for(observer)))


def check_travels(observer: Observer) -> None:
    """Pickled or deep-copied after it has observed, it observes the same."""
    seen = observe(observer, clip_for(observer))
    arrived: list[Observer] = [pickle.loads(pickle.dumps(observer)), copy.deepcopy(observer)]  # noqa: S301
    for other in arrived:
        assert other.identity() == observer.identity()
        assert_equal(observe(other, clip_for(observer)), seen)


CHECKS: Sequence[Callable[[Observer], None]] = (
    check_observes_something,
    check_repeatable,
    check_streams_are_apart,
    check_inputs_untouched,
    check_spec,
    check_order,
    check_holes,
    check_boxes,
    check_short_videos,
    check_settings_round_trip,
    check_travels,
)


def assert_equal(one: Observations, other: Observations) -> None:
    """Fail unless two sets of observations are equal, bit for bit."""
    assert one.video == other.video
    assert one.through == other.through
    for column in ("frame", "span", "ready", "box", "track"):
        a, b = getattr(one, column), getattr(other, column)
        assert (a is None) == (b is None), column
        np.testing.assert_array_equal(a, b, err_msg=column)
    assert set(one.data) == set(other.data)
    for name, tensor in one.data.items():
        assert torch.equal(tensor, other.data[name]), name


def _copied(frame: Frame) -> Frame:
    """The same, in memory that may be written to. (Boxes never may.)"""
    feature = None if frame.feature is None else frame.feature.copy()
    return replace(frame, image=frame.image.copy(), feature=feature)


def _pieces(observer: Observer, clip: Clip) -> Iterator[Observations]:
    stream = observer.open(clip.info)
    yield from map(stream.push, clip.frames)
    yield stream.close()
