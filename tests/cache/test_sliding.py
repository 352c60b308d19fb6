"""Windows that overlap: each frame is stored once, and what comes back is what went in."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from oddframe.cache.entry import Entry, EntryWriter, empty_rows
from oddframe.cache.shards import MappedFiles, to_numpy
from oddframe.engine.score import _batches
from oddframe.errors import SpecError
from oddframe.models import source as source_module
from oddframe.models.source import MemorySource
from oddframe.testing.observers import assert_equal
from oddframe.types import Field, Observations, Spec, VideoInfo


def windows(rows: int, field: Field, seed: int = 0) -> Tensor:
    """(rows, length, ...) windows over random frames, as the field says that they slide."""
    count = rows + (field.shape[0] - 1) * field.slide
    random = np.random.default_rng(seed).integers(0, 255, (count, *field.shape[1:]))
    frames = torch.from_numpy(random).to(field.dtype)
    if field.dtype.is_floating_point:
        frames.view(-1)[::3] = float("nan")
    places = torch.arange(rows)[:, None] + torch.arange(field.shape[0]) * field.slide
    return frames[places]


def observations(field: Field, data: Tensor) -> Observations:
    """As many observations with these windows, and a second entry that is none."""
    frame = np.arange(len(data))
    return Observations(
        video="v",
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.zeros((len(data), 4), np.float32),
        data={"frames": data, "number": torch.from_numpy(frame)},
        through=len(data),
    )


def same_bits(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and to_numpy(one).tobytes() == to_numpy(other).tobytes()


def spec_of(field: Field) -> Spec:
    return Spec({"frames": field, "number": Field((), torch.int64)})


def written(folder: Path, field: Field, data: Tensor, cuts: list[int], shard_bytes: int = 10**6) -> Entry:
    writer, whole = EntryWriter(folder, spec_of(field), shard_bytes=shard_bytes), observations(field, data)
    for first, stop in pairwise([0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]):
        writer.add(whole.select(slice(first, stop)))
    writer.close(frames=len(data), reasons=())
    return Entry.load(folder)


FRAMES: list[tuple[int, ...]] = [(), (3,), (2, 3), (1, 64, 72)]
KINDS = [torch.uint8, torch.float32, torch.bfloat16]
FIELDS = st.builds(
    lambda length, frame, kind, slide: Field((length, *frame), kind, slide=slide),
    st.integers(1, 4),
    st.sampled_from(FRAMES),
    st.sampled_from(KINDS),
    st.integers(1, 4),
)


@settings(max_examples=60)
@given(
    rows=st.integers(0, 12),
    field=FIELDS,
    shard_bytes=st.sampled_from([1, 40, 10**6]),
    cuts=st.lists(st.integers(0, 12), max_size=4),
    seed=st.integers(0, 99),
)
def test_what_went_in_comes_out_in_any_order(
    rows: int, field: Field, shard_bytes: int, cuts: list[int], seed: int
) -> None:
    data = windows(rows, field, seed)
    with tempfile.TemporaryDirectory() as folder, patch("os.fsync"):
        entry = written(Path(folder), field, data, cuts, shard_bytes)
        assert (entry.rows, entry.spec) == (rows, spec_of(field))
        order = np.random.default_rng(seed).integers(0, rows, 20) if rows else np.zeros(0, np.int64)
        arrays, tensors = empty_rows(entry.spec, len(order))
        for name, array in arrays.items():
            entry.read(name, order, MappedFiles(limit=1), array, np.arange(len(order)))
        assert same_bits(tensors["frames"], data[torch.from_numpy(order)])
        assert tensors["number"].tolist() == order.tolist()


def test_each_frame_is_stored_once(tmp_path: Path) -> None:
    field = Field((5, 1, 16, 16), torch.uint8, slide=2)
    written(tmp_path, field, windows(30, field), [])
    stored = np.concatenate([np.load(file) for file in sorted(tmp_path.glob("data-0.*.npy"))])
    assert len(stored) == 30 + 4 * 2


def test_windows_that_do_not_slide_are_refused(tmp_path: Path) -> None:
    field = Field((3, 4), torch.uint8, slide=2)
    data = windows(10, field)
    data[7, 1, 2] += 1
    with pytest.raises(SpecError, match=r"frames: .* observation 7 .* slide of 2"):
        written(tmp_path, field, data, [])


def test_a_field_that_slides_says_so_in_its_spec() -> None:
    slides, stands = Spec({"x": Field((3, 2), slide=2)}), Spec({"x": Field((3, 2))})
    assert slides != stands
    assert hash(slides) != hash(stands)
    assert Spec.from_json(slides.to_json()) == slides
    assert Spec.from_json(stands.to_json()) == stands
    assert (slides.row_bytes, spec_of(Field((5, 7), torch.uint8)).row_bytes) == (24, 35 + 8)
    for shape, slide in [((), 1), ((3,), -1)]:
        with pytest.raises(ValueError, match="slide"):
            Field(shape, slide=slide)


def test_wide_rows_come_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of 4 kB in pieces of at most 20 kB: five, whatever the rows of narrow data would be; none is lost."""
    for module in (source_module, "oddframe.engine.score"):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.CHUNK_BYTES", 20_000 + 5 * 8)
    field = Field((4, 1000), torch.uint8, slide=1)
    whole = observations(field, windows(23, field))
    memory = MemorySource(spec_of(field), [(VideoInfo("v", 8, 8, 10, 23), whole)])  # type: ignore[arg-type]
    pieces = list(memory.chunks("v"))
    assert [len(piece) for piece in pieces] == [5, 5, 5, 5, 3]
    assert_equal(Observations.concatenate(pieces), whole)
    batches = list(_batches(memory.chunks("v", 1)))
    assert max(map(len, batches)) == 5
    assert_equal(Observations.concatenate(batches), whole)


def test_memory_sources_keep_what_they_were_given(tmp_path: Path) -> None:
    """Not a second copy of it: a window of windows may be a view of frames that exist once."""
    field = Field((3, 2), torch.uint8, slide=1)
    frames = torch.arange(20, dtype=torch.uint8).view(10, 2)
    view = frames.unfold(0, 3, 1).transpose(1, 2)  # (8, 3, 2), no memory of its own
    memory = MemorySource(spec_of(field), [(VideoInfo("v", 8, 8, 10, 8), observations(field, view))])  # type: ignore[arg-type]
    assert memory._data[0]["frames"].data_ptr() == frames.data_ptr()
    assert torch.equal(memory.take(np.array([7, 0]))["frames"], view[[7, 0]])
    for wrong in (-1, 8):
        with pytest.raises(IndexError, match="8 observations"):
            memory.take(np.array([wrong]))
