"""The demo: the whole way from video to report on a rendered scene, without a download."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from oddframe.draw import Highlight, annotate_event, hero, plot_timelines
from oddframe.engine.detector import Detector
from oddframe.engine.explainer import Witness
from oddframe.engine.observed import CacheLike
from oddframe.files import storing
from oddframe.metrics.frame import auroc
from oddframe.observers.tracking import intersection_over_union
from oddframe.report.watched import Watched, part_of, watched
from oddframe.report.write import page_of, room_of, with_normal, write_page
from oddframe.types import Event, FloatArray, Progress, Run, Timeline
from oddframe.video import write_image
from oddframe.walkway import KINDS, Split, SyntheticClip, benchmark, rule_scores

Runs = list[tuple[int, int, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """What the demo found.

    Args:
        split: the rendered clips, with exact labels.
        detector: fitted on the normal ones.
        timelines: of the test clips.
        results: the detector's figures, and those of rules that need no training.
        seconds: that rendering, fitting and scoring took.
        written: files and folders.
    """

    split: Split
    detector: Detector
    timelines: tuple[Timeline, ...]
    results: DemoFigures
    seconds: float
    written: tuple[Path, ...]

    @property
    def frames(self) -> int:
        """How many frames were rendered."""
        return sum(clip.scene.frames for clip in (*self.split.fit, *self.split.test))

    def kinds_at(self, clip: SyntheticClip, event: Event) -> list[str]:
        """What really is to be seen during an event."""
        return sorted({box.kind for boxes in clip.boxes[event.start : event.end] for box in boxes})

    def found(self) -> tuple[int, int, float]:
        """How many anomalies some event overlaps, how many there are, and for which share of those the box was hit."""
        return _found(self.split, self.timelines)


def run_demo(
    folder: str | Path = "oddframe-demo",
    preset: str = "default",
    size: str = "quick",
    run: Run = Run(),
    *,
    cache: CacheLike = None,
    split: Split | None = None,
) -> Demo:
    """Render a walkway, fit on its normal clips, score clips with anomalies, and write pictures, a report, a detector.

    Args:
        folder: for what is written; made where it is missing.
        preset: the detector's.
        size: "quick" (4 minutes of video) or "full" (20 minutes).
        run: where and how to run.
        cache: where observations are stored, as in `Detector.fit`.
        split: the clips, in place of those of that size.

    Returns:
        What was found.

    Raises:
        SettingsError: no such preset or size.
        StoreError: the folder cannot be written.
    """
    clips, made, place = split or benchmark(size), Detector(preset), Path(folder)
    with storing(place, "choose another folder with --output"):
        place.mkdir(parents=True, exist_ok=True)
    began = perf_counter()
    made.fit(clips.fit, run, cache=cache)
    witness = Witness.of(made)
    seen = [watched(witness, clip, run, cache=cache) for clip in clips.test]
    timelines = tuple(one.timeline for one in seen)
    seconds = perf_counter() - began
    results = measure(clips.test, timelines, run)
    made.save(place / "walkway.oddframe")
    written = write_pictures(place, clips.test, timelines)
    page = _write_page(place, witness, clips, seen)
    return Demo(clips, made, timelines, results, seconds, (*written, page, place / "walkway.oddframe"))


def _write_page(folder: Path, witness: Witness, split: Split, seen: Sequence[Watched]) -> Path:
    """The same as a report would be, from what was scored already."""
    truth, room = {clip.info.id: truth_runs(clip) for clip in split.test}, room_of(10)
    parts = [part_of(witness, one, truth=truth, limit=room // len(seen), videos=len(seen)) for one in seen]
    return write_page(folder, page_of(witness.detector, "A rendered walkway", with_normal(parts, split.fit, room)))


def _found(split: Split, timelines: Sequence[Timeline]) -> tuple[int, int, float]:
    """Events of the truth that some detected event overlaps, all of them, and the share whose box was hit."""
    there, hit, boxed = 0, 0, 0
    for clip, timeline in zip(split.test, timelines, strict=True):
        tracks = {box.track for boxes in clip.boxes for box in boxes}
        for track in tracks:
            own = {i: b.box for i, boxes in enumerate(clip.boxes) for b in boxes if b.track == track}
            events = [e for e in timeline.events if own.keys() & set(range(e.start, e.end))]
            there, hit = there + 1, hit + bool(events)
            boxed += any(
                e.box
                and e.peak in own
                and intersection_over_union(np.array([e.box]), np.array([own[e.peak]])).item() > 0.1
                for e in events
            )
    return hit, there, boxed / max(hit, 1)


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


def _moment(kind: str, clips: Sequence[SyntheticClip], timelines: Sequence[Timeline]) -> Highlight | None:
    """The highest event of a kind whose box lies on what is anomalous."""
    found = max(_hits(kind, clips, timelines), key=lambda hit: hit[2].score, default=None)
    if found is None:
        return None
    clip, timeline, event = found
    return Highlight(clip.frame_at(event.peak).image, timeline, event, kind)


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


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """Frame AUROC over the scorable frames of all test clips joined, scores as they are.

    Args:
        auroc: of the detector.
        kinds: of the detector, by kind of event, against the frames without any event.
        rules: of rules that need no training.
    """

    auroc: float
    kinds: Mapping[str, float]
    rules: Mapping[str, float]


def measure(clips: Sequence[SyntheticClip], timelines: Sequence[Timeline], run: Run) -> DemoFigures:
    """The detector's figures and, on the same frames, those of the rules."""
    valid = np.concatenate([timeline.valid for timeline in timelines])
    odd = np.concatenate([clip.labels for clip in clips])[valid]
    scores = np.concatenate([timeline.scores for timeline in timelines])[valid]
    kinds = {}
    for kind in KINDS:
        shown = np.concatenate([[any(b.kind == kind for b in boxes) for boxes in clip.boxes] for clip in clips])[valid]
        among = shown | ~odd
        kinds[kind] = auroc(scores[among], shown[among])
    rules = {rule: auroc(found[valid], odd) for rule, found in _by_rule(clips, run).items()}
    return DemoFigures(auroc(scores, odd), kinds, rules)


def _by_rule(clips: Sequence[SyntheticClip], run: Run) -> dict[str, FloatArray]:
    found: dict[str, list[FloatArray]] = defaultdict(list)
    for done, clip in enumerate(clips):
        run.progress(Progress("rules without training", done, len(clips), "clips"))
        for rule, scores in rule_scores(clip.images()).items():
            found[rule].append(scores)
    return {rule: np.concatenate(scores) for rule, scores in found.items()}
