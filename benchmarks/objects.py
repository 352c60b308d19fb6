"""What each part of the objects observer brings, on walkway clips from seeds that no standard split uses.

    python benchmarks/objects.py
    python benchmarks/objects.py looks

A row is the frame AUROC over all test clips joined, and by kind of event against the normal frames. With `looks` there
are ten frames a second, half of the events are odd by their looks alone, and models and regions are compared.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np

import oddframe as odd
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.metrics.frame import auroc
from oddframe.models.base import Model
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH
from oddframe.observers.objects import Objects
from oddframe.walkway import KINDS, KINDS_BY_LOOKS, Painter, SyntheticClip, Walkway

OFF = {"direction": 0.0}
VARIANTS = {
    "default": OFF,
    "without embedding": OFF | {"embedding": 0.0},
    "embedding as much as the rest": OFF | {"embedding": 1.0},
    "without dwell": OFF | {"dwell": 0.0},
    "without speed": OFF | {"speed": 0.0},
    "without spread": OFF | {"spread": 0.0},
    "without geometry": OFF | {"geometry": 0.0},
    "with direction": {},
    "place compared too": OFF | {"place": 0.3},
}


WATCHED: list[tuple[Objects, dict[str, dict[str, float]]]] = [
    (Objects(direction=True), VARIANTS),
    (Objects(direction=True, place=False), {"without place": OFF}),
    (Objects(direction=True, standing=False), {"without what stands": OFF}),
]
SCENES = {"a crowd": Walkway(seconds=40, fps=10, people=14), "fewer people": Walkway(seconds=40, fps=10, people=10)}
WHOLE: Mapping[str, Objects] = {"completed regions": Objects(part=20), "moving pixels alone": Objects()}
MODELS: Mapping[str, Model] = {
    **{f"knn, looks x {weight:g}": KNN(weights={"embedding": weight}) for weight in (0.3, 1, 2)},
    "kmeans": KMeans(),
    "lsh, nearest code": LSH(),
    "lsh, all codes": LSH(summary="all"),
    "lsh, mean code": LSH(summary="mean"),
    "llsh, nearest code": LLSH(),
}


def clips(seed: int, staged: Sequence[tuple[str, ...]], scene: Walkway) -> list[SyntheticClip]:
    """Clips of one scene."""
    painter = Painter(scene)
    return [SyntheticClip(painter, seed + i, kinds, f"{seed + i}") for i, kinds in enumerate(staged)]


def row(name: str, timelines: Sequence[odd.Timeline], test: Sequence[SyntheticClip], kinds: Sequence[str]) -> str:
    """One line of the table."""
    scores = np.concatenate([timeline.scores for timeline in timelines])
    valid = np.isfinite(scores)
    labels = np.concatenate([clip.labels for clip in test])
    figures = [auroc(scores[valid], labels[valid])]
    for kind in kinds:
        shown = np.concatenate([[any(b.kind == kind for b in boxes) for boxes in clip.boxes] for clip in test])
        among = valid & (shown | ~labels)
        figures.append(auroc(scores[among], shown[among]))
    return f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |"


def head(first: str, kinds: Sequence[str]) -> str:
    """The first lines of a table."""
    return f"| {first} | all | {' | '.join(kinds)} |\n|{' --- |' * (len(kinds) + 2)}"


def parts() -> None:
    """What each part of the observer brings."""
    pairs = [
        ("cyclist", "loiterer"),
        ("runner", "dropped object"),
        ("loiterer", "runner"),
        ("cyclist", "dropped object"),
    ]
    fit, test = clips(3000, [()] * 8, Walkway(seconds=24)), clips(3100, [(), *pairs, *pairs], Walkway(seconds=24))
    print(head("knn over objects", KINDS))
    with tempfile.TemporaryDirectory() as folder, odd.ObservationCache(folder) as cache:
        for observer, variants in WATCHED:
            watching = Watching(observer, None, odd.CameraHealth())
            sources = [observed(part, watching, cache) for part in (fit, test)]
            for name, weights in variants.items():
                detector = odd.Detector(observer=observer, model=KNN(weights=weights)).fit(sources[0])
                print(row(name, list(detector.score_source(sources[1])), test, KINDS), flush=True)


def looks() -> None:
    """How models weigh looks beside motion and shape, and what completing regions brings."""
    pairs = [
        ("slow cyclist", "escorted cyclist"),
        ("skateboarder", "cart pusher"),
        ("cyclist", "loiterer"),
        ("runner", "dropped object"),
    ]
    kinds = KINDS + KINDS_BY_LOOKS
    with tempfile.TemporaryDirectory() as folder, odd.ObservationCache(folder) as cache:
        for (scene, walkway), (regions, observer) in itertools.product(SCENES.items(), WHOLE.items()):
            fit, test = clips(3000, [()] * 8, walkway), clips(3200, [(), *pairs * 3], walkway)
            print(f"\n{head(f'{scene}, {regions}', kinds)}")
            watching = Watching(observer, None, odd.CameraHealth())
            sources = [observed(part, watching, cache) for part in (fit, test)]
            for name, model in MODELS.items():
                detector = odd.Detector(observer=observer, model=model).fit(sources[0])
                print(row(name, list(detector.score_source(sources[1])), test, kinds), flush=True)


if __name__ == "__main__":
    looks() if sys.argv[1:] == ["looks"] else parts()
