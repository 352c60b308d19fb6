"""Names and settings become objects, or an error that says what would have been right."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any, ClassVar, Literal

import pytest
from torch import Tensor

from oddframe import catalog
from oddframe.backbones.base import Backbone
from oddframe.errors import OddframeWarning, SettingsError
from oddframe.types import Configured, Run


class Eye(Backbone):
    """Sees nothing."""

    name = "eye"

    def __init__(self, size: int = 8) -> None:
        self.size = size

    @property
    def frames(self) -> int:
        return 1

    @property
    def features(self) -> int:
        return self.size

    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        return clips


class Part(Configured):
    """Takes settings of every kind."""

    name: ClassVar[str] = "part"

    def __init__(
        self,
        *,
        count: int = 3,
        share: float = 0.5,
        mode: Literal["a", "b"] = "a",
        sizes: tuple[int, ...] = (1,),
        limit: int | None = None,
        backbone: Backbone | None = None,
        flag: bool = False,
    ) -> None:
        if count < 0:
            raise ValueError("count is at least 0")
        self.count, self.share, self.mode, self.sizes = count, share, mode, sizes
        self.limit, self.backbone, self.flag = limit, backbone, flag


@pytest.fixture(autouse=True)
def one_more_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [EntryPoint("eye", f"{__name__}:Eye", "oddframe.backbones")]
    monkeypatch.setattr(
        "oddframe.catalog.tables.entry_points", lambda group: others if group == "oddframe.backbones" else []
    )


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        ("count", "5", 5),
        ("share", "0.25", 0.25),
        ("mode", "b", "b"),
        ("sizes", "[1, 2]", (1, 2)),
        ("limit", "7", 7),
        ("limit", "null", None),
        ("flag", "true", True),
    ],
)
def test_text_becomes_the_annotated_type(setting: str, text: str, value: object) -> None:
    found = getattr(catalog.construct(Part, {setting: text}), setting)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"cuont": 1}, "did you mean 'count'"),
        ({"zzz": 1}, "there are backbone, count, flag, limit, mode, share, sizes"),
        ({"count": "many"}, r"part.count: 'many' does not fit"),
        ({"count": 2.5}, "count"),
        ({"mode": "c"}, "mode"),
        ({"count": -1}, "count is at least 0"),
        ({"backbone": {"name": "ear"}}, "no backbone 'ear'"),
        ({"backbone": {"name": "eye", "settings": {"sice": 1}}}, "did you mean 'size'"),
        ({"backbone": {"settings": {}}}, "give"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_hint(settings: dict[str, Any], hint: str) -> None:
    with pytest.raises(SettingsError, match=hint):
        catalog.construct(Part, settings)


def test_nested_parts_round_trip() -> None:
    made = catalog.construct(Part, {"backbone": {"name": "eye", "settings": {"size": "4"}}, "sizes": [3, 4]})
    again = catalog.construct(Part, made.settings())
    assert isinstance(again.backbone, Eye)
    assert again.backbone.size == 4
    assert again.identity() == made.identity()
    assert isinstance(catalog.construct(Part, {"backbone": "eye"}).backbone, Eye)
    assert isinstance(catalog.construct(Part, {"backbone": Eye(2)}).backbone, Eye)


def test_other_packages_add_names_and_never_take_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [EntryPoint("knn", "elsewhere:KNN", "oddframe.models"), EntryPoint("new", "new:New", "oddframe.models")]
    monkeypatch.setattr("oddframe.catalog.tables.entry_points", lambda group: others)
    with pytest.warns(OddframeWarning, match="'knn' of elsewhere:KNN is left out"):
        table = catalog.names("model")
    assert table["knn"] == catalog.MODELS["knn"]
    assert table["new"] == "new:New"


def test_an_unknown_name_suggests_the_closest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'llsh'"):
        catalog.find("model", "llhs")
    with pytest.raises(SettingsError, match="did you mean 'default'"):
        catalog.preset("defalt")


def test_a_name_whose_package_is_broken_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [EntryPoint("gone", "no_such_package.models:Gone", "oddframe.models")]
    monkeypatch.setattr("oddframe.catalog.tables.entry_points", lambda group: others)
    with pytest.raises(SettingsError, match="no_such_package"):
        catalog.build("model", "gone")


def test_presets_name_what_exists() -> None:
    for preset in catalog.PRESETS.values():
        assert preset.observer in catalog.OBSERVERS
        assert preset.model in catalog.MODELS


def test_described_settings_say_type_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oddframe.catalog.tables._OURS", {"backbone": {}})
    (eye,) = catalog.describe("backbone")
    assert eye == catalog.Listed("eye", f"{__name__}:Eye", "Sees nothing.", {"size": "int = 8"})


def test_listing_names_loads_no_class() -> None:
    code = (
        "import sys, oddframe.catalog as c; c.names('model'); c.preset('knn');"
        "assert not [m for m in sys.modules if m.startswith(('oddframe.models', 'oddframe.observers', 'torch'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_reach_into_nested_parts() -> None:
    """What comes from a command line: a part by name, and its settings by dots, in any order."""
    preset = {"backbone": {"name": "eye", "settings": {"size": 8}}, "count": 1}
    given = catalog.merged(preset, {"backbone.size": "5", "count": "2"})
    part = catalog.construct(Part, given)
    assert isinstance(part.backbone, Eye)
    assert (part.backbone.size, part.count) == (5, 2)
    assert preset["backbone"] == {"name": "eye", "settings": {"size": 8}}
    named = catalog.construct(Part, catalog.merged({}, {"backbone.size": 4, "backbone": "eye"}))
    assert named.settings()["backbone"] == Eye(4).identity()
    with pytest.raises(SettingsError, match=r"backbone.size: which backbone"):
        catalog.merged({}, {"backbone.size": 4})
    with pytest.raises(SettingsError, match="no setting 'sise': did you mean 'size'"):
        catalog.construct(Part, catalog.merged(preset, {"backbone.sise": 4}))
