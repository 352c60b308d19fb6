"""Every name that a user can choose by: observers, models, backbones, detectors of objects, data sets and presets.

Names are listed here and nowhere else, and no class is imported, so that listing them is quick. A package extends the
tables through the entry-point groups `oddframe.observers`, `oddframe.models`, `oddframe.backbones`,
`oddframe.datasets`, `oddframe.foregrounds` and `oddframe.object-detectors`; it never replaces a name of ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from oddframe.errors import OddframeWarning, SettingsError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind: TypeAlias = Literal["observer", "model", "backbone", "dataset", "foreground", "object-detector"]

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
        "i3d": "oddframe.backbones.i3d:I3D",
        "onnx": "oddframe.backbones.onnx:OnnxBackbone",
        "slowfast": "oddframe.backbones.slowfast:SlowFast",
    }
)

OBJECT_DETECTORS: Mapping[str, str] = MappingProxyType(
    {
        "centernet": "oddframe.observers.detectors.centernet:CenterNet",
        "hf-detector": "oddframe.observers.detectors.hf:HuggingFaceDetector",
        "nanodet": "oddframe.observers.detectors.nanodet:NanoDet",
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


PROTOCOLS: tuple[str, ...] = (
    *("paper-llsh", "paper-lgn", "paper-lbr-spr", "released-lbr-spr", "paper-cbcg"),
    *("offline", "causal"),
)
"""Of `oddframe.bench`: how scores become figures."""


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

_OURS: Mapping[Kind, Mapping[str, str]] = {
    "observer": OBSERVERS,
    "model": MODELS,
    "backbone": BACKBONES,
    "dataset": DATASETS,
    "foreground": FOREGROUNDS,
    "object-detector": OBJECT_DETECTORS,
}


def entry_points(group: str) -> Iterable[EntryPoint]:
    """What other packages register in a group."""
    found: Iterable[EntryPoint] = _installed().select(group=group)
    return found


@cache
def _installed() -> Any:
    """Of all packages: read once, for that takes as long as all the rest of a list of names."""
    from importlib.metadata import entry_points  # noqa: PLC0415

    return entry_points()


def names(kind: Kind) -> Mapping[str, str]:
    """Name -> "module:Class", ours first, then those of other packages.

    >>> names("observer")["objects"]
    'oddframe.observers.objects:Objects'
    """
    return _extended(kind, _OURS[kind], entry_points(f"oddframe.{kind}s"))


def all_names() -> dict[Kind, tuple[str, ...]]:
    """The names of every kind that has classes, those of other packages included."""
    return {kind: tuple(names(kind)) for kind in _OURS}


def kinds_of(name: str) -> tuple[str, ...]:
    """The kinds that have something of that name: "preset", "protocol" and those of `all_names`.

    >>> kinds_of("knn")
    ('preset', 'model')
    """
    known: dict[str, tuple[str, ...]] = {"preset": tuple(PRESETS), "protocol": PROTOCOLS, **dict(all_names().items())}
    return tuple(kind for kind, some in known.items() if name in some)


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in PRESETS:
        raise SettingsError(f"no preset {name!r}{closest(name, PRESETS)}")
    return PRESETS[name]


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


def closest(name: str, known: Iterable[str]) -> str:
    """What an error about an unknown name ends with: the nearest known name, and all of them.

    >>> closest("knm", ["knn", "lsh"])
    ": did you mean 'knn'? there are knn, lsh"
    """
    import difflib  # noqa: PLC0415  only errors need it

    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f": did you mean {close[0]!r}?" if close else ";"
    return f"{hint} there are {', '.join(sorted(known)) or 'none'}"
