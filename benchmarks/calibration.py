"""Stated against realised rates of false alarms: on hours of simulated walkway, and on Ped2's normal clips.

    python benchmarks/calibration.py walkway --out runs/calibration
    python benchmarks/calibration.py rendered --out runs/calibration
    python benchmarks/calibration.py ped2 --root ped2/ --out runs/calibration

Of both only normal video is used. Frame scores are kept in the folder, and scored once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

import oddframe as odd
from oddframe.datasets.synthetic import Painter, SyntheticClip, Walkway
from oddframe.datasets.synthetic.tracked import tracked
from oddframe.engine.holdout import each_held_out
from oddframe.engine.labelled import LabelledSource
from oddframe.engine.observe import Watching
from oddframe.engine.opened import source_of
from oddframe.engine.score import judge_source
from oddframe.models.source import ObservationSource
from oddframe.scoring import NormalScores, Scoring, event_bounds, false_alarms, threshold_for
from oddframe.types import FloatArray, Observations, Scored, Timeline, VideoInfo
from oddframe.video import Video

SCORING = Scoring()
SCENE = Walkway(seconds=300.0, fps=8, people=5.0)
RENDERED = replace(SCENE, width=160, height=120, seconds=150.0)
HOURS = {"walkway": (0.25, 1.0, 4.0), "rendered": (0.25, 0.5)}
RATES = (0.5, 1.0, 2.0, 5.0, 20.0, 60.0)

PRESETS = {
    "walkway": ["knn-tracks", "kmeans"],
    "rendered": ["default", "kmeans", "lsh", "llsh"],
    "ped2": ["default", "kmeans", "llsh", "lsh"],
}


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


def alarms(timelines: Sequence[Timeline], threshold: float, normal: NormalScores) -> float:
    """Events an hour, made as scoring makes them."""
    low, found, hours = SCORING.low(threshold, normal.frames.typical), 0, 0.0
    for one in timelines:
        fps = float(one.info.fps)
        merge, shortest = SCORING.merge * fps, SCORING.shortest * fps
        found += len(event_bounds(one.scores, threshold, low, merge=merge, shortest=shortest))
        hours += float(one.valid.sum()) / fps / 3600
    return found / hours


def normal_of(timelines: Sequence[Timeline]) -> NormalScores:
    """What is kept of held-out video."""
    normal = NormalScores.measure(timelines, SCORING)
    assert normal is not None
    return normal


def walkway(preset: str, clips: int, folder: Path) -> list[Timeline]:
    """Frame scores of five-minute clips of tracks, by a detector fitted on half an hour of others."""
    detector = odd.Detector(preset, observer="tracks")
    file = folder / f"walkway-{preset}.npz"
    return simulated(file, detector, lambda seed, name: tracked(SCENE, seed, (), name)[0], fit=6, clips=clips)


def rendered(preset: str, clips: int, folder: Path) -> list[Timeline]:
    """Frame scores of pictures, by a detector fitted on a third of an hour of others."""
    painter, file = Painter(RENDERED), folder / f"rendered-{preset}.npz"
    return simulated(
        file, odd.Detector(preset), lambda seed, name: SyntheticClip(painter, seed, (), name), fit=8, clips=clips
    )


def simulated(
    file: Path, detector: odd.Detector, clip: Callable[[int, str], Video], *, fit: int, clips: int
) -> list[Timeline]:
    """Frame scores of so many clips, by a detector fitted on others; observed once, however many detectors ask."""

    def made() -> dict[str, FloatArray]:
        fitted = {f"fit-{n}": 10_000 + n for n in range(fit)}
        videos = [clip(seed, name) for name, seed in {**fitted, **{f"{n}": 20_000 + n for n in range(clips)}}.items()]
        watching = Watching(detector.observer, None, detector.health, ())
        with source_of(videos, watching, None, odd.Run(), cache=file.parent / "cache", fps=None) as source:
            detector.fit(LabelledSource(source, frozenset(fitted)))
            rest = LabelledSource(source, frozenset(info.id for info in source.videos()) - fitted.keys())
            return {one.info.id: one.scores for one in detector.score_source(rest)}

    return [timeline(name, one, SCENE.fps) for name, one in kept(file, made).items()]


def rows_of(timelines: Sequence[Timeline], draws: int, amounts: Sequence[float], seed: int = 0) -> Iterator[str]:
    """For each amount of held-out video and each rate asked: what the rest of the video gives."""
    random, each = np.random.default_rng(seed), timelines[0].info.seconds(len(timelines[0].scores)) / 3600
    for hours in amounts:
        count = round(hours / each)
        orders = [random.permutation(len(timelines)) for _ in range(draws)] if 2 * count <= len(timelines) else []
        split = [([timelines[n] for n in o[:count]], [timelines[n] for n in o[count:]]) for o in orders]
        normal = [normal_of(held) for held, _ in split]
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
        videos = odd.find_videos(root / "training" / "*", fps=10)
        watching = Watching(detector.observer, None, detector.health, ())
        with source_of(videos, watching, None, odd.Run(), cache=folder / "cache", fps=None) as source:
            for outer, parts in enumerate(each_held_out(source, 4, 0)):
                test = frozenset(info.id for info in parts.held.videos())
                rest = LabelledSource(source, frozenset(i.id for i in source.videos()) - test)
                found |= scored(detector.model, rest, parts.held, f"{outer}/test")
                for fold, inner in enumerate(each_held_out(rest, 4, outer)):
                    found |= scored(detector.model, inner.trained, inner.held, f"{outer}/{fold}")
        return found

    return {name: timeline(name, one, 10) for name, one in kept(folder / f"ped2-{preset}.npz", made).items()}


def scored(model: odd.Model, trained: ObservationSource, held: ObservationSource, name: str) -> dict[str, FloatArray]:
    """Frame scores of what was held out."""
    model.train(trained).absorb(trained)
    judged = [judge_source(held, info, model) for info in held.videos()]
    floor = min(float(one.scored.score.min()) for one in judged)
    return {f"{name}/{one.info.id}": one.timeline(SCORING, floor, None).scores for one in judged}


def ped2_rows(found: Mapping[str, Timeline]) -> Iterator[str]:
    """One hold-out of three clips against all twelve in turn, asked for 1 % of the frames."""
    for title, sets in (("3 clips held out", [[str(fold)] for fold in range(4)]), ("4 folds", [[*"0123"]])):
        share, per_hour, expected, inside = [], [], [], 0
        for outer in range(4):
            test = [one for name, one in found.items() if name.startswith(f"{outer}/test/")]
            frames = np.concatenate([one.scores for one in test])
            for folds in sets:
                held = [one for name, one in found.items() if name.split("/")[:2] in [[str(outer), f] for f in folds]]
                normal = normal_of(held)
                threshold, _ = normal.frames.quantile(0.01)
                told = false_alarms(normal.events, threshold)
                share.append(float((frames > threshold).mean()))
                per_hour.append(alarms(test, threshold, normal))
                expected.append(told.per_hour)
                inside += told.at_least <= per_hour[-1] <= told.at_most
        flagged = f"{np.mean(share):.1%} | {max(share):.1%}"
        yield f"| {title} | {flagged} | {np.mean(expected):.0f} | {np.mean(per_hour):.0f} | {inside} of {len(share)} |"


def main() -> None:
    """Print the tables of one data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=["walkway", "rendered", "ped2"])
    parser.add_argument("--root", type=Path, default=Path("ped2"))
    parser.add_argument("--out", type=Path, default=Path("runs/calibration"))
    parser.add_argument("--preset", action="append")
    parser.add_argument("--clips", type=int, help="walkway: of five minutes, 240; rendered: of 150 s, 24")
    parser.add_argument("--draws", type=int, default=8)
    given = parser.parse_args()
    for preset in given.preset or PRESETS[given.data]:
        if given.data == "walkway":
            rows = rows_of(walkway(preset, given.clips or 240, given.out), given.draws, HOURS[given.data])
        elif given.data == "rendered":
            rows = rows_of(rendered(preset, given.clips or 24, given.out), given.draws, HOURS[given.data])
        else:
            rows = ped2_rows(ped2(preset, given.root, given.out))
        for row in rows:
            print(f"| {preset} {row}", flush=True)


if __name__ == "__main__":
    main()
