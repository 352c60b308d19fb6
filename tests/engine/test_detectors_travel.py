"""Fitted detectors of every family of presets go through pickle and deepcopy: same scores, same saved files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe import catalog
from oddframe.engine import Detector
from oddframe.models.base import Regime
from oddframe.testing.sources import synthetic_source

SMALL: dict[str, dict[str, Any]] = {
    "cbcg": {"steps": 6, "guided_steps": 3, "width": 8, "embedding": 4},
    "lgn": {"width": 4, "hidden": 4, "layers": 1, "item_size": 8, "epochs": 1, "batch": 16},
    "lbr-spr": {"width": 2, "poolings": 2, "epochs": 1, "warm_up": 1, "batch": 32, "least_steps": 1},
    "llsh": {"epochs": 1},
}
"""Settings of models that would train for minutes: what is tried is the way, not what is learnt on it."""

LOOKS: dict[str, dict[str, Any]] = {
    "sequence": {"size": 16},
}

FAMILIES = sorted({(made.observer, made.model): name for name, made in sorted(catalog.PRESETS.items())}.values())
"""One preset of each observer with each model."""


def unfitted(name: str) -> Detector:
    preset = catalog.preset(name)
    weights = {"backbone.weights": "random"} if name.startswith("paper-llsh") else {}
    looks = LOOKS.get(preset.observer, {}) | weights
    observer = catalog.build("observer", preset.observer, catalog.merged(preset.observer_settings, looks))
    model_settings = {**preset.model_settings, **SMALL.get(preset.model, {})}
    return Detector(name, observer=observer, model=catalog.build("model", preset.model, model_settings))


@pytest.mark.filterwarnings("ignore:only . s of normal video")
@pytest.mark.parametrize("name", FAMILIES)
def test_a_fitted_detector_travels(name: str, tmp_path: Path) -> None:
    detector = unfitted(name)
    odd_videos = 3 if detector.model.regime is Regime.WEAK else 0
    source = synthetic_source(detector.observer.spec, odd_videos=odd_videos)
    detector.fit(
        source, labels={info.id: bool(source.label(info.id)) for info in source.videos()} if odd_videos else None
    )
    other_day = synthetic_source(detector.observer.spec, seed=5, videos=1, frames=12)
    (expected,) = detector.score_source(other_day)
    for number, other in enumerate([pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)]):
        assert other.info() == detector.info()
        other.save(tmp_path / f"{number}.oddframe")
        for arrived in (other, Detector.load(tmp_path / f"{number}.oddframe")):
            (found,) = arrived.score_source(other_day)
            np.testing.assert_array_equal(found.scores, expected.scores)
            assert found.events == expected.events


def test_a_copy_forgets_alone() -> None:
    """What the copy learns or forgets, the original does not know."""
    detector = Detector("knn-tracks")
    detector.fit(synthetic_source(detector.observer.spec, videos=2), holdout=0)
    before = detector.info()
    other = copy.deepcopy(detector)
    other.forget("normal0")
    assert detector.info() == before != other.info()
