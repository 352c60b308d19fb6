"""Every model here behaves as every model must."""

from __future__ import annotations

import pytest

from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH
from oddframe.testing.models import MODEL_CHECKS, Check, Factory, check_model
from oddframe.testing.sources import FLOW_AND_SHAPE
from oddframe.types import Field, Spec

MODELS: dict[str, Factory] = {
    "knn": KNN,
    "knn, one search": lambda: KNN(per_entry=False, k=5, weights={"shape": 2.0}),
    "knn, worst entry, few kept": lambda: KNN(fusion="max", coreset=100, seed=3),
    "kmeans": KMeans,
    "kmeans, a draw, few clusters": lambda: KMeans(clusters=7, sample=100, weights={"shape": 2.0}, seed=3),
    "lsh": LSH,
    "llsh": LLSH,
    "llsh, light": lambda: LLSH(summary="mean", tables=4, bits=16, epochs=5),
}


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: str(check.__name__).removeprefix("check_"))
@pytest.mark.parametrize("name", MODELS)
def test_a_model_conforms(name: str, check: Check) -> None:
    check(MODELS[name], FLOW_AND_SHAPE)


def test_conformance_holds_for_entries_of_any_shape() -> None:
    check_model(LSH, Spec({"patch": Field((3, 5, 4))}))
