"""Small detectors, saved once and loaded ever since: what was fitted must load, and score as it did.

One detector per model lies beside this file, with the scores that it gave. Every input is made of integers and seeded
numbers here, so that nothing else has to be stored. From the root of a checkout:

    python -m tests.engine.golden.make            fit, score and save everything anew (a change of meaning!)
    python -m tests.engine.golden.make NAME       only these models; a new one is added so
    python -m tests.engine.golden.make --exact    how many values differ in their bits from those that are stored

Bits are those of one machine and one thread: set OMP_NUM_THREADS=1, and compare where they were made.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import torch

from oddframe.engine import Detector
from oddframe.errors import StaleThreshold
from oddframe.models.base import Model
from oddframe.models.cbcg import CBCG
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.lbr_spr import LBRSPR
from oddframe.models.lgn import LGN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH
from oddframe.models.source import MemorySource
from oddframe.observers.base import Observer
from oddframe.observers.cubes import Cubes
from oddframe.observers.features import Features
from oddframe.observers.objects import Objects
from oddframe.observers.segments import Segments
from oddframe.observers.sequence import Sequence as Frames
from oddframe.observers.tracks import Tracks
from oddframe.scoring import Scoring, Smoothing
from oddframe.types import FloatArray, ImageArray, Observations, Spec, Timeline, VideoInfo
from oddframe.video import ArrayVideo, Video
from oddframe.video.features import FeatureVideo
from oddframe.video.tracks import TrackVideo

HERE = Path(__file__).resolve().parent
SCORES = HERE / "scores.npz"
FPS, WIDTH, HEIGHT, FRAMES = 10, 96, 72, 50
Scores: TypeAlias = dict[str, FloatArray]

PARTS: Mapping[str, tuple[Observer, Model]] = {
    "cbcg": (
        Segments(observer=Objects(embedding=0, short_side=HEIGHT), length=5),
        CBCG(segments=6, k=2, width=8, embedding=4, memory=4, steps=20, guided_steps=20, batch=4, seed=1),
    ),
    "kmeans": (Objects(embedding=4, short_side=HEIGHT), KMeans(clusters=6, seed=1)),
    "knn": (Tracks(acceleration=True, place=True), KNN(k=3, coreset=60, seed=1)),
    "lbr-spr": (
        Cubes(before=1, after=1, size=8, motion=True),
        LBRSPR(width=4, poolings=1, motion=True, epochs=4, warm_up=1, batch=32, seed=1),
    ),
    "lgn": (
        Frames(size=16, grey=True, length=3),
        LGN(width=8, hidden=6, layers=1, items=4, item_size=8, epochs=2, batch=8, learning_rate=1e-3, grid=8, seed=1),
    ),
    "llsh": (
        Features(size=6, crops=5, segment=4),
        LLSH(tables=2, bits=12, offset=8, epochs=4, draws=4, batch=8, queue=32, seed=1),
    ),
    "lsh": (Objects(embedding=0, short_side=HEIGHT, direction=True), LSH(tables=3, bits=12, seed=1)),
}
"""Model -> the observer and the model of its detector; between them they cover every medium."""

TAUGHT = ("knn", "kmeans", "lsh")
"""Those that are taught something after the fit: a saved detector holds corrections, too."""


def saved(model: str) -> Path:
    """The folder of a model's detector."""
    return HERE / f"{model}.oddframe"


def fitted(model: str) -> Detector:
    """The detector as it is fitted and taught before it is saved."""
    observer, learner = PARTS[model]
    scoring = Scoring(smoothing=Smoothing("gaussian", 0.2))
    detector = Detector(observer=observer, model=learner, scoring=scoring)
    labels = {f"normal{n}": False for n in range(4)} | {f"anomalous{n}": True for n in range(3)}
    names = list(labels) if model == "cbcg" else list(labels)[:4]
    with TemporaryDirectory() as folder:
        files, cache = Path(folder), Path(folder) / "cache"
        videos = [video(observer, name, seed, "anomalous" in name, files) for seed, name in enumerate(names)]
        detector.fit(videos, cache=cache, labels=labels if model == "cbcg" else None, holdout=0.25)
        if model in TAUGHT:
            detector.teach(video(observer, "taught", 30, True, files), 2.5, 3.5, cache=cache)
    return detector


def scores(detector: Detector) -> Scores:
    """What it says of a video that it looks at, and of observations of the same kind that are drawn at random."""
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", StaleThreshold)
        seen = detector.score(video(detector.observer, "today", 40, True, Path(folder)))
        (drawn,) = detector.score_source(observations(detector.observer.spec))
    return {**_values("seen", seen), **_values("drawn", drawn)}


def stored(model: str) -> Scores:
    """What the saved detector said when it was made."""
    with np.load(SCORES, allow_pickle=False) as file:
        start = f"{model}/"
        return {name.removeprefix(start): file[name] for name in file.files if name.startswith(start)}


def _values(name: str, timeline: Timeline) -> Scores:
    scored = timeline.scored
    assert len(scored), f"nothing is observed in {name}"
    parts = {f"{name}/{part}": values for part, values in scored.parts.items()}
    threshold = np.array([np.nan if timeline.threshold is None else timeline.threshold])
    columns = {"frames": timeline.scores, "valid": timeline.valid, "rows": scored.score, "threshold": threshold}
    return {**{f"{name}/{column}": values for column, values in columns.items()}, **parts}


def video(observer: Observer, name: str, seed: int, anomalous: bool, files: Path) -> Video:
    """A video of the observer's medium; an anomalous one is unlike the others from its middle on.

    Args:
        observer: names the medium.
        name, seed: the video's id, and where things begin.
        anomalous: whether it is.
        files: where a file of features may lie while the video is used.
    """
    if observer.medium == "tracks":
        return _tracks(name, seed, anomalous)
    if isinstance(observer, Features):
        return _features(observer, files / f"{name}.npy", seed, anomalous)
    return ArrayVideo(_pictures(seed, anomalous), fps=FPS, name=name)


def _way(seed: int, anomalous: bool) -> Sequence[int]:
    """Where something is that walks to and fro, two pixels a frame, or runs; a multiple of 1 pixel."""
    steps = [2 + (frame + seed) % 2 for frame in range(FRAMES)]
    if anomalous:
        steps[FRAMES // 2 :] = [9] * (FRAMES - FRAMES // 2)
    room = WIDTH - 24
    return [int(abs((at + 17 * seed) % (2 * room) - room)) for at in np.cumsum(steps)]


def _pictures(seed: int, anomalous: bool) -> ImageArray:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    scene = 90 + 30 * ((x // 7 + y // 5) % 2) + (x * 7 + y * 13) % 11
    walker = np.random.default_rng(5).integers(150, 250, (28, 16))
    images = []
    for at in _way(seed, anomalous):
        image = scene + random.integers(-2, 3, scene.shape)
        image[26:54, at + 4 : at + 20] = walker
        images.append(np.repeat(image.astype(np.uint8)[..., None], 3, axis=2))
    return np.stack(images)


def _tracks(name: str, seed: int, anomalous: bool) -> TrackVideo:
    boxes: list[list[int]] = []
    for frame, at in enumerate(_way(seed, anomalous)):
        boxes.append([at + 4, 26, at + 18 + frame % 4, 54])
        boxes.append([40 + frame // 8, 10, 50 + frame // 8, 34 + frame % 4 // 2])
    frame_of, track = np.repeat(np.arange(FRAMES), 2), [1, 2] * FRAMES
    return TrackVideo(frame_of, track, boxes, width=WIDTH, height=HEIGHT, fps=FPS, frames=FRAMES, name=name)


def _features(observer: Features, file: Path, seed: int, anomalous: bool) -> Video:
    segments = 24
    values = np.random.default_rng(seed).normal(size=(segments, observer.crops, observer.size))
    values += 2 * np.arange(observer.size) * ((np.arange(segments) // 6) % 2)[:, None, None]
    if anomalous:
        values[segments // 2 :] *= -1
    np.save(file, values.astype(np.float32))
    return FeatureVideo(file, segment=observer.segment, fps=FPS)


def observations(spec: Spec) -> MemorySource:
    """A video of random observations, two a frame."""
    random, frames = np.random.default_rng(9), 30
    frame = np.repeat(np.arange(frames), 2)
    info = VideoInfo("drawn", WIDTH, HEIGHT, Fraction(FPS), frames)
    data = {}
    for name, field in sorted(spec.fields.items()):
        values = random.normal(size=(len(frame), *field.shape))
        if not field.dtype.is_floating_point:
            values = np.clip(128 + 40 * values, 0, 255).round()
        data[name] = torch.from_numpy(values).to(field.dtype)
    some = Observations(
        video=info.id,
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.array([[5, 20, 25, 60], [50, 10, 70, 50]] * frames, np.float32),
        data=data,
        through=frames,
    )
    return MemorySource(spec, [(info, some)])


def differing(found: Scores, expected: Scores) -> int:
    """How many values differ in their bits; all, where they are not the same ones."""
    if found.keys() != expected.keys():
        return sum(values.size for values in expected.values())
    pairs = [(np.atleast_1d(found[name]), np.atleast_1d(expected[name])) for name in expected]
    return sum(int((a != b)[~(np.isnan(a) & np.isnan(b))].sum()) if a.shape == b.shape else b.size for a, b in pairs)


def main(arguments: Sequence[str]) -> None:
    """Make all models' detectors or those named, or compare."""
    if "--exact" in arguments:
        for model in PARTS:
            expected = stored(model)
            count = differing(scores(Detector.load(saved(model))), expected)
            sys.stdout.write(f"{model}: {count} of {sum(v.size for v in expected.values())} values differ\n")
        return
    chosen = arguments or list(PARTS)
    others = [model for model in PARTS if model not in chosen]
    found: dict[str, Any] = {f"{model}/{name}": values for model in others for name, values in stored(model).items()}
    for model in chosen:
        fitted(model).save(saved(model))
        found.update({f"{model}/{name}": v for name, v in scores(Detector.load(saved(model))).items()})
    np.savez_compressed(SCORES, **found)


if __name__ == "__main__":
    main(sys.argv[1:])
