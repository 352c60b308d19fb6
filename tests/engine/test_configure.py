"""A detector's parts, from all that a user may give; and what a wrong one says, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.engine import Detector
from oddframe.errors import SettingsError, VideoError
from oddframe.models.knn import KNN
from oddframe.observers.objects import Objects
from oddframe.scoring import Scoring
from oddframe.video import Mask
from tests.engine.fakes import Blob, Nearest, video, walk


def refused(**given: Any) -> str:
    """The one line."""
    with pytest.raises(SettingsError) as told:
        Detector(**given)
    assert len(str(told.value).splitlines()) == 1
    return str(told.value)


@pytest.mark.parametrize(
    "model",
    ["knn", KNN, KNN(), {"name": "knn"}, {"name": "knn", "settings": {}}, {"name": "knn", "settings": {"k": 1}}],
)
def test_a_part_is_a_name_an_object_a_class_or_a_mapping(model: Any) -> None:
    made = Detector("llsh", model=model, observer=Objects)
    assert made.model.identity() == KNN().identity()
    assert made.observer.identity() == Objects().identity()


def test_an_object_is_taken_as_it_is() -> None:
    model, observer, scoring = KNN(k=5), Objects(), Scoring()
    made = Detector(model=model, observer=observer, scoring=scoring)
    assert (made.model, made.observer, made.scoring) == (model, observer, scoring)
    assert made.model is model


def test_settings_by_dotted_name_reach_every_part() -> None:
    made = Detector(
        "knn",
        settings={
            "model.k": "3",
            "observer.embedding": 0,
            "scoring.alarm_rate": 0.001,
            "scoring.smoothing.width": 2,
            "health.frozen_after": "5",
        },
    )
    assert made.model.settings()["k"] == 3
    assert made.observer.settings()["embedding"] == 0
    assert (made.scoring.alarm_rate, made.scoring.smoothing.width) == (0.001, 2)
    assert made.health.frozen_after == 5


def test_settings_change_a_preset_and_what_is_named_by_a_mapping() -> None:
    assert Detector("light-llsh", settings={"model.seed": 4}).model.settings()["summary"] == "mean"
    given = {"name": "knn", "settings": {"k": 7}}
    assert Detector(model=given, settings={"model.seed": 4}).model.settings()["k"] == 7
    assert given == {"name": "knn", "settings": {"k": 7}}


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"model.kk": 3}, "knn has no setting 'kk': did you mean 'k'?"),
        ({"modle.k": 3}, "no setting 'modle.k': did you mean 'model.k'?"),
        ({"k": 3}, "no setting 'k': did you mean 'model.k'?"),
        ({"alarm_rate": 3}, "did you mean 'scoring.alarm_rate'?"),
        ({"zzz": 3}, "there are observer.NAME, model.NAME, scoring.NAME, health.NAME"),
        ({"model.": 3}, "no setting 'model.'"),
        ({"model.k": "many"}, "knn.k: 'many' does not fit"),
        ({"scoring.alarm_rat": 1}, "did you mean 'alarm_rate'?"),
    ],
)
def test_an_unknown_setting_says_the_nearest(settings: dict[str, Any], hint: str) -> None:
    assert hint in refused(preset="knn", settings=settings)


@pytest.mark.parametrize("wrong", [3, ["knn"], Objects(), Objects, {"model": "knn"}, {"name": 3}, np.zeros((9, 9))])
def test_anything_else_is_refused_at_once(wrong: Any) -> None:
    assert 'model is a name, an object, a class or {"name": ..., "settings": {...}}, not' in refused(model=wrong)


def test_other_arguments_say_what_they_may_be() -> None:
    assert "observer is a name, an object" in refused(observer=KNN())
    assert "scoring is a Scoring, not a value of type dict" in refused(scoring={"alarm_rate": 1})
    assert "health is a CameraHealth" in refused(health=True)
    assert "mask is a Mask or the file of a picture" in refused(mask=np.ones((4, 4), bool))
    assert "preset is a name, as 'default'" in refused(preset=KNN())
    assert "did you mean 'knn'" in refused(preset="kn")
    assert "the model is given as an object; give k to its constructor" in refused(model=KNN(), settings={"model.k": 3})


def test_a_mask_may_be_the_file_of_a_picture(tmp_path: Path) -> None:
    from oddframe.video import write_image  # noqa: PLC0415

    picture = np.zeros((8, 8), np.uint8)
    picture[2:] = 255
    write_image(tmp_path / "mask.png", picture)
    mask = Detector(mask=tmp_path / "mask.png").mask
    assert mask is not None
    assert mask.identity() == Mask.from_file(tmp_path / "mask.png").identity()


def test_a_detector_says_what_it_is() -> None:
    assert repr(Detector("knn")) == "<Detector 'knn': objects + knn, not fitted>"


def test_arrays_are_never_printed() -> None:
    one = np.zeros((40, 48, 64, 3), np.uint8)
    made = Detector(observer=Blob(), model=Nearest()).fit(video("v", walk(60)), holdout=0)
    for method in (made.score, lambda given: made.explain(given, 0.0), lambda given: made.teach(given, 0, 1)):
        with pytest.raises(VideoError, match=r"2 videos; give one") as told:
            method([one, one])
        assert len(str(told.value)) < 120
