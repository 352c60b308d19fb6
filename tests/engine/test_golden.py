"""Detectors that were saved long ago load, and score as they did."""

from __future__ import annotations

import numpy as np
import pytest

from oddframe import catalog
from oddframe.engine import Detector
from tests.engine.golden.make import PARTS, saved, scores, stored

SCORES = ("/frames", "/valid", "/rows", "/threshold")
"""What has to agree to 1e-5. A part may be the root of a tiny sum, in which other processors round otherwise."""


@pytest.mark.parametrize("model", sorted(PARTS))
def test_an_old_detector_scores_as_it_did(model: str) -> None:
    """A changed folder layout, or an observer or model that means something else under the same version, fails here.

    Where a meaning changes on purpose, raise the version of what changed, and make the detectors anew.
    """
    found, expected = scores(Detector.load(saved(model))), stored(model)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        within = 1e-5 if name.endswith(SCORES) else 1e-4
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=within, err_msg=name)


def test_every_model_has_an_old_detector() -> None:
    assert set(PARTS) == set(catalog.MODELS)


def test_what_was_saved_before_there_was_a_choice_runs_as_it_did() -> None:
    """The golden k-means looks at crops through PyTorch; a new one asks onnxruntime, and says so when it is saved."""
    old, new = Detector.load(saved("kmeans")), Detector("kmeans")
    runtimes = [detector.info()["observer"]["settings"]["backbone"]["settings"]["runtime"] for detector in (old, new)]  # type: ignore[index,call-overload]
    assert runtimes == ["torch", "onnx"]
