"""Scores that are made of parts: what each part counts for, where a protocol wants to weigh them itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from oddframe.models.base import Model


@runtime_checkable
class Fused(Protocol):
    """A model whose score is a weighted sum of parts, each put on one scale first.

    Which scale is for the model to choose in `score`, where nothing is known of the rest of the video, and for a
    protocol in a figure, where all of it is.
    """

    @property
    def fusion(self) -> Mapping[str, float]:
        """Part (of `Scored.parts`) -> its weight; below 0 where a high value is normal."""


def fusion_of(model: Model) -> Mapping[str, float] | None:
    """The weights of a model's parts; None where its score is not made of parts."""
    found = model.fusion if isinstance(model, Fused) else None
    return found if isinstance(found, Mapping) else None  # knn has a setting of that name, which is a word
