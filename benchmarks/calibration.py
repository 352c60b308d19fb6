"""Stated against realised rates of false alarms: on simulated and rendered walkways, and on Ped2's normal clips.

    python benchmarks/calibration.py walkway --out runs/calibration       tracks
    python benchmarks/calibration.py rendered --out runs/calibration      pictures
    python benchmarks/calibration.py weak --out runs/calibration          tracks, a label a training video
    python benchmarks/calibration.py ped2 --root ped2/ --out runs/calibration
    python benchmarks/calibration.py networks --root ped2/ --out runs/calibration
    python benchmarks/calibration.py hysteresis --out runs/calibration    into how many pieces events fall

Thresholds come from normal video alone, and so do all figures but those of hysteresis. Frame scores are kept in the
folder, and scored once.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import oddframe as odd
from oddframe import catalog
from oddframe.datasets.walkway_tracks import KINDS, WalkwayTracks
from oddframe.engine.holdout import each_held_out
from oddframe.engine.observe import Watching
from oddframe.engine.observed import source_of
from oddframe.engine.score import judge_source
from oddframe.engine.sources import LabelledSource
from oddframe.models.source import ObservationSource
from oddframe.observers.segments import Segments
from oddframe.observers.tracks import Tracks
from oddframe.scoring import NormalScores, Scoring, event_bounds, false_alarms, threshold_for
from oddframe.types import FloatArray, IntArray, Observations, Progress, Scored, Timeline, VideoInfo
from oddframe.video import Video
from oddframe.walkway import Painter, SyntheticClip, Walkway
from oddframe.walkway.tracked import tracked

SCORING = Scoring()
SCENE = Walkway(seconds=300.0, fps=8, people=5.0)
RENDERED = replace(SCENE, width=160, height=120, seconds=150.0)
CLIPS = {"walkway": 240, "rendered": 24, "weak": 240, "hysteresis": 48}
HOURS = {"walkway": (0.25, 1.0, 4.0), "rendered": (0.25, 0.5, 1.0), "weak": (0.25, 1.0)}
RATES = (0.5, 1.0, 2.0, 5.0, 20.0, 60.0)

PRESETS = {
    "walkway": ["knn-tracks", "kmeans"],
    "rendered": ["default", "kmeans", "lsh", "llsh"],
    "weak": ["cbcg-tracks"],
    "ped2": ["default", "kmeans", "llsh", "lsh"],
    "networks": ["lbr-spr-small", "lgn-small"],
    "hysteresis": ["knn-tracks", "kmeans"],
}
SHORT: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "lbr-spr-small": ({}, {"epochs": 3}),
    "lgn-small": ({"size": 96}, {"width": 16, "hidden": 24, "item_size": 64, "epochs": 3}),
}
"""Preset -> settings of observer and model that make its training a matter of minutes on one core."""


def timeline(name: str, scores: FloatArray, fps: int) -> Timeline:
    """A timeline of which only the scores are known."""
    info = VideoInfo(name, 8, 8, Fraction(fps), len(scores))
    nothing = Scored(Observations.none(name), np.zeros(0, np.float32))
    return Timeline(info, scores, np.isfinite(scores), nothing)


def kept(file: Path, make: Callable[[], dict[str, FloatArray]]) -> dict[str, FloatArray]:
    """Arrays from a file, or made and kept there."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, allow_pickle=False, **make())
    with np.load(file) as found:
        return {name: found[name] for name in found}


def events(one: Timeline, threshold: float, low: float) -> IntArray:
    """(E, 2) first and one-past-last frame of each event, made as scoring makes them."""
    fps = float(one.info.fps)
    return event_bounds(one.scores, threshold, low, merge=SCORING.merge * fps, shortest=SCORING.shortest * fps)


def alarms(timelines: Sequence[Timeline], threshold: float, normal: NormalScores) -> float:
    """Events an hour."""
    low = SCORING.low(threshold, normal.frames.typical)
    found = sum(len(events(one, threshold, low)) for one in timelines)
    return found / sum(float(one.valid.sum()) / float(one.info.fps) / 3600 for one in timelines)


def normal_of(timelines: Sequence[Timeline], ceiling: float = math.inf) -> NormalScores:
    """What is kept of held-out video, of scores that are never above the ceiling."""
    normal = NormalScores.measure(timelines, SCORING, ceiling)
    assert normal is not None
    return normal


def walkway(preset: str, clips: int, folder: Path) -> list[Timeline]:
    """Five-minute clips of tracks, by a detector fitted on half an hour of others."""

    def clip(seed: int, name: str) -> Video:
        return tracked(SCENE, seed, (), name)[0]

    return simulated(
        folder / f"walkway-{preset}.npz", odd.Detector(preset, observer="tracks"), clip, fit=6, clips=clips
    )


def rendered(preset: str, clips: int, folder: Path) -> list[Timeline]:
    """Clips of pictures, 150 s each, by a detector fitted on a third of an hour of others."""
    painter = Painter(RENDERED)

    def clip(seed: int, name: str) -> Video:
        return SyntheticClip(painter, seed, (), name)

    return simulated(folder / f"rendered-{preset}.npz", odd.Detector(preset), clip, fit=8, clips=clips)


def simulated(
    file: Path, detector: odd.Detector, clip: Callable[[int, str], Video], *, fit: int, clips: int
) -> list[Timeline]:
    """Frame scores of so many clips, by a detector fitted on others."""

    def made() -> dict[str, FloatArray]:
        fitted = [clip(10_000 + n, f"fit-{n}") for n in range(fit)]
        return others_scored(detector, fitted, [clip(20_000 + n, f"{n}") for n in range(clips)], file.parent)

    return [timeline(name, one, SCENE.fps) for name, one in kept(file, made).items()]


def weak(preset: str, clips: int, folder: Path) -> list[Timeline]:
    """Normal minutes of tracks, by a detector fitted on 140 others that have a label each, 70 of them abnormal."""
    detector = odd.Detector(preset, observer=Segments(observer=Tracks(), length=SCENE.fps))

    def made() -> dict[str, FloatArray]:
        data = WalkwayTracks(training=140, testing=2 * clips)
        fitted, tested = data.videos("training"), data.videos("testing")
        labels = {one.name: bool(one.label) for one in fitted}
        normal = [one.video for one in tested if not one.label]
        return others_scored(detector, [one.video for one in fitted], normal, folder, labels)

    return [timeline(name, one, SCENE.fps) for name, one in kept(folder / f"weak-{preset}.npz", made).items()]


def others_scored(
    detector: odd.Detector,
    fitted: Sequence[Video],
    others: Sequence[Video],
    folder: Path,
    labels: Mapping[str, bool] | None = None,
) -> dict[str, FloatArray]:
    """Frame scores of other videos than those fitted on; all observed once, whichever detectors ask."""
    names = frozenset(video.info.id for video in fitted)
    watching = Watching(detector.observer, None, detector.health, ())
    with source_of([*fitted, *others], watching, None, odd.Run(), cache=folder / "cache", fps=None) as source:
        detector.fit(LabelledSource(source, names, labels))
        rest = LabelledSource(source, frozenset(video.info.id for video in others))
        return {one.info.id: one.scores for one in detector.score_source(rest)}


def rows_of(
    timelines: Sequence[Timeline], draws: int, amounts: Sequence[float], ceiling: float = math.inf, seed: int = 0
) -> Iterator[str]:
    """For each amount of held-out video and each rate asked: what the rest of the video gives."""
    random, each = np.random.default_rng(seed), timelines[0].info.seconds(len(timelines[0].scores)) / 3600
    for hours in amounts:
        count = round(hours / each)
        orders = [random.permutation(len(timelines)) for _ in range(draws)] if 2 * count <= len(timelines) else []
        split = [([timelines[n] for n in o[:count]], [timelines[n] for n in o[count:]]) for o in orders]
        normal = [normal_of(held, ceiling) for held, _ in split]
        for rate in RATES if split else ():
            found, inside, how = [], 0, set()
            for one, (_, rest) in zip(normal, split, strict=True):
                threshold, told = threshold_for(one.events, rate)
                found.append(alarms(rest, threshold, one))
                inside += told.at_least <= found[-1] <= told.at_most
                how.add(told.basis)
            spread = f"{min(found):.2f} to {max(found):.2f} | {inside} of {draws} | {', '.join(sorted(how))}"
            yield f"| {hours:g} h | {rate:g} | {np.mean(found):.2f} | {spread} |"


def ped2(preset: str, root: Path, folder: Path) -> dict[str, Timeline]:
    """ "outer/test/clip" and "outer/fold/clip": four times four test clips, the other twelve held out in turn."""

    def made() -> dict[str, FloatArray]:
        detector = odd.Detector(preset)
        found: dict[str, FloatArray] = {}
        with normal_clips(detector.observer, root, folder / "cache") as source:
            for outer, parts in enumerate(each_held_out(source, 4, 0)):
                test = frozenset(info.id for info in parts.held.videos())
                rest = LabelledSource(source, frozenset(i.id for i in source.videos()) - test)
                found |= scored(detector.model, rest, parts.held, f"{outer}/test/")
                for fold, inner in enumerate(each_held_out(rest, 4, outer)):
                    found |= scored(detector.model, inner.trained, inner.held, f"{outer}/{fold}/")
        return found

    return {name: timeline(name, one, 10) for name, one in kept(folder / f"ped2-{preset}.npz", made).items()}


def network(preset: str, root: Path, folder: Path, cache: Path | None) -> list[Timeline]:
    """Seven normal clips of Ped2, by a network that was trained, for minutes, on the other nine."""

    def made() -> dict[str, FloatArray]:
        seen, settings = SHORT[preset]
        known = catalog.preset(preset)
        observer = catalog.build("observer", known.observer, {**known.observer_settings, **seen})
        model = catalog.build("model", known.model, {**known.model_settings, **settings})
        with normal_clips(observer, root, cache or folder / "cache") as source:
            names = [info.id for info in source.videos()]
            learnt = frozenset(names[n] for n in np.random.default_rng(0).permutation(len(names))[:9])
            trained, rest = (LabelledSource(source, some) for some in (learnt, frozenset(names) - learnt))
            return scored(model, trained, rest, "", odd.Run(precision="bf16", progress=told))

    return [timeline(name, one, 10) for name, one in kept(folder / f"network-{preset}.npz", made).items()]


def told(progress: Progress) -> None:
    """Prints every hundredth step of training."""
    if progress.loss is not None and progress.done % 100 == 0:
        print(f"  {progress.stage}: {progress.done} of {progress.total} {progress.unit}", file=sys.stderr, flush=True)


@contextmanager
def normal_clips(observer: odd.Observer, root: Path, cache: Path) -> Iterator[ObservationSource]:
    """Ped2's training clips, observed."""
    videos = odd.find_videos(root / "training" / "*", fps=10)
    with source_of(
        videos, Watching(observer, None, odd.CameraHealth(), ()), None, odd.Run(), cache=cache, fps=None
    ) as source:
        yield source


def scored(
    model: odd.Model, trained: ObservationSource, held: ObservationSource, name: str, run: odd.Run = odd.Run()
) -> dict[str, FloatArray]:
    """Frame scores of what was held out."""
    model.train(trained, run).absorb(trained)
    judged = [judge_source(held, info, model) for info in held.videos()]
    floor = min(float(one.scored.score.min()) for one in judged)
    return {f"{name}{one.info.id}": one.timeline(SCORING, floor, None).scores for one in judged}


def ped2_rows(found: Mapping[str, Timeline]) -> Iterator[str]:
    """One hold-out of three clips against all twelve in turn."""

    def part(outer: int, names: str) -> list[Timeline]:
        return [one for name, one in found.items() for which in names if name.startswith(f"{outer}/{which}/")]

    tests = [[one for name, one in found.items() if name.startswith(f"{outer}/test/")] for outer in range(4)]
    for title, folds in (("3 clips held out", ["0", "1", "2", "3"]), ("4 folds", ["0123"])):
        yield f"| {title} {asked([(part(outer, some), tests[outer]) for outer in range(4) for some in folds])}"


def network_rows(unseen: Sequence[Timeline]) -> Iterator[str]:
    """Every choice of three of the clips that the network has not seen, against the others."""
    every = range(len(unseen))
    splits = [
        ([unseen[n] for n in some], [unseen[n] for n in every if n not in some]) for some in combinations(every, 3)
    ]
    yield f"| 3 clips held out {asked(splits)}"


def asked(splits: Sequence[tuple[Sequence[Timeline], Sequence[Timeline]]]) -> str:
    """What came of asking for 1 % of the frames, by the first part of each split, in the second."""
    share, per_hour, expected, inside = [], [], [], 0
    for held, test in splits:
        normal, frames = normal_of(held), np.concatenate([one.scores for one in test])
        threshold, _ = normal.frames.quantile(0.01)
        means = false_alarms(normal.events, threshold)
        share.append(float((frames > threshold).mean()))
        per_hour.append(alarms(test, threshold, normal))
        expected.append(means.per_hour)
        inside += means.at_least <= per_hour[-1] <= means.at_most
    flagged = f"{np.mean(share):.1%} | {max(share):.1%}"
    return f"| {flagged} | {np.mean(expected):.0f} | {np.mean(per_hour):.0f} | {inside} of {len(share)} |"


def hysteresis_rows(preset: str, clips: int, folder: Path) -> Iterator[str]:
    """Pieces and overlap with the truth, where events end at a share of the way from typical to the threshold."""
    detector = odd.Detector(preset, observer="tracks")
    detector.fit([tracked(SCENE, 10_000 + n, (), f"fit-{n}")[0] for n in range(6)], cache=folder / "cache")
    known, scene = detector.calibration, replace(SCENE, seconds=60.0)
    assert known.threshold is not None
    assert known.normal is not None
    staged = [tracked(scene, 50_000 + n, (KINDS[n % len(KINDS)],), f"staged-{n}") for n in range(clips)]
    found = [(next(detector.score_each([video])), truth) for video, truth in staged]
    for level in (1.0, 0.75, 0.5, 0.25):
        low = replace(SCORING, hysteresis=1 - level).low(known.threshold, known.normal.frames.typical)
        pieces, overlap = [], []
        for one, truth in found:
            hits = [
                slice(*bounds) for bounds in events(one, known.threshold, low).tolist() if truth[slice(*bounds)].any()
            ]
            if hits:
                covered = np.zeros(len(truth), np.bool_)
                covered[np.r_[tuple(hits)]] = True
                pieces.append(len(hits))
                overlap.append((covered & truth).sum() / (covered | truth).sum())
        yield f"| {level:g} | {np.mean(pieces):.2f} | {np.mean(overlap):.2f} | {len(pieces)} of {clips} |"


def main() -> None:
    """Print the table of one job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=list(PRESETS))
    parser.add_argument("--root", type=Path, default=Path("ped2"))
    parser.add_argument("--out", type=Path, default=Path("runs/calibration"))
    parser.add_argument("--preset", action="append")
    parser.add_argument("--clips", type=int, help=f"simulated ones to score: {CLIPS}")
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--cache", type=Path, help="networks: folder for observations")
    given = parser.parse_args()
    for preset in given.preset or PRESETS[given.job]:
        for row in rows_for(given, preset):
            print(f"| {preset} {row}", flush=True)


def rows_for(given: argparse.Namespace, preset: str) -> Iterator[str]:
    """The rows of one detector."""
    job, clips, out = given.job, given.clips or CLIPS.get(given.job, 0), given.out
    if job == "ped2":
        return ped2_rows(ped2(preset, given.root, out))
    if job == "networks":
        return network_rows(network(preset, given.root, out, given.cache))
    if job == "hysteresis":
        return hysteresis_rows(preset, clips, out)
    make = {"walkway": walkway, "rendered": rendered, "weak": weak}[job]
    ceiling = odd.Detector(preset).model.ceiling
    return rows_of(make(preset, clips, out), given.draws, HOURS[job], ceiling)


if __name__ == "__main__":
    main()
