"""Observer `tracks`: one observation for each person and frame, from what a detector and a tracker already found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer, check_fast_enough
from oddframe.observers.track_features import ENTRIES, LONGEST, Break, Rows, TrackTable, Values
from oddframe.types import (
    HALF,
    Field,
    Frame,
    IntArray,
    Observations,
    Run,
    Spec,
    VideoInfo,
    Window,
    later,
    position,
)

FIELDS = {
    "velocity": Field((2,)),
    "travel": Field((1,), weight=0.7),
    "acceleration": Field((1,), weight=0.5),
    "straightness": Field((1,), weight=0.5),
    "shape": Field((1,)),
    "gait": Field((2,)),
    "size": Field((1,), weight=0.3),
    "place": Field((2,), weight=0.3),
}
"""Entries and what they count for. Motion and shape lead; size and place only say whom to compare with."""


class Tracks(Observer):
    """Describes how each tracked person moves, how the box is shaped, and where it is; pictures are not needed.

    Lengths are in the box's own heights, which takes perspective out. Entries of the data, each over a short past:
    `velocity` (2,) across, to either side, and down, heights a second; `travel` (1,) the same over two seconds;
    `acceleration` (1,) change of velocity; `straightness` (1,) distance over path; `shape` (1,) log of width over
    height; `gait` (2,) how much shape and centre swing; `size` (1,) log height in picture heights; `place` (2,)
    position in the picture.

    Trackers err most where a box has just appeared, is cut by the picture's border, or was lost for a while. Such boxes
    are not reported, so that they cannot be mistaken for something abnormal; a frame with no other box has nothing
    in it and gets the floor. A gap or a jump that no person makes starts a track anew.

    Args:
        velocity, travel, acceleration, straightness, shape, gait, size, place: which entries to give.
        ahead: seconds of future that are waited for, so that motion is known from a track's first boxes on; 0 = none.
        confirm: seconds that a track must last by then.
        seen: least share of the last second's frames in which the tracker had a box.
        border: how near to the picture's border a box counts as cut, as a share of the shorter side.
        patience: seconds without a box after which a track starts anew.
        fastest: its own heights a second; a faster move starts a track anew.

    Raises:
        SettingsError: no entry is switched on, or a value is out of range.

    >>> sorted(Tracks(travel=False, gait=False, size=False).spec.fields)
    ['shape', 'velocity']
    """

    name = "tracks"
    medium = "tracks"

    def __init__(
        self,
        *,
        velocity: bool = True,
        travel: bool = True,
        acceleration: bool = False,
        straightness: bool = False,
        shape: bool = True,
        gait: bool = True,
        size: bool = True,
        place: bool = False,
        ahead: float = 0.25,
        confirm: float = 0.3,
        seen: float = 0.9,
        border: float = 0.02,
        patience: float = 0.5,
        fastest: float = 10.0,
    ) -> None:
        self.velocity, self.travel, self.acceleration, self.straightness = velocity, travel, acceleration, straightness
        self.shape, self.gait, self.size, self.place = shape, gait, size, place
        self.ahead, self.confirm, self.seen, self.border = ahead, confirm, seen, border
        self.patience, self.fastest = patience, fastest
        self._check()

    def _check(self) -> None:
        wrong = [f"{name} must be over 0" for name in ("patience", "fastest") if not getattr(self, name) > 0]
        wrong += [f"{name} must not be negative" for name in ("ahead", "confirm") if not getattr(self, name) >= 0]
        if not 0 <= self.seen <= 1 or not 0 <= self.border <= 0.4:
            wrong.append("seen must lie in 0 .. 1, and border in 0 .. 0.4")
        if not self.spec.fields:
            wrong.append("every entry is switched off; switch on at least velocity or shape")
        if wrong:
            raise SettingsError(f"tracks: {'; '.join(wrong)}")

    @property
    def spec(self) -> Spec:
        return Spec({name: field for name, field in FIELDS.items() if getattr(self, name)})

    def window(self, video: VideoInfo) -> Window:
        """From `confirm` before the end to `ahead` after the frame that it is about.

        Raises:
            SettingsError: under 2 frames a second no motion can be seen.
        """
        check_fast_enough(video)
        ahead = round(self.ahead * video.fps)
        extent = max(1, ahead, round(self.confirm * video.fps))
        return Window(length=extent + 1, about=extent - ahead, measure="time")

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return TrackStream(self, video)


BATCH = 8
"""Frames described together: a table costs as much for eight frames as for one."""


class TrackStream(ObservationStream):
    """Keeps the boxes of the last seconds, and nothing else."""

    def __init__(self, observer: Tracks, video: VideoInfo) -> None:
        self._observer, self._video = observer, video
        self._window = observer.window(video)
        self._kept = round((LONGEST + observer.patience) * float(video.fps)) + 1
        self._margin = observer.border * min(video.width, video.height)
        self._rows: list[Rows] = [_no_rows()]
        self._moments: list[float] = []  # positions of the frames from `_done` on
        self._waiting = 0
        self._seen = self._done = 0
        self._quiet = Observations.none(video.id, observer.spec)

    def push(self, frame: Frame) -> Observations:
        if frame.boxes is None:
            raise SettingsError(
                f"{self._video.id}: frame {frame.index} carries no tracks; observe it with another observer"
            )
        self._seen = frame.index + 1
        self._waiting += 1
        self._moments.append(float(position(frame.time, self._video.fps)))
        box = frame.boxes.box.astype(np.float64)
        sound = np.flatnonzero((box[:, 2:] > box[:, :2]).all(1))
        if len(sound):
            index, moment = np.full(len(sound), frame.index), np.full(len(sound), self._moments[-1])
            self._rows.append((index, moment, frame.boxes.track[sound], box[sound]))
        return self._report() if self._waiting >= BATCH else self._nothing()

    def close(self) -> Observations:
        return replace(self._report(), through=self._seen)

    def _whole(self, box: Values) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which boxes lie within the picture; one that its border cuts tells neither size nor motion."""
        inside = (box[:, :2] > self._margin).all(1)
        inside &= box[:, 2] < self._video.width - self._margin
        inside &= box[:, 3] < self._video.height - self._margin
        return inside

    def _nothing(self) -> Observations:
        if self._quiet.through != self._done:
            self._quiet = replace(self._quiet, through=self._done)
        return self._quiet

    def _report(self) -> Observations:
        """Everything about the frames that have been seen far enough ahead, and were not yet reported."""
        self._waiting = 0
        moments, start = np.array(self._moments), self._done
        ready = later(moments, np.arange(len(moments)), self._window.ahead)
        count = int((ready < len(moments)).sum())
        self._done += count
        frame, moment, track, box = (np.concatenate(column) for column in zip(*self._rows, strict=True))
        oldest = (moments[count] if count < len(moments) else moments[-1] + 1) - self._kept if len(moments) else 0.0
        recent = moment >= oldest
        self._rows = [(frame[recent], moment[recent], track[recent], box[recent])]
        self._moments = self._moments[count:]
        if not ((frame >= start) & (frame < self._done)).any():
            return self._nothing()
        return self._described((frame, moment, track, box), start, ready + start)

    def _described(self, rows: Rows, start: int, ready: IntArray) -> Observations:
        """What is seen in the frames from `start` on that are done; `ready` says which frame each of them waits for."""
        observer, (_, _, track, box) = self._observer, rows
        table = TrackTable(rows, self._video, Break(observer.patience, observer.fastest))
        about = np.flatnonzero((table.frame >= start) & (table.frame < self._done))
        now = table.last_until(about, ready[table.frame[about] - start])
        known = (table.age(now) >= self._window.extent - 1 - HALF) & (table.seen(now, 1.0) >= observer.seen)
        known &= self._whole(box[table.order[about]])
        order = np.argsort(table.frame[about[known]], kind="stable")
        about, now = about[known][order], now[known][order]
        chosen, at = table.order[about], table.frame[about]
        return Observations(
            video=self._video.id,
            frame=at,
            span=np.stack([at, at + 1], axis=1),
            ready=ready[at - start],
            box=box[chosen].astype(np.float32),
            data={
                name: torch.from_numpy(ENTRIES[name](table, now).astype(np.float32)) for name in observer.spec.fields
            },
            track=track[chosen],
            through=self._done,
        )


def _no_rows() -> Rows:
    return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 4))
