"""Every name that a user can choose by, and how a name and settings become an object.

Names are listed here and nowhere else. Classes are loaded when they are first wanted, so that listing names is quick.
A package extends the tables through the entry-point groups `oddframe.observers`, `oddframe.models`,
`oddframe.backbones`, `oddframe.datasets`, `oddframe.foregrounds` and `oddframe.object-detectors`; a name of ours is
never replaced.

Observers and models from names, presets or as they are.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import typing
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar, overload

from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError

from oddframe.backbones.base import Backbone
from oddframe.datasets.base import DataSet
from oddframe.errors import OddframeWarning, SettingsError
from oddframe.models.base import Model
from oddframe.observers.base import Observer
from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.foreground.base import Foreground
from oddframe.types import Configured

Kind: TypeAlias = Literal["observer", "model", "backbone", "dataset", "foreground", "object-detector"]

T = TypeVar("T", bound=Configured)

OBSERVERS: Mapping[str, str] = MappingProxyType(
    {
        "cubes": "oddframe.observers.cubes:Cubes",
        "features": "oddframe.observers.features:Features",
        "objects": "oddframe.observers.objects:Objects",
        "segments": "oddframe.observers.segments:Segments",
        "sequence": "oddframe.observers.sequence:Sequence",
        "snippet": "oddframe.observers.snippet:Snippet",
        "tracks": "oddframe.observers.tracks:Tracks",
    }
)

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "cbcg": "oddframe.models.cbcg:CBCG",
        "kmeans": "oddframe.models.kmeans:KMeans",
        "knn": "oddframe.models.knn:KNN",
        "lbr-spr": "oddframe.models.lbr_spr:LBRSPR",
        "lgn": "oddframe.models.lgn:LGN",
        "llsh": "oddframe.models.llsh:LLSH",
        "lsh": "oddframe.models.lsh:LSH",
    }
)

BACKBONES: Mapping[str, str] = MappingProxyType(
    {
        "efficientnet-lite0": "oddframe.backbones.efficientnet:EfficientNetLite0",
        "hf": "oddframe.backbones.hf:HuggingFace",
        "slowfast": "oddframe.backbones.slowfast:SlowFast",
    }
)

OBJECT_DETECTORS: Mapping[str, str] = MappingProxyType(
    {
        "hf-detector": "oddframe.observers.detectors.hf:HuggingFaceDetector",
        "onnx": "oddframe.observers.detectors.onnx:Onnx",
    }
)

FOREGROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "flow-threshold": "oddframe.observers.foreground.flow_threshold:FlowThreshold",
        "motion": "oddframe.observers.foreground.motion:Motion",
    }
)

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "avenue": "oddframe.datasets.avenue:Avenue",
        "corridor": "oddframe.datasets.corridor:Corridor",
        "folder": "oddframe.datasets.folder:Folder",
        "nwpu": "oddframe.datasets.nwpu:NWPU",
        "ped1": "oddframe.datasets.ucsd:Ped1",
        "ped2": "oddframe.datasets.ucsd:Ped2",
        "shanghaitech": "oddframe.datasets.shanghaitech:ShanghaiTech",
        "shanghaitech-tracks": "oddframe.datasets.shanghaitech_tracks:ShanghaiTechTracks",
        "street-scene": "oddframe.datasets.street_scene:StreetScene",
        "ubnormal": "oddframe.datasets.ubnormal:UBnormal",
        "ucf-crime": "oddframe.datasets.ucf_crime:UCFCrime",
        "unlabelled": "oddframe.datasets.unlabelled:Unlabelled",
        "walkway": "oddframe.datasets.walkway:WalkwayDataSet",
        "walkway-tracks": "oddframe.datasets.walkway_tracks:WalkwayTracks",
        "weak-split": "oddframe.datasets.weak_split:WeakSplit",
        "xd-violence": "oddframe.datasets.xd_violence:XDViolence",
    }
)


@dataclass(frozen=True, slots=True)
class Preset:
    """An observer and a model that go together; `settings` differ from the constructors' defaults where given.

    `protocol` names the one of `oddframe.bench` under which its paper tells figures.
    """

    observer: str
    model: str
    observer_settings: Mapping[str, Any] = field(default_factory=dict)
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = "paper-llsh"


_PAPER_SNIPPET = {"backbone": {"name": "slowfast", "settings": {}}, "length": 32, "step": 1}

_PAPER_LLSH = {"summary": "all", "standardise": False, "lift": 0.0, "probe": 0, "positive_crops": (0.1, 0.4, 0.4)}

_LARGE = {"queue": 8192, "batch": 256}

_SMALL_LGN = {
    **{"width": 24, "hidden": 32, "layers": 2, "item_size": 128},
    **{"epochs": 12, "batch": 4, "learning_rate": 1e-3},
}

_SMALL_LBR = {"motion": True, "width": 16, "epochs": 5, "warm_up": 1, "batch": 64, "least_steps": 600}

_FLOW_AND_LOOKS = {"observer": {"name": "objects", "settings": {"direction": True}}}

_PLAIN = {"clustering": False, "cross_batch": False, "guidance": False}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        # Boxes of foreground, a frame takes its worst, scores stay as they are: as paper LBR-SPR evaluates.
        "default": Preset("objects", "knn", protocol="paper-lbr-spr"),
        # Weak supervision, from all parts to none: what each brings.
        "cbcg": Preset("segments", "cbcg", _FLOW_AND_LOOKS, protocol="paper-cbcg"),
        "cbcg-tracks": Preset("segments", "cbcg", {"observer": "tracks"}, protocol="paper-cbcg"),
        "mil-cross-batch": Preset("segments", "cbcg", _FLOW_AND_LOOKS, {"guidance": False}, "paper-cbcg"),
        "mil-clustering": Preset(
            "segments", "cbcg", _FLOW_AND_LOOKS, {"cross_batch": False, "guidance": False}, "paper-cbcg"
        ),
        "mil": Preset("segments", "cbcg", _FLOW_AND_LOOKS, _PLAIN, "paper-cbcg"),
        "kmeans": Preset("objects", "kmeans"),
        "knn": Preset("objects", "knn"),
        "light-llsh": Preset("objects", "llsh", model_settings={"summary": "mean"}),
        "llsh": Preset("objects", "llsh"),
        "lsh": Preset("objects", "lsh"),
        "lgn": Preset("sequence", "lgn", protocol="paper-lgn"),
        # For two cores instead of a GPU: an hour or less of training on a few thousand frames.
        "lgn-small": Preset("sequence", "lgn", {"size": 128, "grey": True}, _SMALL_LGN, protocol="paper-lgn"),
        "lbr-spr": Preset("cubes", "lbr-spr", {"motion": True}, {"motion": True}, "paper-lbr-spr"),
        "lbr-spr-appearance": Preset("cubes", "lbr-spr", protocol="paper-lbr-spr"),
        # For two cores instead of a GPU: some five minutes of training on 25,000 cubes in bf16.
        "lbr-spr-small": Preset("cubes", "lbr-spr", {"motion": True}, _SMALL_LBR, "paper-lbr-spr"),
        "knn-snippet": Preset("snippet", "knn"),
        # Short vectors are searched so fast that all can be kept; more neighbours outvote what trackers get wrong.
        "knn-tracks": Preset("tracks", "knn", model_settings={"k": 20, "coreset": None}),
        "llsh-snippet": Preset("snippet", "llsh"),
        "paper-llsh-avenue": Preset("snippet", "llsh", {**_PAPER_SNIPPET, "crops": 3}, _PAPER_LLSH),
        "paper-llsh-shanghaitech": Preset("snippet", "llsh", {**_PAPER_SNIPPET, "crops": 3}, _PAPER_LLSH | _LARGE),
        "paper-llsh-corridor": Preset(
            "snippet",
            "llsh",
            # Near, middle and far end of the corridor, as the paper's program cuts them from 1920 x 1080.
            {**_PAPER_SNIPPET, "boxes": ((320, 184, 1216, 1080), (576, 96, 988, 508), (672, 0, 928, 256))},
            _PAPER_LLSH | _LARGE | {"epochs": 10},
        ),
    }
)

_BASES: Mapping[Kind, type[Configured]] = {
    "observer": Observer,
    "model": Model,
    "backbone": Backbone,
    "dataset": DataSet,
    "foreground": Foreground,
    "object-detector": ObjectDetector,
}

_OURS: Mapping[str, Mapping[str, str]] = {
    "observer": OBSERVERS,
    "model": MODELS,
    "backbone": BACKBONES,
    "dataset": DATASETS,
    "foreground": FOREGROUNDS,
    "object-detector": OBJECT_DETECTORS,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One name of the catalog.

    Args:
        name, where: what it is called, and "module:Class".
        summary: the first line of its docstring.
        settings: the constructor's arguments, each with its type and default in words.
    """

    name: str
    where: str
    summary: str
    settings: Mapping[str, str]


def names(kind: Kind) -> Mapping[str, str]:
    """Name -> "module:Class", ours first, then those of other packages.

    >>> names("observer")["objects"]
    'oddframe.observers.objects:Objects'
    """
    return _extended(kind, _OURS[kind], entry_points(group=f"oddframe.{kind}s"))


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset {name!r}{_closest(name, PRESETS)}")
    return PRESETS[name]


def merged(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others in their place; a dot in a name reaches into a nested part.

    >>> merged({"backbone": "slowfast", "crops": 3}, {"backbone.weights": "r50.pkl"})
    {'backbone': {'name': 'slowfast', 'settings': {'weights': 'r50.pkl'}}, 'crops': 3}

    Raises:
        SettingsError: it reaches into a part that has no name yet.
    """
    found = dict(settings)
    for name in sorted(given):  # a part comes before what reaches into it
        part, dot, inside = name.partition(".")
        held = found.get(part)
        held = {"name": held} if isinstance(held, str) else held
        if not dot:
            found[name] = given[name]
        elif isinstance(held, Mapping) and "name" in held:
            found[part] = {"name": held["name"], "settings": merged(held.get("settings", {}), {inside: given[name]})}
        else:
            raise SettingsError(f"{name}: which {part}? set {part} to a name as well")
    return found


def find(kind: Kind, name: str) -> type[Configured]:
    """The class behind a name.

    Raises:
        SettingsError: nobody has that name, or its package does not import.
    """
    table = names(kind)
    if name not in table:
        raise SettingsError(f"no {kind} {name!r}{_closest(name, table)}")
    module, _, attribute = table[name].partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{kind} {name!r} cannot be loaded from {table[name]}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, _BASES[kind])):
        raise SettingsError(f"{kind} {name!r}: {table[name]} is not a subclass of {_BASES[kind].__name__}")
    return found


@overload
def build(kind: Literal["observer"], name: str, settings: Mapping[str, Any] | None = None) -> Observer: ...


@overload
def build(kind: Literal["model"], name: str, settings: Mapping[str, Any] | None = None) -> Model: ...


@overload
def build(kind: Literal["backbone"], name: str, settings: Mapping[str, Any] | None = None) -> Backbone: ...


@overload
def build(kind: Literal["dataset"], name: str, settings: Mapping[str, Any] | None = None) -> DataSet: ...


@overload
def build(kind: Literal["foreground"], name: str, settings: Mapping[str, Any] | None = None) -> Foreground: ...


@overload
def build(kind: Literal["object-detector"], name: str, settings: Mapping[str, Any] | None = None) -> ObjectDetector: ...


def build(kind: Kind, name: str, settings: Mapping[str, Any] | None = None) -> Configured:
    """An object by name. Values may be text from a command line; nested parts are `{"name": ..., "settings": ...}`.

    Raises:
        SettingsError: an unknown name or setting (the closest known one is suggested), or a value that does not fit.
    """
    return construct(find(kind, name), settings or {})


def construct(cls: type[T], settings: Mapping[str, Any]) -> T:
    """Call a constructor with settings checked against its annotations; raises like `build`."""
    parameters = _parameters(cls)
    for name in settings:
        if name not in parameters:
            raise SettingsError(f"{cls.name} has no setting {name!r}{_closest(name, parameters)}")
    checked = {name: _value(f"{cls.name}.{name}", parameters[name][0], value) for name, value in settings.items()}
    try:
        return cls(**checked)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{cls.name}: {error}") from error


def describe(kind: Kind) -> tuple[Listed, ...]:
    """All names of one kind, with their settings; raises like `find`."""
    found = []
    for name, where in names(kind).items():
        cls = find(kind, name)
        summary = (inspect.getdoc(cls) or "").partition("\n")[0]
        found.append(Listed(name, where, summary, {key: _in_words(*both) for key, both in _parameters(cls).items()}))
    return tuple(found)


def _extended(kind: str, ours: Mapping[str, str], others: Iterable[EntryPoint]) -> Mapping[str, str]:
    table = dict(ours)
    for other in others:
        if table.setdefault(other.name, other.value) != other.value:
            warnings.warn(
                f"{kind} {other.name!r} of {other.value} is left out: the name is taken by {table[other.name]}",
                OddframeWarning,
                stacklevel=3,
            )
    return table


def _closest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f": did you mean {close[0]!r}?" if close else ";"
    return f"{hint} there are {', '.join(sorted(known)) or 'none'}"


def _parameters(cls: type[Configured]) -> dict[str, tuple[Any, Any]]:
    """Constructor argument -> (annotation, default)."""
    hints = typing.get_type_hints(cls.__init__)
    given = inspect.signature(cls.__init__).parameters
    return {name: (hints.get(name, Any), p.default) for name, p in given.items() if name != "self"}


def _in_words(annotation: Any, default: Any) -> str:
    kind = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    return kind if default is inspect.Parameter.empty else f"{kind} = {default!r}"


def _value(where: str, annotation: Any, value: Any) -> Any:
    part = _part(annotation)
    if part is not None and isinstance(value, str | Mapping):
        return _nested(where, part, {"name": value} if isinstance(value, str) else value)
    try:
        check = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True)).validate_python
    except PydanticSchemaGenerationError as error:
        raise SettingsError(f"{where}: {annotation} cannot be set by value: {error}") from error
    try:
        return check(value)
    except ValidationError as error:
        if isinstance(value, str):
            # "[1, 2]" and "null" come from a command line as text.
            try:
                return check(json.loads(value))
            except ValueError:
                pass
        raise SettingsError(f"{where}: {value!r} does not fit: {error.errors()[0]['msg']}") from error


def _part(annotation: Any) -> type[Configured] | None:
    """The nested part that an annotation (`Backbone`, `Backbone | None`) asks for."""
    wanted = typing.get_args(annotation) or (annotation,)
    return next((t for t in wanted if isinstance(t, type) and issubclass(t, Configured)), None)


def _nested(where: str, part: type[Configured], value: Mapping[str, Any]) -> Configured:
    name, settings = value.get("name"), value.get("settings", {})
    if not isinstance(name, str) or not isinstance(settings, Mapping):
        raise SettingsError(f'{where}: give {{"name": ..., "settings": {{...}}}}, not {value!r}')
    cls = part if getattr(part, "name", None) == name else find(_kind_of(part), name)
    if not issubclass(cls, part):
        raise SettingsError(f"{where}: {name!r} is not a {part.__name__}")
    return construct(cls, settings)


def _kind_of(part: type[Configured]) -> Kind:
    found = next((kind for kind, base in _BASES.items() if issubclass(part, base)), None)
    if found is None:
        raise SettingsError(f"{part.__name__} has no table of names: its name is {getattr(part, 'name', 'unknown')!r}")
    return found


def observer_of(given: Observer | str | None, preset: Preset) -> Observer:
    """The observer that was given, by itself or by name; else the preset's."""
    if isinstance(given, str):
        return build("observer", given)
    return given or build("observer", preset.observer, preset.observer_settings)


def model_of(given: Model | str | None, preset: Preset) -> Model:
    """The model that was given, by itself or by name; else the preset's."""
    if isinstance(given, str):
        return build("model", given)
    return given or build("model", preset.model, preset.model_settings)
