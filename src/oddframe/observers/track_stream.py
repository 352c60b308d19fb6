"""One recording of tracks as the tracks observer sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream
from oddframe.observers.track_entries import ENTRIES, LONGEST
from oddframe.observers.track_table import Break, TrackTable, Values
from oddframe.types import Frame, IntArray, Observations, VideoInfo

if TYPE_CHECKING:
    from oddframe.observers.tracks import Tracks

BATCH = 8
"""Frames described together: a table costs as much for eight frames as for one."""


class TrackStream(ObservationStream):
    """Keeps the boxes of the last seconds, and nothing else."""

    def __init__(self, observer: Tracks, video: VideoInfo) -> None:
        self._observer, self._video = observer, video
        self._fps = float(video.fps)
        self._window = observer.window(video)
        self._ahead = self._window.extent - 1 - self._window.about
        self._kept = round((LONGEST + observer.patience) * self._fps) + 1
        self._margin = observer.border * min(video.width, video.height)
        self._rows: list[tuple[IntArray, IntArray, Values]] = [_no_rows()]
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
        box = frame.boxes.box.astype(np.float64)
        sound = np.flatnonzero((box[:, 2:] > box[:, :2]).all(1))
        if len(sound):
            self._rows.append((np.full(len(sound), frame.index), frame.boxes.track[sound], box[sound]))
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
        start, self._done = self._done, max(self._done, self._seen - self._ahead)
        frame, track, box = (np.concatenate(column) for column in zip(*self._rows, strict=True))
        recent = frame >= self._done - self._kept
        self._rows = [(frame[recent], track[recent], box[recent])]
        if not ((frame >= start) & (frame < self._done)).any():
            return self._nothing()
        return self._described(frame, track, box, start)

    def _described(self, frame: IntArray, track: IntArray, box: Values, start: int) -> Observations:
        observer = self._observer
        table = TrackTable(frame, track, box, self._video, Break(observer.patience, observer.fastest))
        about = np.flatnonzero((table.frame >= start) & (table.frame < self._done))
        now = table.last_until(about, table.frame[about] + self._ahead)
        known = (table.age(now) >= self._window.extent - 1) & (table.seen(now, 1.0) >= observer.seen)
        known &= self._whole(box[table.order[about]])
        order = np.argsort(table.frame[about[known]], kind="stable")
        about, now = about[known][order], now[known][order]
        rows, at = table.order[about], table.frame[about]
        return Observations(
            video=self._video.id,
            frame=at,
            span=np.stack([at, at + 1], axis=1),
            ready=at + self._ahead,
            box=box[rows].astype(np.float32),
            data={
                name: torch.from_numpy(ENTRIES[name](table, now).astype(np.float32)) for name in observer.spec.fields
            },
            track=track[rows],
            through=self._done,
        )


def _no_rows() -> tuple[IntArray, IntArray, Values]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4))
