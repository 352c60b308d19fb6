"""Frame-level figures and speed on UCSD Ped2, a row for each detector.

    python benchmarks/ped2.py FOLDER default llsh ...

FOLDER holds training/frames/NN, testing/frames/NN and labels.csv (clip, first abnormal frame, one past the last).
Scores of all test clips are joined as they are: no normalisation per clip. "causal" smooths over the past alone,
"halved" leaves out every second test frame, as a camera at half the frame rate would.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import numpy as np

import oddframe as odd
from oddframe.metrics.frame import auroc
from oddframe.types import BoolArray

CAUSAL = odd.Scoring(smoothing=odd.Smoothing(kind="causal"))


def labels(folder: Path) -> dict[str, tuple[int, int]]:
    """Clip -> first abnormal frame, one past the last."""
    with (folder / "labels.csv").open(newline="") as file:
        return {
            row["clip"]: (int(row["first_abnormal_frame"]), int(row["end_exclusive"])) for row in csv.DictReader(file)
        }


def truth(timeline: odd.Timeline, odd_frames: tuple[int, int], step: int = 1) -> BoolArray:
    """(F,) whether each frame is abnormal."""
    frame = np.arange(len(timeline.scores)) * step
    return (frame >= odd_frames[0]) & (frame < odd_frames[1])


def figure(timelines: Sequence[odd.Timeline], known: dict[str, tuple[int, int]], step: int = 1) -> float:
    """Micro AUROC over the scorable frames of all clips."""
    valid = np.concatenate([t.valid for t in timelines])
    scores = np.concatenate([t.scores for t in timelines])[valid]
    return auroc(scores, np.concatenate([truth(t, known[t.info.id], step) for t in timelines])[valid])


def halved(video: odd.Video) -> odd.Video:
    """Every second frame, at half the rate."""
    frames = [frame.image for frame in video if frame.index % 2 == 0]
    return odd.ArrayVideo(frames, fps=video.info.fps / Fraction(2), name=video.info.id)


def row(folder: Path, preset: str, fps: str | None) -> str:
    """One detector, fitted and scored without anything remembered from before."""
    known = labels(folder)
    tests = odd.find_videos(folder / "testing" / "frames", fps=fps)
    with tempfile.TemporaryDirectory() as cache:
        began = perf_counter()
        detector = odd.Detector(preset).fit(folder / "training" / "frames", cache=cache, fps=fps)
        fitted = perf_counter() - began
    began = perf_counter()
    timelines = list(detector.score_each(tests))
    rate = sum(len(t.scores) for t in timelines) / (perf_counter() - began)
    figures = [
        figure(timelines, known),
        figure(list(detector.score_each(tests, scoring=CAUSAL)), known),
        figure(list(detector.score_each([halved(video) for video in tests])), known, step=2),
    ]
    lost = sum(int((~t.valid).sum()) for t in timelines)
    return f"| {preset} | {' | '.join(f'{f:.4f}' for f in figures)} | {lost} | {fitted:.0f} s | {rate:.0f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("detectors", nargs="*", default=["default"])
    parser.add_argument("--fps", help="frames a second; the clips were recorded at 10, and 25 are assumed without this")
    given = parser.parse_args()
    print("| detector | AUROC | causal | halved | not scorable | fit | frames/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for preset in given.detectors:
        print(row(given.folder, preset, given.fps), flush=True)


if __name__ == "__main__":
    main()
