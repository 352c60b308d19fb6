"""Frame-level figures and speed on UCSD Ped2, a row for each detector.

    python benchmarks/ped2.py FOLDER default llsh ...

FOLDER holds the data set in either form that `oddframe.datasets.ucsd` describes. Scores of all test clips are joined as
they are: no normalisation per clip. "causal" smooths over the past alone, "halved" leaves out every second test frame,
as a camera at half the frame rate would.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import numpy as np

import oddframe as odd
from oddframe.datasets.base import LabelledVideo
from oddframe.datasets.ped2 import Ped2
from oddframe.metrics.frame import auroc

CAUSAL = odd.Scoring(smoothing=odd.Smoothing(kind="causal"))


def figure(timelines: Sequence[odd.Timeline], clips: Sequence[LabelledVideo], step: int = 1) -> float:
    """Micro AUROC over the scorable frames of all clips, of which every `step`-th was scored."""
    valid = np.concatenate([t.valid for t in timelines])
    scores = np.concatenate([t.scores for t in timelines])[valid]
    known = [np.asarray(clip.labels)[::step] for clip in clips]
    return auroc(scores, np.concatenate(known)[valid])


def halved(video: odd.Video) -> odd.Video:
    """Every second frame, at half the rate."""
    frames = [frame.image for frame in video if frame.index % 2 == 0]
    return odd.ArrayVideo(frames, fps=video.info.fps / Fraction(2), name=video.info.id)


def row(data: Ped2, preset: str) -> str:
    """One detector, fitted and scored without anything remembered from before."""
    clips = list(data.videos("testing"))
    tests = [clip.video for clip in clips]
    with tempfile.TemporaryDirectory() as cache:
        began = perf_counter()
        detector = odd.Detector(preset).fit([clip.video for clip in data.videos("training")], cache=cache)
        fitted = perf_counter() - began
    began = perf_counter()
    timelines = list(detector.score_each(tests))
    rate = sum(len(t.scores) for t in timelines) / (perf_counter() - began)
    figures = [
        figure(timelines, clips),
        figure(list(detector.score_each(tests, scoring=CAUSAL)), clips),
        figure(list(detector.score_each([halved(video) for video in tests])), clips, step=2),
    ]
    lost = sum(int((~t.valid).sum()) for t in timelines)
    return f"| {preset} | {' | '.join(f'{f:.4f}' for f in figures)} | {lost} | {fitted:.0f} s | {rate:.0f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("detectors", nargs="*", default=["default"])
    given = parser.parse_args()
    print("| detector | AUROC | causal | halved | not scorable | fit | frames/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for preset in given.detectors:
        print(row(Ped2(given.folder), preset), flush=True)


if __name__ == "__main__":
    main()
