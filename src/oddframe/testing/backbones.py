"""The checks that every backbone must pass, whatever it computes.

Each check takes a backbone and raises an `AssertionError` that says what is wrong.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from oddframe import catalog
from oddframe.backbones.base import Backbone


def clips_for(backbone: Backbone, count: int = 3, height: int = 40, width: int = 56) -> Tensor:
    """(count, frames, height, width, 3) uint8 noise that is the same every time.

    Args:
        backbone: gives the number of frames.
        count: clips.
        height, width: of a frame, pixels; no network's own size.
    """
    shape = (count, backbone.frames, height, width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def check_features(backbone: Backbone) -> None:
    """Every clip gives one finite float32 vector of the declared length, and different clips differ."""
    found = backbone.embed(clips_for(backbone))
    assert tuple(found.shape) == (3, backbone.features), f"(3, {backbone.features}) was declared, not {found.shape}"
    assert found.dtype == torch.float32
    assert found.device.type == "cpu"
    assert not found.requires_grad, "a frozen network has no gradients"
    assert bool(torch.isfinite(found).all())
    assert not torch.equal(found[0], found[1]), "two clips give the same vector"


def check_repeatable(backbone: Backbone) -> None:
    """The same clips give the same vectors, to the bit."""
    clips = clips_for(backbone)
    assert torch.equal(backbone.embed(clips), backbone.embed(clips))


def check_clips_are_apart(backbone: Backbone) -> None:
    """A clip's vector depends on that clip alone, but for rounding."""
    clips = clips_for(backbone)
    alone = torch.cat([backbone.embed(clip[None]) for clip in clips])
    torch.testing.assert_close(alone, backbone.embed(clips), rtol=1e-3, atol=1e-4)


def check_any_size(backbone: Backbone) -> None:
    """Frames of any size are taken; resizing is the backbone's own business."""
    for height, width in ((30, 90), (130, 70)):
        found = backbone.embed(clips_for(backbone, 2, height, width))
        assert tuple(found.shape) == (2, backbone.features)


def check_inputs_untouched(backbone: Backbone) -> None:
    """The backbone writes to no frame."""
    clips = clips_for(backbone)
    before = clips.clone()
    backbone.embed(clips)
    assert torch.equal(clips, before), "the frames were written to"


def check_settings_round_trip(backbone: Backbone) -> None:
    """Name and settings are the whole identity: what the catalog builds from them computes the same."""
    again = catalog.build("backbone", backbone.name, backbone.settings())
    assert again.identity() == backbone.identity()
    clips = clips_for(backbone, 2)
    assert torch.equal(again.embed(clips), backbone.embed(clips))


def check_travels(backbone: Backbone) -> None:
    """Pickled or deep-copied after it has computed, it computes the same."""
    clips = clips_for(backbone, 2)
    found = backbone.embed(clips)
    arrived: list[Backbone] = [pickle.loads(pickle.dumps(backbone)), copy.deepcopy(backbone)]  # noqa: S301
    for other in arrived:
        assert other.identity() == backbone.identity()
        assert torch.equal(other.embed(clips), found)


CHECKS: Sequence[Callable[[Backbone], None]] = (
    check_features,
    check_repeatable,
    check_clips_are_apart,
    check_any_size,
    check_inputs_untouched,
    check_travels,
    check_settings_round_trip,
)
