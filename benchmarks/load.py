"""Memory and time against length: long videos, many files, noise, many pictures. Figures are ratios within one run.

    python benchmarks/load.py video --lengths 1 10 120     # minutes of 320 x 240 at 25 frames a second
    python benchmarks/load.py files --lengths 500 5000     # videos in a folder, found and told apart
    python benchmarks/load.py noise --lengths 50 200       # frames of 1920 x 1080 in which everything moves
    python benchmarks/load.py pictures --lengths 1000 100000

Each length is a process of its own. It scores with a detector fitted on half a minute (`--detector`), without a cache,
and says its peak memory and its time a frame; the last column divides both by those of the shortest length.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from oddframe import Detector, find_videos
from oddframe.video import ArrayVideo
from oddframe.video.write import write_image, write_video

WIDTH, HEIGHT, FPS = 320, 240, 25
NOISY = (1080, 1920)
SETTINGS = {"observer.embedding": 0}


def frames(count: int, speed: float = 2.0) -> Iterator[Any]:
    """A bright square that crosses a scene again and again."""
    scene = np.random.default_rng(0).integers(60, 120, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    for number in range(count):
        image = scene.copy()
        x = int(number * speed) % (WIDTH - 40)
        image[100:140, x : x + 40] = 230
        yield image


def noise(count: int) -> Iterator[Any]:
    """Blocks of 8 x 8 pixels that are drawn anew in each frame: some 20,000 regions of 1920 x 1080 pixels move."""
    draw = np.random.default_rng(0)
    for _ in range(count):
        small = draw.integers(0, 255, (NOISY[0] // 8, NOISY[1] // 8, 3), np.uint8)
        yield small.repeat(8, 0).repeat(8, 1)


def made(kind: str, length: int, folder: Path) -> Path:
    """The input of that length."""

    place = folder / f"{kind}-{length}"
    if kind == "video":
        write_video(place.with_suffix(".mp4"), frames(length * 60 * FPS), Fraction(FPS))
        return place.with_suffix(".mp4")
    place.mkdir()
    if kind == "noise":
        for number, image in enumerate(noise(length)):
            write_image(place / f"{number:06}.png", image)
    elif kind == "pictures":
        first = [folder / f"picture-{number}.jpg" for number in range(160)]
        if not first[0].exists():
            for file, image in zip(first, frames(len(first)), strict=True):
                write_image(file, image)
        for number in range(length):
            os.link(first[number % len(first)], place / f"{number:06}.jpg")
    else:
        write_video(folder / "one.mp4", frames(2 * FPS), Fraction(FPS))
        for number in range(length):
            os.link(folder / "one.mp4", place / f"{number:06}.mp4")
    return place


def measured(kind: str, source: Path, detector: Path) -> dict[str, float]:
    """What this process takes for it."""

    if kind == "files":
        began = time.perf_counter()
        count = len(find_videos(source))
    else:
        loaded = Detector.load(detector)
        (video,) = find_videos(source)
        began = time.perf_counter()
        count = loaded.score(video).info.frames or 0
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"count": count, "seconds": seconds, "ms each": 1000 * seconds / count, "peak MiB": peak}


def fit(detector: str, folder: Path) -> Path:
    """A detector fitted on half a minute of the same scene."""

    settings = SETTINGS if detector in ("default", "knn", "kmeans", "lsh", "llsh") else {}
    videos = [ArrayVideo(np.stack(list(frames(15 * FPS, speed))), fps=FPS, name=f"{speed}") for speed in (2.0, 1.5)]
    Detector(detector, settings=settings).fit(videos, cache=folder / "cache").save(folder / "d.oddframe")
    return folder / "d.oddframe"


def child(*arguments: object) -> dict[str, float]:
    """The same program in a process of its own, which measures."""
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kind", choices=["video", "files", "noise", "pictures"])
    parser.add_argument("--lengths", type=int, nargs="+", required=True)
    parser.add_argument("--detector", default="knn")
    parser.add_argument("--json", type=Path, help="a file for the figures, written after each length")
    given, told = parser.parse_args(), dict[int, dict[str, float]]()
    with tempfile.TemporaryDirectory() as scratch:
        detector = Path(scratch) / "none" if given.kind == "files" else fit(given.detector, Path(scratch))
        for length in given.lengths:
            told[length] = row = child(given.kind, made(given.kind, length, Path(scratch)), detector)
            first = told[given.lengths[0]]
            ratios = [f"{row[name] / first[name]:.2f}" for name in ("peak MiB", "ms each")]
            size = f"{row['peak MiB']:.0f} MiB, {row['ms each']:.2f} ms each"
            print(f"{length}: {size}; x {' memory, x '.join(ratios)} time", flush=True)
            if given.json:
                given.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
    else:
        main()
