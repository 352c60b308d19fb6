"""Discoveries as files: the list as JSON and CSV, a picture of each moment, and a sheet of all pictures."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oddframe.draw import annotate_event, contact_sheet
from oddframe.engine.detector import Detector
from oddframe.engine.discover import Discovery, Moment
from oddframe.files import replace_durably, storing, sweep
from oddframe.text import cell
from oddframe.types import ImageArray, Timeline, VideoId
from oddframe.version import __version__
from oddframe.video import Video, write_image

REMEDY = "free some space or choose another folder with --output"
COLUMNS, CELL, TEXT = 4, 400, 15
"""Of the sheet: pictures in a row, and a picture's width and size of type in pixels."""

_EVENT = ("start", "end", "peak", "start_time", "end_time", "peak_time", "score")
_OURS = re.compile(r"\d+-[0-9a-f]{12}\.jpg")


@dataclass(frozen=True, slots=True)
class Pile:
    """What was searched, and how.

    Args:
        videos: the searched ones, by name.
        detector: the one that was fitted on them.
        command: the command line.
    """

    videos: Mapping[VideoId, Video]
    detector: Detector
    command: str = "from Python"


def write_discovery(folder: str | Path, found: Discovery, pile: Pile) -> dict[str, Any]:
    """Write the moments that were found: `moments.json`, `moments.csv`, a picture of each, and a sheet of them.

    `moments.json`, which names the rest, comes last. Pictures of an earlier list are removed; other files stay.

    Args:
        folder: made where it is missing.
        found: what `discover` returned.
        pile: what was searched, and how.

    Returns:
        What `moments.json` holds.

    Raises:
        StoreError: the folder cannot be written.
        VideoError: a frame can no longer be read.
    """
    folder = Path(folder)
    listed = as_object(found, pile)
    with storing(folder, REMEDY):
        (folder / "thumbnails").mkdir(parents=True, exist_ok=True)
    for place in (folder, folder / "thumbnails"):
        sweep(place)
    cells = [_pictured(folder, moment, found, pile) for moment in found.moments]
    if cells:
        columns = min(len(cells), COLUMNS)
        write_image(folder / "moments.png", contact_sheet(cells, columns, width=columns * CELL + 16 * (columns + 1)))
    with storing(folder, REMEDY):
        replace_durably(folder / "moments.csv", _as_csv(listed).encode())
        replace_durably(folder / "moments.json", (json.dumps(listed, indent=1) + "\n").encode())
    _remove_stale(folder, listed)
    return listed


def _remove_stale(folder: Path, listed: Mapping[str, Any]) -> None:
    """Remove the pictures of an earlier list; files of other names stay."""
    kept = {Path(moment["thumbnail"]).name for moment in listed["moments"]}
    with storing(folder, REMEDY):
        for file in (folder / "thumbnails").iterdir():
            if _OURS.fullmatch(file.name) and file.name not in kept:
                file.unlink()
        if not kept:
            (folder / "moments.png").unlink(missing_ok=True)


def as_object(found: Discovery, pile: Pile) -> dict[str, Any]:
    """Return what `moments.json` holds."""
    info = pile.detector.info()
    return {
        "oddframe": __version__,
        "command": pile.command,
        "setting": "merge" if found.more else "test",
        "detector": {part: info[part] for part in ("preset", "observer", "model", "scoring")},
        "observations": found.observations,
        "videos": [_video(timeline) for timeline in found.timelines],
        "learnt_from_as_well": list(found.more),
        "moments": [
            {"rank": moment.rank, "video": moment.video, **_event(moment), "thumbnail": f"thumbnails/{_name(moment)}"}
            for moment in found.moments
        ],
    }


def _video(timeline: Timeline) -> dict[str, Any]:
    return {
        **{name: value for name, value in timeline.info.to_dict().items() if name != "times"},
        "not_scorable": int((~timeline.valid).sum()),
    }


def _event(moment: Moment) -> dict[str, Any]:
    """Without what has a meaning only where something is known to be normal."""
    event = asdict(moment.event)
    return {name: event[name] for name in (*_EVENT, "box")}


def _name(moment: Moment) -> str:
    """Another moment's picture has another name, so a list that is replaced keeps its own until it is gone."""
    return f"{moment.rank:02}-{moment.event.id}.jpg"


def _pictured(folder: Path, moment: Moment, found: Discovery, pile: Pile) -> ImageArray:
    """Write a moment's picture; give a smaller one for the sheet."""
    timeline, title = found.timeline(moment.video), f"{moment.rank}  score {moment.event.score:.3g}  {moment.video}"
    image = pile.videos[moment.video].frame_at(moment.event.peak).image
    large, small = (
        annotate_event(image, timeline, moment.event, title, beside=found.timelines, width=width, text=text)
        for width, text in ((None, None), (CELL, TEXT))
    )
    write_image(folder / "thumbnails" / _name(moment), large)
    return small


def _as_csv(listed: Mapping[str, Any]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["rank", "video", *_EVENT, "x0", "y0", "x1", "y1", "thumbnail"])
    for moment in listed["moments"]:
        values = [moment[name] for name in ("rank", "video", *_EVENT)]
        rows.writerow([cell(value) for value in (*values, *(moment["box"] or ("",) * 4), moment["thumbnail"])])
    return text.getvalue()
