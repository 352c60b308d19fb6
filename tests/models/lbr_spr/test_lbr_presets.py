"""The presets are what they say, and their models take what their observers give."""

from __future__ import annotations

import pytest

from oddframe import catalog
from oddframe.models.lbr_spr import LBRSPR

PRESETS = {"lbr-spr": True, "lbr-spr-appearance": False, "lbr-spr-small": True}
"""Name -> whether with motion."""


@pytest.mark.parametrize(("name", "motion"), PRESETS.items())
def test_the_model_of_a_preset_takes_what_its_observer_gives(name: str, motion: bool) -> None:
    preset = catalog.preset(name)
    observer = catalog.build("observer", preset.observer, preset.observer_settings)
    model = catalog.build("model", preset.model, preset.model_settings)
    assert isinstance(model, LBRSPR)
    model.check(observer.spec)
    assert model.motion is motion
    assert ("motion" in observer.spec.fields) is motion
    assert preset.protocol == "paper-lbr-spr"


@pytest.mark.parametrize("name", ["lbr-spr", "lbr-spr-appearance"])
def test_presets_of_the_paper_have_its_settings(name: str) -> None:
    preset = catalog.preset(name)
    observer = catalog.build("observer", preset.observer, preset.observer_settings)
    assert observer.spec.fields["appearance"].shape == (5, 3, 32, 32)
    assert dict(preset.model_settings) == ({"motion": True} if name == "lbr-spr" else {})  # the rest is default
