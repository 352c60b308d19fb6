"""Who takes part: presets, parts by name, saved detectors."""

from __future__ import annotations

import pytest

from oddframe import catalog
from oddframe.bench.contestant import contestant
from oddframe.errors import SettingsError


def test_a_preset_takes_part_as_it_is_with_the_benchs_seed() -> None:
    one = contestant("lsh", "pictures", 7, {"observer": {"embedding": "0"}, "model": {"bits": "16"}})
    assert (one.detector.observer.name, one.detector.model.name) == ("objects", "lsh")
    assert one.detector.model.settings() | {"seed": 7, "bits": 16} == one.detector.model.settings()
    assert one.saved is None
    assert one.protocol == "paper-llsh"


def test_a_seed_that_is_set_is_kept() -> None:
    assert contestant("lsh", "pictures", 7, {"model": {"seed": "3"}}).detector.model.settings()["seed"] == 3


def test_where_there_are_no_pictures_a_preset_lends_its_model() -> None:
    one = contestant("light-llsh", "features", 0, {"observer": {"size": "8"}})
    assert (one.detector.observer.name, one.detector.model.name) == ("features", "llsh")
    assert one.detector.model.settings()["summary"] == "mean"
    assert one.detector.observer.settings()["size"] == 8


def test_parts_are_named_with_a_plus_and_then_meant() -> None:
    one = contestant("snippet+lsh", "pictures", 0)
    assert (one.detector.observer.name, one.detector.model.name) == ("snippet", "lsh")
    assert one.slug == "snippet+lsh"
    with pytest.raises(SettingsError, match="'snippet' does not look at features"):
        contestant("snippet+lsh", "features", 0)


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(SettingsError, match="did you mean 'llsh'"):
        contestant("lllsh", "pictures", 0)


@pytest.mark.parametrize("name", catalog.PRESETS)
def test_every_preset_names_a_protocol_that_there_is(name: str) -> None:
    from oddframe.bench import PROTOCOLS  # noqa: PLC0415

    assert catalog.PRESETS[name].protocol in PROTOCOLS
