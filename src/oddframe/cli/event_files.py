"""What `oddframe score --events` writes: events.json, events.csv, and a clip of each event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import TypeAlias

from oddframe.errors import VideoError
from oddframe.files import replace_durably, storing
from oddframe.report.clips import event_clip, span_of
from oddframe.report.event_list import events_as_csv, events_as_json
from oddframe.scoring import Calibration, MapScale
from oddframe.types import Frame, Timeline
from oddframe.video import Video
from oddframe.video.write import write_video

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of each file of a video; nothing where it is no file."""


class EventFiles:
    """A folder of events, complete after each video.

    Args:
        folder: made where it is missing; files of the same names are replaced.
        calibration: of the detector: the scale of the maps in clips.

    Raises:
        StoreError: the folder cannot be made.
    """

    def __init__(self, folder: Path, calibration: Calibration) -> None:
        self._folder, self._calibration = folder, calibration
        self._timelines: list[Timeline] = []
        self._clips: dict[str, str] = {}
        with self._storing():
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, video: Video, timeline: Timeline, before: Stamp) -> None:
        """Write a video's events, in one more pass over it.

        Args:
            video: the video.
            timeline: what it scored.
            before: its stamp from before it was scored.

        Raises:
            VideoError: it has changed since, so that clips would not show what was scored.
            StoreError: the folder cannot be written.
        """
        self._timelines.append(timeline)
        self._write()  # a video that cannot be read again still has its events
        if timeline.events and video.medium == "pictures":
            if stamp(video) != before:
                raise VideoError(f"{video.source}: changed while or since it was scored; score it again for its clips")
            self._write_clips(video, timeline)
            self._write()

    def _write(self) -> None:
        with self._storing():
            for name, made in (("events.json", events_as_json), ("events.csv", events_as_csv)):
                replace_durably(self._folder / name, made(self._timelines, self._clips).encode())

    def _write_clips(self, video: Video, timeline: Timeline) -> None:
        known = self._calibration
        scale = None if known.threshold is None else MapScale.of(known.floor, known.threshold)
        for event in timeline.events:
            name = f"{re.sub(r'[^A-Za-z0-9._-]+', '_', timeline.info.id)[:80]}-{event.id}.mp4"
            frames = _between(video, *span_of(timeline, event))
            write_video(self._folder / name, event_clip(frames, timeline, event, scale=scale), timeline.info.fps)
            self._clips[event.id] = name

    def _storing(self) -> AbstractContextManager[None]:
        return storing(self._folder, "choose another folder with --events")


def stamp(video: Video) -> Stamp:
    """What would differ if somebody replaced the video."""
    path = Path(video.source)
    if not path.exists():
        return ()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return tuple((file.name, (told := file.stat()).st_size, told.st_mtime_ns) for file in files)


def _between(video: Video, first: int, stop: int) -> Iterator[Frame]:
    """Frames by one pass, which is faster than seeking each."""
    return dropwhile(lambda frame: frame.index < first, takewhile(lambda frame: frame.index < stop, video))
