"""Processor time per frame of the default detector: its crops through PyTorch, and through onnxruntime.

    python benchmarks/speed.py FOLDER
    python benchmarks/speed.py FOLDER --clips 4 --rounds 3

FOLDER holds training/frames/NN and testing/frames/NN, as UCSD Ped2. One detector is fitted for each runtime on the same
two training clips. Test clips are then scored by both in turn, clip by clip and round by round, from pictures to
timelines, without a cache and on one thread. Both have to see the same boxes. A row is the median over rounds of the
processor's milliseconds a frame; the ratio is new to old.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import torch

import oddframe as odd
from oddframe.engine.score import Judged, judge_video

OLD, NEW = "torch", "onnx"


def fitted(folder: Path, runtime: str) -> odd.Detector:
    """The default detector, fitted on two clips."""
    clips = odd.find_videos(folder / "training" / "frames")[:2]
    backbone = {"name": "efficientnet-lite0", "settings": {"size": 64, "runtime": runtime}}
    detector = odd.Detector(settings={"observer.backbone": backbone})
    with tempfile.TemporaryDirectory() as cache:
        return detector.fit(clips, holdout=0, cache=cache)


def timed(detector: odd.Detector, video: odd.Video) -> tuple[Judged, float]:
    """What it says of a video, and the processor's milliseconds a frame."""
    watching = detector._watching()
    before = process_time()
    judged = judge_video(video, watching, detector.model)
    judged.timeline(detector.scoring, 0.0, None)
    return judged, (process_time() - before) * 1000 / (judged.info.frames or 1)


def main() -> None:
    """Print a row for each clip, and all of them together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detectors = {runtime: fitted(given.folder, runtime) for runtime in (OLD, NEW)}
    videos = odd.find_videos(given.folder / "testing" / "frames")[: given.clips]
    for runtime in (OLD, NEW):
        timed(detectors[runtime], videos[0])  # networks load at their first use
    print(
        "| clip | boxes | apart | torch, ms a frame | onnx, ms a frame | ratio |\n| --- | --- | --- | --- | --- | --- |"
    )
    medians: list[tuple[float, float]] = []
    for video in videos:
        spent: dict[str, list[float]] = {OLD: [], NEW: []}
        judged: dict[str, Judged] = {}
        for number in range(given.rounds):
            for runtime in (OLD, NEW) if number % 2 else (NEW, OLD):
                judged[runtime], took = timed(detectors[runtime], video)
                spent[runtime].append(took)
        old, new = judged[OLD].scored, judged[NEW].scored
        assert np.array_equal(old.observations.box, new.observations.box), "the boxes differ"
        assert np.array_equal(old.observations.frame, new.observations.frame), "the boxes differ"
        apart = float(np.abs(old.score - new.score).max() / np.abs(old.score).max())
        medians.append((float(np.median(spent[OLD])), float(np.median(spent[NEW]))))
        before, after = medians[-1]
        print(
            f"| {video.info.id} | {len(old.score)} | {apart:.1g} | {before:.1f} | {after:.1f} | {after / before:.2f} |",
            flush=True,
        )
    before, after = np.mean(medians, axis=0)
    print(f"| all | | | {before:.1f} | {after:.1f} | {after / before:.2f} |")


if __name__ == "__main__":
    main()
