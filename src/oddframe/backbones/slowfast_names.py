"""What the published SlowFast checkpoints call what we call `slow.stages.0.1.a.conv.weight`.

There are three spellings: the module names of the SlowFast project, those of PyTorchVideo, and the blobs of the
SlowFast project's model zoo, which was trained with Caffe2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from oddframe.backbones.slowfast_network import DEPTHS

_LEFT_OUT = re.compile(r"(head\.projection|blocks\.6\.proj)\.|pred_[wb]$|.*_momentum$|(lr|model_iter)$")
_BLOBS = {"weight": "s", "bias": "b", "running_mean": "rm", "running_var": "riv"}


def by_published_name(ours: Iterable[str]) -> dict[str, str]:
    """Every published name -> our name."""
    return {published: name for name in ours for published in spellings(name)}


def is_left_out(published: str) -> bool:
    """Whether a tensor is known but not wanted: the classifier, and the state of the optimiser."""
    return _LEFT_OUT.match(published) is not None


def spellings(ours: str) -> tuple[str, ...]:
    """The published names of one of our tensors: SlowFast's, PyTorchVideo's, and those of its Caffe2 blob.

    >>> for name in spellings("slow.stages.0.1.a.norm.running_mean"):
    ...     print(name)
    s2.pathway0_res1.branch2.a_bn.running_mean
    blocks.1.multipathway_blocks.0.res_blocks.1.branch2.norm_a.running_mean
    res2_1_branch2a_bn_rm
    """
    *where, kind, what = ours.split(".")
    norm = kind == "norm"
    if where[0] == "fuse":
        return _fuse(int(where[1]), norm, what)
    pathway = ("slow", "fast").index(where[0])
    if where[1] == "stem":
        return _stem(pathway, norm, what)
    stage, block, step = where[2:]
    return _block((pathway, int(stage), int(block)), step, norm, what)


def _blob(norm: bool, what: str) -> str:
    return f"_bn_{_BLOBS.get(what, what)}" if norm else "_w"


def _fuse(stage: int, norm: bool, what: str) -> tuple[str, ...]:
    after = "pool1" if stage == 0 else f"res{stage + 1}_{DEPTHS[stage - 1] - 1}_branch2c_bn"
    return (
        f"s{stage + 1}_fuse.{'bn' if norm else 'conv_f2s'}.{what}",
        f"blocks.{stage}.multipathway_fusion.{'norm' if norm else 'conv_fast_to_slow'}.{what}",
        f"t_{after}_subsample{_blob(norm, what)}",
    )


def _stem(pathway: int, norm: bool, what: str) -> tuple[str, ...]:
    return (
        f"s1.pathway{pathway}_stem.{'bn' if norm else 'conv'}.{what}",
        f"blocks.0.multipathway_blocks.{pathway}.{'norm' if norm else 'conv'}.{what}",
        f"{'t_' * pathway}{'res_' * norm}conv1{_blob(norm, what)}",
    )


def _block(place: tuple[int, int, int], step: str, norm: bool, what: str) -> tuple[str, ...]:
    pathway, stage, block = place
    short, kind = step == "shortcut", "norm" if norm else "conv"
    project = "branch1" if short else f"branch2.{step}"
    hub = f"branch1_{kind}" if short else f"branch2.{kind}_{step}"
    return (
        f"s{stage + 2}.pathway{pathway}_res{block}.{project}{'_bn' * norm}.{what}",
        f"blocks.{stage + 1}.multipathway_blocks.{pathway}.res_blocks.{block}.{hub}.{what}",
        f"{'t_' * pathway}res{stage + 2}_{block}_branch{'1' if short else '2' + step}{_blob(norm, what)}",
    )
