"""Event files, as `oddframe score --events` writes them: events.json, events.csv, and a clip of each event."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import TypeAlias

from oddframe.draw.annotate import event_clip, span_of
from oddframe.engine.detector import Detector
from oddframe.engine.observed import CacheLike
from oddframe.engine.score import Failed
from oddframe.engine.usable import videos_of
from oddframe.errors import VideoError
from oddframe.files import replace_durably, storing, sweep
from oddframe.scoring import Calibration, MapScale
from oddframe.text import cell
from oddframe.types import Event, Frame, Json, Run, Timeline
from oddframe.video import Video
from oddframe.video.base import Rate
from oddframe.video.find import Sources
from oddframe.video.write import write_video

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, size and time of change (ns) of each file of a video; empty where it is no file."""


def write_events(
    detector: Detector,
    videos: Sources,
    folder: str | Path,
    run: Run = Run(),
    *,
    fps: Rate | None = None,
    cache: CacheLike = None,
    failed: Failed | None = None,
) -> list[Timeline]:
    """Score videos and write their events: `events.json`, `events.csv`, and a clip of each event.

    Args:
        detector: a fitted one.
        videos: files, folders, patterns, opened videos.
        folder: made where it is missing; files of the same names are replaced.
        run: where and how to run.
        fps: frames a second, in place of what the files say.
        cache: where observations are stored, as in `Detector.score`.
        failed: called with each video that fails and its error, and the others go on. None = the error is raised.

    Returns:
        The timelines of the videos that could be scored.

    Raises:
        NotFitted: the detector is not fitted.
        VideoError: a video cannot be read, or has changed while it was scored.
        StoreError: the folder cannot be written.
    """
    found, files = videos_of(videos, fps), EventFiles(Path(folder), detector.calibration)
    return list(files.each(detector, found, run, cache=cache, failed=failed or _raise))


def _raise(_: Video, error: Exception) -> None:
    raise error


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
        sweep(folder)

    def each(
        self, detector: Detector, videos: Sequence[Video], run: Run, *, cache: CacheLike = None, failed: Failed
    ) -> Iterator[Timeline]:
        """Score videos and write the events of each before the next.

        Args:
            detector: a fitted one.
            videos: opened.
            run: where and how to run.
            cache: where observations are stored, as in `Detector.score`.
            failed: called with each video that cannot be scored, or whose clips cannot be made, and its error.

        Returns:
            Their timelines, each as soon as it is there: its files are written when the next is asked for.
        """
        if not videos:
            return
        before = {video.id: stamp(video) for video in videos}
        known = {video.id: video for video in videos}
        for timeline in detector.score_each(videos, run, cache=cache, failed=failed):
            yield timeline
            video = known[timeline.info.id]
            try:
                self.add(video, timeline, before[timeline.info.id])
            except VideoError as error:  # it was scored, and the others still can be
                failed(video, error)

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
            video_name = re.sub(r"[^A-Za-z0-9._-]+", "_", timeline.info.id)[:80].lstrip("-.")
            name = f"{video_name}-{event.id}.mp4"
            first, stop = span_of(timeline, event)
            pictures = event_clip(_between(video, first, stop), timeline, event, scale=scale)
            times = None if timeline.info.times is None else timeline.info.times.time[first:stop].tolist()
            write_video(self._folder / name, pictures, timeline.info.fps, times=times)
            self._clips[event.id] = name

    def _storing(self) -> AbstractContextManager[None]:
        return storing(self._folder, "choose another folder with --events")


def stamp(video: Video) -> Stamp:
    """Return what would differ if somebody replaced the video."""
    path = Path(video.source)
    if not path.exists():
        return ()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return tuple((file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files)


def _between(video: Video, first: int, stop: int) -> Iterator[Frame]:
    """Frames by one pass, which is faster than seeking each."""
    return dropwhile(lambda frame: frame.index < first, takewhile(lambda frame: frame.index < stop, video))


COLUMNS = (
    *("video", "id", "start_time", "peak_time", "end_time", "start", "peak", "end"),
    *("score", "p_value", "x0", "y0", "x1", "y1", "clip", "start_clock", "peak_clock", "end_clock"),
)


def events_as_json(timelines: Sequence[Timeline], clips: Mapping[str, str] | None = None) -> str:
    """Write the events of some videos as JSON, with thresholds and what was not scorable.

    Args:
        timelines: of the videos.
        clips: event's id -> the name of its clip.
    """
    return json.dumps({"videos": [_video(timeline, clips or {}) for timeline in timelines]}, indent=1)


def events_as_csv(timelines: Sequence[Timeline], clips: Mapping[str, str] | None = None) -> str:
    """Write the events as a table, one a row; what is not known is empty. Arguments as of `events_as_json`.

    Names are printable, and begin with an apostrophe where a spreadsheet would take them for a formula.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(_row(timeline, event, clips or {}) for timeline in timelines for event in timeline.events)
    return text.getvalue()


def _video(timeline: Timeline, clips: Mapping[str, str]) -> dict[str, Json]:
    return {
        **{name: value for name, value in timeline.info.to_dict().items() if name != "times"},
        "threshold": timeline.threshold,
        "low": timeline.low,
        "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in timeline.reasons],
        "events": [{**timeline.event_to_dict(event), "clip": clips.get(event.id)} for event in timeline.events],
    }


def _row(timeline: Timeline, event: Event, clips: Mapping[str, str]) -> dict[str, object]:
    row: dict[str, Json] = {name: value for name, value in timeline.event_to_dict(event).items() if name in COLUMNS}
    box = dict(zip(("x0", "y0", "x1", "y1"), event.box or (), strict=False))
    files = {"video": timeline.info.id, "clip": clips.get(event.id)}
    return {name: cell(value) for name, value in {**row, **box, **files}.items()}
