"""What the demo measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from oddframe.datasets.synthetic import KINDS, SyntheticClip, rule_scores
from oddframe.metrics.frame import auroc
from oddframe.types import FloatArray, Progress, Run, Timeline


@dataclass(frozen=True, slots=True)
class Results:
    """Frame AUROC over the scorable frames of all test clips joined, scores as they are.

    Args:
        auroc: of the detector.
        kinds: of the detector, by kind of event, against the frames without any event.
        rules: of rules that need no training.
    """

    auroc: float
    kinds: Mapping[str, float]
    rules: Mapping[str, float]


def measure(clips: Sequence[SyntheticClip], timelines: Sequence[Timeline], run: Run) -> Results:
    """The detector's figures and, on the same frames, those of the rules."""
    valid = np.concatenate([timeline.valid for timeline in timelines])
    odd = np.concatenate([clip.labels for clip in clips])[valid]
    scores = np.concatenate([timeline.scores for timeline in timelines])[valid]
    kinds = {}
    for kind in KINDS:
        shown = np.concatenate([[any(b.kind == kind for b in boxes) for boxes in clip.boxes] for clip in clips])[valid]
        among = shown | ~odd
        kinds[kind] = auroc(scores[among], shown[among])
    rules = {rule: auroc(found[valid], odd) for rule, found in _by_rule(clips, run).items()}
    return Results(auroc(scores, odd), kinds, rules)


def _by_rule(clips: Sequence[SyntheticClip], run: Run) -> dict[str, FloatArray]:
    found: dict[str, list[FloatArray]] = defaultdict(list)
    for done, clip in enumerate(clips):
        run.progress(Progress("rules without training", done, len(clips), "clips"))
        for rule, scores in rule_scores(clip.images()).items():
            found[rule].append(scores)
    return {rule: np.concatenate(scores) for rule, scores in found.items()}
