"""What scoring costs: the counts behind it against brute force, and the paper's formulas against its own figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oddframe.errors import NotFitted
from oddframe.index.hash_tables import HashTables
from oddframe.models.base import Model, ModelState
from oddframe.models.kmeans import KMeans
from oddframe.models.knn import KNN
from oddframe.models.llsh import LLSH
from oddframe.models.lsh import LSH
from oddframe.models.multiplications import Counted, clusters_cost, hashing_cost, neighbours_cost
from oddframe.models.source import MemorySource
from oddframe.testing.sources import synthetic_source
from oddframe.types import BoolArray, FloatArray

PAPER = {"values": 9216, "stored": 792_855, "queries": 112_422}
"""Paper LLSH, table 2: d, N, M on ShanghaiTech."""


def drawn(count: int, tables: int, bits: int, seed: int) -> FloatArray:
    """Codes of few distinct keys, so that buckets are shared."""
    codes = np.random.default_rng(seed).random((count, tables, bits), np.float32)
    codes[..., 2:] *= 0.6
    return codes


def filled(codes: FloatArray, summary: str, probe: int) -> HashTables:
    """Tables that hold these codes, which came from two videos."""
    tables = HashTables(codes.shape[1], codes.shape[2], summary, probe)
    for video, part in zip("ab", np.array_split(codes, 2), strict=True):
        tables.add(video, np.arange(len(part)), np.zeros((len(part), 4), np.float32), part)
    return tables


def met(stored: FloatArray, codes: FloatArray, probe: int) -> BoolArray:
    """(N, M, b) which stored codes each query meets, by the definition: the nearest by sign bits, within `probe`."""
    apart = ((codes >= 0.5)[:, None] != (stored >= 0.5)).sum(axis=-1)
    found: BoolArray = (apart == apart.min(axis=1, keepdims=True)) & (apart <= probe)
    return found


@settings(max_examples=40)
@given(seed=st.integers(0, 999), bits=st.integers(1, 12), probe=st.integers(0, 3), count=st.integers(1, 60))
def test_compared_counts_the_codes_that_queries_meet(seed: int, bits: int, probe: int, count: int) -> None:
    stored, codes = drawn(count, 3, bits, seed), drawn(20, 3, bits, seed + 1000)
    expected = met(stored, codes, probe).sum(axis=1)
    assert np.array_equal(filled(stored, "all", probe).compared(codes), expected)
    assert np.array_equal(filled(stored, "mean", probe).compared(codes), expected > 0)


@pytest.mark.parametrize("summary", ["all", "mean"])
def test_occupied_counts_distinct_keys_of_every_table(summary: str) -> None:
    stored = drawn(200, 4, 6, seed=0)
    expected = sum(len(np.unique(stored[:, table] >= 0.5, axis=0)) for table in range(4))
    assert filled(stored, summary, 0).occupied() == expected


@pytest.mark.parametrize("summary", ["all", "mean"])
def test_empty_tables_compare_with_nothing(summary: str) -> None:
    tables = HashTables(2, 4, summary, probe=4)
    assert tables.compared(drawn(3, 2, 4, seed=0)).tolist() == [[0, 0]] * 3
    assert tables.occupied() == 0


# The formulas give the figures that the paper printed.


def test_neighbours_cost_what_the_paper_says() -> None:
    assert neighbours_cost(**PAPER) / 1e12 == pytest.approx(821.5, abs=0.05)


@pytest.mark.parametrize(("clusters", "tera"), [(1024, 2245.8), (32, 70.2)])
def test_clusters_cost_what_the_paper_says(clusters: int, tera: float) -> None:
    assert clusters_cost(clusters=clusters, iterations=300, **PAPER) / 1e12 == pytest.approx(tera, abs=0.05)


def test_hashing_costs_what_the_paper_says() -> None:
    sizes = {"tables": 8, "bits": 32, **PAPER}
    lsh = hashing_cost(compared=38_150_830, **sizes)
    llsh = hashing_cost(compared=209_872_075, **sizes)
    light = hashing_cost(compared=490_433, averaged=5_650_569, **sizes)
    assert lsh / 1e12 == pytest.approx(2.1, abs=0.05)
    assert (llsh - lsh) / 1e9 == pytest.approx(5.5, abs=0.05)
    assert (lsh - light) / 1e9 == pytest.approx(0.8, abs=0.05)
    assert llsh / neighbours_cost(**PAPER) == pytest.approx(0.0026, abs=5e-5)


# The models put the right numbers into them.

STORED, QUERIED = synthetic_source(videos=2, frames=10), synthetic_source(videos=3, frames=5, seed=40)
"""40 and 30 observations of 12 values, 8 of which are flow."""


def test_knn_counts_all_that_it_keeps() -> None:
    assert KNN().train(STORED).absorb(STORED).multiplications(QUERIED) == 12 * 40 * 30
    few = KNN(per_entry=True, weights={"flow": 0.0}, coreset=7).train(STORED).absorb(STORED)
    assert few.multiplications(QUERIED) == 4 * 7 * 30


def test_kmeans_counts_the_passes_that_it_made() -> None:
    model = KMeans(clusters=5, iterations=2, sample=31).train(STORED)
    assert model.multiplications(QUERIED) == 12 * 5 * 31 * 2 + 12 * 5 * 30
    again = KMeans(clusters=5, iterations=2, sample=31).restore(model.state())
    assert again.multiplications(QUERIED) == model.multiplications(QUERIED)


def test_a_cluster_for_each_observation_takes_no_passes() -> None:
    assert KMeans(clusters=40).train(STORED).multiplications(QUERIED) == 12 * 40 * 30


def codes_of(model: LSH, data: MemorySource) -> FloatArray:
    """(N, b, r) as a second model absorbs them, which keeps every code; each table has them in its own order."""
    settings: dict[str, Any] = {**model.settings(), "summary": "all"}
    tensors = type(model)(**settings).train(STORED).absorb(data).state().tensors
    steps = tensors["index.codes"].transpose(0, 1).float()
    codes: FloatArray = ((steps + 2**15) / 2**16).numpy()
    return codes


@pytest.mark.parametrize("lift", [0.0, 2.0])
@pytest.mark.parametrize("probe", [0, 2])
@pytest.mark.parametrize("cls", [LSH, LLSH])
def test_hashing_counts_the_codes_in_the_buckets_that_it_meets(cls: type[LSH], probe: int, lift: float) -> None:
    model = cls(tables=3, bits=6, probe=probe, lift=lift).train(STORED).absorb(STORED)
    compared = int(met(codes_of(model, STORED), codes_of(model, QUERIED), probe).sum())
    assert 0 < compared < 3 * 40 * 30
    values = 12 + (lift > 0)
    assert model.multiplications(QUERIED) == values * 6 * 3 * (30 + 40) + 6 * compared


@pytest.mark.parametrize("probe", [0, 2])
def test_light_hashing_counts_running_means_and_one_mean_a_bucket(probe: int) -> None:
    model = LSH(tables=3, bits=6, probe=probe, summary="mean").train(STORED).absorb(STORED)
    stored = codes_of(model, STORED)
    compared = int(met(stored, codes_of(model, QUERIED), probe).any(axis=1).sum())
    buckets = sum(len(np.unique(stored[:, table] >= 0.5, axis=0)) for table in range(3))
    averaged = 3 * 40 - buckets
    assert averaged > 0
    assert model.multiplications(QUERIED) == 13 * 6 * 3 * (30 + 40) + 6 * compared + 2 * 6 * averaged


def test_hashing_by_hand() -> None:
    """One function of one bit over one value: two buckets, and each query meets the half on its own side."""
    model = LSH(tables=1, bits=1, probe=0, lift=0.0).train(STORED).absorb(STORED)
    ones = codes_of(model, STORED)[:, 0, 0] >= 0.5
    asked = codes_of(model, QUERIED)[:, 0, 0] >= 0.5
    compared = ones.sum() * asked.sum() + (~ones).sum() * (~asked).sum()
    assert model.multiplications(QUERIED) == 12 * (40 + 30) + compared


@pytest.mark.parametrize("model", [KNN(), KMeans(), LSH(), LLSH()], ids=lambda model: str(model.name))
def test_the_baselines_and_hashing_can_be_counted_once_trained(model: Model) -> None:
    assert isinstance(model, Counted)
    with pytest.raises(NotFitted):
        model.multiplications(QUERIED)


# What a state takes.


def test_bytes_add_up_over_tensors_of_any_type() -> None:
    state = ModelState(
        {"a": torch.zeros(3, 5), "b": torch.zeros(7, dtype=torch.int64), "c": torch.tensor(1.0).double()}
    )
    assert state.bytes == 3 * 5 * 4 + 7 * 8 + 8
    assert ModelState().bytes == 0


def test_kmeans_keeps_less_than_knn() -> None:
    """12 values for each observation or each cluster: the rest is means, deviations, a scale, frames and boxes."""
    few, many = KMeans(clusters=3).train(STORED), KMeans(clusters=4).train(STORED)
    assert many.state().bytes - few.state().bytes == 12 * 4
    assert few.state().bytes == 3 * 12 * 4 + 2 * 12 * 8 + 8
    assert KNN().train(STORED).absorb(STORED).state().bytes >= 40 * 12 * 4
