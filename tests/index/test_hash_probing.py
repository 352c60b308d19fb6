"""Finding the nearest keys, against looking at every key."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from oddframe.index import codes, lookup
from oddframe.index.codes import pack, set_bits
from oddframe.index.csr import Csr
from oddframe.index.lookup import Lookup, MultiIndex


def drawn(random: np.random.Generator, count: int, bits: int, flips: int, distinct: bool = False) -> Tensor:
    """Keys a few bits from one of three kinds."""
    kinds = random.integers(0, 1 << bits, 3, dtype=np.uint64, endpoint=False).astype(np.int64)
    keys = kinds[random.integers(3, size=count)]
    for _ in range(flips):
        keys ^= np.int64(1) << random.integers(bits, size=count)
    return torch.from_numpy(np.unique(keys) if distinct else keys)


def by_looking(tables: list[Tensor], table: Tensor, key: Tensor, radius: int) -> set[tuple[int, int, int]]:
    """(asked, bucket, bits between) of all nearest pairs."""
    found, first = set(), np.concatenate([[0], np.cumsum([len(keys) for keys in tables])])
    for row, (number, asked) in enumerate(zip(table.tolist(), key.tolist(), strict=True)):
        apart = [(stored ^ asked).bit_count() for stored in tables[number].tolist()]
        least = min(apart, default=radius + 1)
        found |= {(row, int(first[number]) + i, d) for i, d in enumerate(apart) if d == least <= radius}
    return found


@settings(max_examples=40)
@given(seed=st.integers(0, 9999), bits=st.integers(1, 63), radius=st.integers(1, 7), count=st.integers(1, 400))
@example(seed=0, bits=1, radius=7, count=9)
@example(seed=0, bits=2, radius=7, count=9)
@example(seed=0, bits=63, radius=7, count=400)
@pytest.mark.parametrize("few", [0, 1 << 15])
def test_the_nearest_keys_are_those_that_looking_at_all_finds(
    few: int, seed: int, bits: int, radius: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    tables = [drawn(random, size, bits, 4, distinct=True) for size in (count, 0, 40)]
    first = torch.tensor([0, *np.cumsum([len(keys) for keys in tables])])
    table, key = torch.from_numpy(random.integers(3, size=30)), drawn(random, 30, bits, 3)
    key[:9] = tables[0][torch.from_numpy(random.integers(len(tables[0]), size=9))] ^ 1  # near, some of them
    table[:9] = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "_FEW", few)  # 0: halves are looked up even in small tables
        patch.setattr(lookup, "_CANDIDATES", 50)
        near = MultiIndex(first, torch.cat(tables), bits).nearest(table, key, radius)
    pairs = list(zip(near.row.tolist(), near.bucket.tolist(), near.bits.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == by_looking(tables, table, key, radius)


def test_halves_are_looked_up_in_all_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would pass if every search looked at every key; this one sees that large tables do not."""
    rounds = []
    plain = MultiIndex._round

    def watched(index: MultiIndex, near: int, every: bool, *rest: Tensor) -> object:
        rounds.append((near, every))
        return plain(index, near, every, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(MultiIndex, "_round", watched)
    keys = torch.from_numpy(np.unique(np.random.default_rng(0).integers(1 << 32, size=40_000)))
    far = torch.tensor([int(keys[7]) ^ 0b11_00000000_00000011, (1 << 32) - 1])
    found = MultiIndex(torch.tensor([0, len(keys)]), keys, 32).nearest(torch.zeros(2, dtype=torch.int64), far, 4)
    assert rounds == [(0, False), (1, False), (2, False)]
    assert (0, 7, 4) in zip(found.row.tolist(), found.bucket.tolist(), found.bits.tolist(), strict=True) or (
        found.bits[found.row == 0] < 4
    ).all()


def test_where_nothing_is_near_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_FEW", 0)
    keys = torch.arange(1000) << 20  # neither half of the asked key comes near any of theirs
    found = MultiIndex(torch.tensor([0, 1000]), keys, 60).nearest(torch.tensor([0]), torch.tensor([(1 << 60) - 1]), 4)
    assert found.row.tolist() == found.bucket.tolist() == found.bits.tolist() == []


def test_tables_are_looked_up_apart() -> None:
    """The greatest key of 63 bits is also what short tables are filled up with."""
    most = (1 << 63) - 1
    csr = Csr.of(np.array([1, 0, 2]), np.array([5, 5, most]))
    keys = torch.tensor([[5, 5, 5], [most, most, most]])
    assert Lookup(csr, 63, torch.device("cpu")).own(keys).tolist() == [0, -1, 1, -1, -1, 2]


@given(keys=st.lists(st.integers(0, (1 << 63) - 1), min_size=1))
def test_bits_are_counted_alike_with_and_without_an_instruction_for_it(keys: list[int]) -> None:
    expected = [key.bit_count() for key in keys]
    assert set_bits(torch.tensor(keys)).tolist() == expected
    assert codes._set_bits_by_sums(torch.tensor(keys)).tolist() == expected


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=63))
def test_keys_are_the_signs_in_order(values: list[int]) -> None:
    expected = sum(1 << bit for bit, value in enumerate(values) if value >= 0)
    assert pack(torch.tensor(values, dtype=torch.int16)).item() == expected
