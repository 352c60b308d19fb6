"""What `oddframe teach` takes beside watching the video: opening a big detector, teaching it 3 seconds, saving it.

    python benchmarks/teach_seconds.py             # knn, lsh and llsh with 500 MB of index each: minutes, 6 GB
    python benchmarks/teach_seconds.py knn --megabytes 50

Made-up things in front of a camera of 25 frames a second, five in each frame, of 632 values each: 200 kinds and what
varies within them. What is taught is of another kind. Everything is in the file system's memory, as it is where a
detector was used before. One thread; processor seconds of each part, the least of several repetitions, each in a
process of its own that has loaded its libraries, and the least seconds by the clock of all of it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import warnings
from fractions import Fraction
from pathlib import Path
from time import perf_counter, process_time

import faiss
import numpy as np
import torch

import oddframe as odd
from oddframe.errors import StaleThreshold
from oddframe.models.base import Model
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH

VALUES, THINGS, FPS, KINDS = 632, 5, 25, 200
SECONDS = 3
SPEC = odd.Spec({"look": odd.Field((VALUES,))})
FRAMES = 4000  # of a video


def model(name: str) -> tuple[Model, int]:
    """A model, and about how many bytes it keeps of an observation."""
    if name == "knn":
        return KNN(coreset=None), 4 * VALUES + 32
    made = LSH() if name == "lsh" else LLSH(epochs=1, draws=32)
    return made, 8 * 32 * 2 + 8 * 4 + 32 + 8 * 16 // 4


def video(name: str, seed: int, frames: int, odd_frames: range = range(0)) -> tuple[odd.VideoInfo, odd.Observations]:
    """Things of the usual kinds, and of another one in some frames."""
    kinds = np.random.default_rng(0).standard_normal((KINDS + 1, VALUES), np.float32)
    random, count = np.random.default_rng(seed), frames * THINGS
    frame = np.repeat(np.arange(frames), THINGS)
    kind = np.where(np.isin(frame, odd_frames), KINDS, random.integers(KINDS, size=count))
    look = kinds[kind] + np.float32(0.2) * random.standard_normal((count, VALUES), np.float32)
    place = random.uniform(0, 300, (count, 2))
    observations = odd.Observations(
        video=name,
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.concatenate([place, place + 20], axis=1).astype(np.float32),
        data={"look": torch.from_numpy(look)},
        through=frames,
    )
    return odd.VideoInfo(name, 320, 320, Fraction(FPS), frames), observations


def build(name: str, megabytes: float, folder: Path) -> None:
    """Fit and save a detector whose model takes about this much."""
    made, each = model(name)
    videos = max(2, round(megabytes * 1e6 / each / (FRAMES * THINGS)))
    source = odd.MemorySource(SPEC, [video(f"v{number}", number, FRAMES) for number in range(videos)])
    odd.Detector(model=made).fit(source, holdout=0.05).save(folder)


def once(folder: Path) -> None:
    """Print the seconds of each part, those by the clock, and how many observations were taught."""
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    today = odd.MemorySource(SPEC, [video("today", 999, 250, range(50, 50 + SECONDS * FPS))])
    began, times = perf_counter(), [process_time()]
    detector = odd.Detector.load(folder)
    times.append(process_time())
    told = detector.teach(today, 2.0, 2.0 + SECONDS)
    times.append(process_time())
    detector.save(folder)
    times.append(process_time())
    over = int((told.after > (told.threshold or np.inf)).sum())
    print(*np.diff(times), perf_counter() - began, len(told.observations), told.seen, over)


def report(name: str, megabytes: float, repetitions: int) -> str:
    """One detector's row."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "built"
        build(name, megabytes, folder)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        rows = []
        for number in range(repetitions):
            copy = Path(place) / f"{number}"
            shutil.copytree(folder, copy)
            command = [sys.executable, __file__, "--once", str(copy)]
            rows.append([float(word) for word in subprocess.check_output(command, text=True).split()])
            shutil.rmtree(copy)
    load, teach, save, clock = np.min(rows, axis=0)[:4]
    seconds = [f"{part:.2f}" for part in (load, teach, save, load + teach + save, clock)]
    taught, seen, over = (int(value) for value in rows[0][4:])
    return f"| {name} | {size:.0f} MB | {taught} of {seen} | {' | '.join(seconds)} | {over} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["knn", "lsh", "llsh"])
    parser.add_argument("--megabytes", type=float, default=500)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--once", type=Path, help="teach the detector in this folder, and replace it")
    given = parser.parse_args()
    warnings.simplefilter("ignore", StaleThreshold)
    if given.once:
        once(given.once)
        return
    print("| model | saved | taught | load | teach | save | together | by the clock | over the threshold after |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in given.models:
        print(report(name, given.megabytes, given.repetitions), flush=True)


if __name__ == "__main__":
    main()
