"""Events as JSON and as a table, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from oddframe.types import Event, Json, Timeline

COLUMNS = (
    *("video", "id", "start_time", "peak_time", "end_time", "start", "peak", "end"),
    *("score", "p_value", "x0", "y0", "x1", "y1", "clip"),
)


def events_as_json(timelines: Sequence[Timeline], clips: Mapping[str, str] | None = None) -> str:
    """All events of some videos, video by video, and what they stand on.

    Args:
        timelines: of the videos.
        clips: event's id -> the name of its clip.
    """
    return json.dumps({"videos": [_video(timeline, clips or {}) for timeline in timelines]}, indent=1)


def events_as_csv(timelines: Sequence[Timeline], clips: Mapping[str, str] | None = None) -> str:
    """The same events, one a row; what is not known is empty. Arguments as in `events_as_json`."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(_row(timeline, event, clips or {}) for timeline in timelines for event in timeline.events)
    return text.getvalue()


def _video(timeline: Timeline, clips: Mapping[str, str]) -> dict[str, Json]:
    return {
        "video": timeline.info.id,
        "fps": float(timeline.info.fps),
        "frames": timeline.info.frames,
        "threshold": timeline.threshold,
        "low": timeline.low,
        "not_scorable": [{"start": a, "end": b, "reason": word} for a, b, word in timeline.reasons],
        "events": [{**asdict(event), "clip": clips.get(event.id)} for event in timeline.events],
    }


def _row(timeline: Timeline, event: Event, clips: Mapping[str, str]) -> dict[str, Json]:
    told: dict[str, Json] = {name: value for name, value in asdict(event).items() if name in COLUMNS}
    box = dict(zip(("x0", "y0", "x1", "y1"), event.box or (), strict=False))
    return {**told, **box, "video": timeline.info.id, "clip": clips.get(event.id)}
