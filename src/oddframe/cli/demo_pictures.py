"""The pictures that the demo writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from oddframe.datasets.synthetic import KINDS, SyntheticClip
from oddframe.report import Moment, annotate_event, hero, plot_timelines
from oddframe.types import Event, Timeline
from oddframe.video import write_image

Runs = list[tuple[int, int, str]]


def write_pictures(folder: Path, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]) -> list[Path]:
    """Write the score plot, every event's frame and, if something was found, the wide picture of it all."""
    truth = {clip.info.id: truth_runs(clip) for clip in clips}
    (folder / "events").mkdir(exist_ok=True)
    written = [folder / "scores.png"]
    write_image(written[0], plot_timelines(timelines, truth))
    for clip, timeline in zip(clips, timelines, strict=True):
        for number, event in enumerate(timeline.events, 1):
            picture = annotate_event(clip.frame_at(event.peak).image, timeline, event, beside=timelines)
            write_image(folder / "events" / f"{clip.info.id}-{number}.png", picture)
            written[1:] = [folder / "events"]
    moments = [_moment(kind, clips, timelines) for kind in KINDS]
    shown = [moment for moment in moments if moment is not None]
    if shown:
        written.append(folder / "demo.png")
        write_image(written[-1], hero(shown, timelines, truth))
    return written


def truth_runs(clip: SyntheticClip) -> Runs:
    """The clip's events as runs of frames, each with its kind."""
    seen: dict[int, tuple[int, int, str]] = {}
    for frame, boxes in enumerate(clip.boxes):
        for box in boxes:
            first = seen.get(box.track, (frame, frame, box.kind))[0]
            seen[box.track] = (first, frame + 1, box.kind)
    return sorted(seen.values())


def _moment(kind: str, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]) -> Moment | None:
    """The highest event of a kind whose box lies on what is odd."""
    found = max(_hits(kind, clips, timelines), key=lambda hit: hit[2].score, default=None)
    if found is None:
        return None
    clip, timeline, event = found
    return Moment(clip.frame_at(event.peak).image, timeline, event, kind)


def _hits(
    kind: str, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]
) -> Iterator[tuple[SyntheticClip, Timeline, Event]]:
    for clip, timeline in zip(clips, timelines, strict=True):
        for event in timeline.events:
            if any(box.kind == kind and _centred(event, box.box) for box in clip.boxes[event.peak]):
                yield clip, timeline, event


def _centred(event: Event, box: tuple[float, float, float, float]) -> bool:
    if event.box is None:
        return False
    x, y = (event.box[0] + event.box[2]) / 2, (event.box[1] + event.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
