"""What teaching one passage of UCSD Ped2 does to that passage and to every other clip.

    python benchmarks/teach.py FOLDER default llsh ... --clip 01

FOLDER holds training/frames/NN, testing/frames/NN and labels.csv (clip, first abnormal frame, one past the last). The
passage is the clip's event with the highest score. A row a clip: its AUROC before and after, "-" where all of its
frames are of one class, and which share of its frames moved at all. Seconds are those of `teach`, all being observed.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np

import oddframe as odd
from oddframe.errors import StaleThreshold
from oddframe.metrics.frame import auroc
from oddframe.types import BoolArray

Timelines: TypeAlias = Mapping[str, odd.Timeline]


def labels(folder: Path) -> dict[str, tuple[int, int]]:
    """Clip -> first abnormal frame, one past the last."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["clip"]: (int(row["first_abnormal_frame"]), int(row["end_exclusive"])) for row in rows}


def truth(timeline: odd.Timeline, odd_frames: tuple[int, int]) -> BoolArray:
    """(F,) whether each frame is abnormal."""
    frame = np.arange(len(timeline.scores))
    return (frame >= odd_frames[0]) & (frame < odd_frames[1])


def micro(timelines: Sequence[odd.Timeline], known: Mapping[str, tuple[int, int]]) -> float:
    """AUROC over the scorable frames of all these clips."""
    wanted = np.concatenate([truth(timeline, known[timeline.info.id])[timeline.valid] for timeline in timelines])
    return auroc(np.concatenate([timeline.scores[timeline.valid] for timeline in timelines]), wanted)


def report(folder: Path, preset: str, clip: str, fps: str | None) -> Iterator[str]:
    """One detector's lines."""
    known = labels(folder)
    tests = {video.info.id: video for video in odd.find_videos(folder / "testing" / "frames", fps=fps)}
    with tempfile.TemporaryDirectory() as place, odd.ObservationCache(place) as cache:
        detector = odd.Detector(preset).fit(folder / "training" / "frames", cache=cache, fps=fps)
        before = {name: detector.score(video) for name, video in tests.items()}
        event = max(before[clip].events, key=lambda one: one.score)
        detector.explain(tests[clip], event.peak_time, cache=cache)  # observes the clip
        began = perf_counter()
        told = detector.teach(tests[clip], event.start_time, event.end_time, cache=cache)
        seconds = perf_counter() - began
        after = {name: detector.score(video) for name, video in tests.items()}
    threshold = detector.calibration.threshold or np.inf
    over = [np.mean(all_of[clip].scores[event.start : event.end] > threshold) for all_of in (before, after)]
    yield f"{preset}: {told.stretch}, {len(told.observations)} of {told.seen} observations taught in {seconds:.2f} s"
    yield f"scores up to {told.before.max():.3f} before and {told.after.max():.3f} after, threshold {threshold:.3f}"
    yield f"frames of it over the threshold: {over[0]:.1%} before, {over[1]:.1%} after"
    yield from table(before, after, known)
    others = [name for name in tests if name != clip]
    one, two = (micro([all_of[name] for name in others], known) for all_of in (before, after))
    yield f"micro AUROC of the other clips: {one:.4f} before, {two:.4f} after"


def table(before: Timelines, after: Timelines, known: dict[str, tuple[int, int]]) -> Iterator[str]:
    """A row a clip."""
    yield "| clip | AUROC before | after | change in points | frames that moved |"
    yield "| --- | --- | --- | --- | --- |"
    for name, timeline in before.items():
        valid, wanted = timeline.valid, truth(timeline, known[name])
        moved = np.mean(timeline.scores[valid] != after[name].scores[valid])
        if wanted[valid].all() or not wanted[valid].any():
            yield f"| {name} | - | - | - | {moved:.1%} |"
            continue
        one, two = (auroc(all_of[name].scores[valid], wanted[valid]) for all_of in (before, after))
        yield f"| {name} | {one:.4f} | {two:.4f} | {100 * (two - one):+.2f} | {moved:.1%} |"


def main() -> None:
    """Print every detector's report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("detectors", nargs="*", default=["default"])
    parser.add_argument("--clip", default="01", help="the test clip that shows the passage")
    parser.add_argument("--fps", help="frames a second; the clips were recorded at 10, and 25 are assumed without this")
    given = parser.parse_args()
    warnings.simplefilter("ignore", StaleThreshold)  # which is as it should be here
    for preset in given.detectors:
        for line in report(given.folder, preset, given.clip, given.fps):
            print(line, flush=True)


if __name__ == "__main__":
    main()
