"""A video in parts: what a hole in the recording divides is observed as if each part were a video of its own."""

from __future__ import annotations

from dataclasses import replace

from oddframe.observers.base import ObservationStream, Observer
from oddframe.types import Frame, Observations, Run, VideoInfo


class PartsStream(ObservationStream):
    """Opens a stream of an observer for each part of a video, and numbers what comes out by the frames of the video.

    Each stream sees frames numbered from 0 at times from 0, so observers need not know of holes. Tracks of different
    parts have different numbers.

    Args:
        observer: what observes.
        video: what is known of the whole video.
        run: where and how to run.
    """

    def __init__(self, observer: Observer, video: VideoInfo, run: Run = Run()) -> None:
        self._observer, self._video, self._run = observer, video, run
        self._stream = observer.open(video, run)
        self._part = self._first = 0
        self._begins = 0.0
        self._tracks = self._next_track = 0

    def push(self, frame: Frame) -> Observations:
        if frame.part == self._part:
            return self._numbered(self._stream.push(self._own(frame)))
        rest = self._numbered(self._stream.close())
        self._stream = self._observer.open(self._video, self._run)
        self._part, self._first, self._begins = frame.part, frame.index, frame.time
        self._tracks = self._next_track
        return Observations.concatenate([rest, self._numbered(self._stream.push(self._own(frame)))])

    def close(self) -> Observations:
        return self._numbered(self._stream.close())

    def _own(self, frame: Frame) -> Frame:
        """The frame as the part's stream sees it."""
        if not self._part:
            return frame
        return replace(frame, index=frame.index - self._first, time=frame.time - self._begins, part=0)

    def _numbered(self, found: Observations) -> Observations:
        if found.track is not None and len(found):
            self._next_track = max(self._next_track, self._tracks + int(found.track.max()) + 1)
        if not self._part:
            return found
        return replace(
            found,
            frame=found.frame + self._first,
            span=found.span + self._first,
            ready=found.ready + self._first,
            track=None if found.track is None else found.track + self._tracks,
            through=found.through + self._first,
        )
