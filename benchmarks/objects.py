"""What each part of the objects observer brings, on walkway clips from seeds that no standard split uses.

    python benchmarks/objects.py

A row is the frame AUROC over all test clips joined, and by kind of event against the normal frames.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np

import oddframe as odd
from oddframe.datasets.synthetic import KINDS, Painter, SyntheticClip, Walkway
from oddframe.engine.fit import observed
from oddframe.engine.observe import Watching
from oddframe.metrics.frame import auroc
from oddframe.models.knn import KNN
from oddframe.observers.objects import Objects

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


def clips(seed: int, staged: Sequence[tuple[str, ...]], seconds: float) -> list[SyntheticClip]:
    """Clips of one scene."""
    painter = Painter(Walkway(seconds=seconds))
    return [SyntheticClip(painter, seed + i, kinds, f"{seed + i}") for i, kinds in enumerate(staged)]


def row(name: str, timelines: Sequence[odd.Timeline], test: Sequence[SyntheticClip]) -> str:
    """One line of the table."""
    scores = np.concatenate([timeline.scores for timeline in timelines])
    valid = np.isfinite(scores)
    labels = np.concatenate([clip.labels for clip in test])
    figures = [auroc(scores[valid], labels[valid])]
    for kind in KINDS:
        shown = np.concatenate([[any(b.kind == kind for b in boxes) for boxes in clip.boxes] for clip in test])
        among = valid & (shown | ~labels)
        figures.append(auroc(scores[among], shown[among]))
    return f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |"


def main() -> None:
    """Print the table."""
    fit = clips(3000, [()] * 8, seconds=24)
    pairs = [
        ("cyclist", "loiterer"),
        ("runner", "dropped object"),
        ("loiterer", "runner"),
        ("cyclist", "dropped object"),
    ]
    test = clips(3100, [(), *pairs, *pairs], seconds=24)
    print(f"| knn over objects | all | {' | '.join(KINDS)} |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, odd.ObservationCache(folder) as cache:
        for observer, variants in WATCHED:
            watching = Watching(observer, None, odd.CameraHealth())
            sources = [observed(part, watching, cache) for part in (fit, test)]
            for name, weights in variants.items():
                detector = odd.Detector(observer=observer, model=KNN(weights=weights)).fit(sources[0])
                print(row(name, list(detector.score_source(sources[1])), test), flush=True)


if __name__ == "__main__":
    main()
