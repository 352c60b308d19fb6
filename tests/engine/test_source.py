"""Sources: the same observations in the same numbering, whoever holds them; and parts that never overlap."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from oddframe.cache.cache import ObservationCache
from oddframe.engine.holdout import hold_out
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.sources import CachedSource, SourcePart, window_of
from oddframe.errors import SettingsError
from oddframe.models.source import MemorySource
from oddframe.testing.observers import assert_equal
from oddframe.types import Field, Observations, Spec, VideoInfo
from oddframe.video.health import CameraHealth
from tests.engine.fakes import Blob, video, walk

WATCHING = Watching(Blob(), None, CameraHealth())


def whole(source: CachedSource | MemorySource | SourcePart, name: str) -> Observations:
    return Observations.concatenate(list(source.chunks(name, size=7)))


@pytest.fixture
def source(tmp_path: Path) -> CachedSource:
    clips = [video("a", walk(30)), video("none", [None] * 20), video("b", walk(40, start=9)), video("short", [10] * 2)]
    return observed(clips, WATCHING, ObservationCache(tmp_path))


def test_a_cached_source_equals_one_in_memory(source: CachedSource) -> None:
    memory = MemorySource(source.spec, [(info, whole(source, info.id)) for info in source.videos()])
    assert len(source) == len(memory) == 26 + 0 + 36 + 0
    order = np.random.default_rng(0).permutation(len(source))
    for name, tensor in source.take(order).items():
        assert torch.equal(tensor, memory.take(order)[name])
    for info in source.videos():
        assert source.rows(info.id) == memory.rows(info.id)
        assert_equal(whole(source, info.id), whole(memory, info.id))
        assert info.frames == source.columns(info.id).through
    assert whole(source, "b").data["pixel"][0, 0, 0] == 1
    assert whole(source, "b").data["half"].dtype == torch.bfloat16


def test_rows_outside_are_refused(source: CachedSource) -> None:
    for wrong in (-1, len(source)):
        with pytest.raises(IndexError):
            source.take(np.array([wrong]))
    assert all(len(tensor) == 0 for tensor in source.take(np.array([], np.int64)).values())


def test_observations_that_saw_an_unscorable_frame_are_left_out(tmp_path: Path) -> None:
    clip = video("v", walk(60))
    images = np.stack([frame.image for frame in clip])
    images[30:33] = 0
    source = observed([type(clip)(images, fps=10, name="v")], WATCHING, ObservationCache(tmp_path))
    assert source.reasons("v") == ((30, 33, "dark"), (33, 36, "settling"))
    columns = source.columns("v")
    assert columns.frame.tolist() == [*range(1, 27), *range(37, 57)]
    data = source.take(np.arange(len(source)))
    assert data["pixel"][:, 0, 0].tolist() == columns.frame.tolist()


def test_a_part_is_the_rows_it_names(source: CachedSource) -> None:
    part = SourcePart(source, {"b": np.array([0, 5, 6]), "a": np.array([2])}, {"b": ((0, 1, "x"),)})
    assert [info.id for info in part.videos()] == ["a", "b"]
    assert len(part) == 4
    assert part.columns("b").frame.tolist() == [1, 6, 7]
    assert whole(part, "b").data["pixel"][:, 0, 0].tolist() == [1, 6, 7]
    assert part.take(np.array([3, 0]))["pixel"][:, 0, 0].tolist() == [7, 3]
    assert part.reasons("b") == ((0, 1, "x"),)
    assert part.window("a") == source.window("a") == window_of(part, "a")


def memory(videos: int, frames: int = 20) -> MemorySource:
    spec = Spec({"x": Field(())})
    items = []
    for number in range(videos):
        about = np.repeat(np.arange(frames), 2)
        rows = Observations(
            video=f"v{number}",
            frame=about,
            span=np.stack([about, about + 1], axis=1),
            ready=np.minimum(about + 2, frames - 1),
            box=np.zeros((len(about), 4), np.float32),
            data={"x": torch.arange(len(about)) + 1000.0 * number},
            through=frames,
        )
        items.append((VideoInfo(f"v{number}", 8, 8, Fraction(10), frames), rows))
    return MemorySource(spec, items)


def values(source: SourcePart) -> set[float]:
    return set(source.take(np.arange(len(source)))["x"].tolist())


@pytest.mark.parametrize("videos", [1, 4, 5, 11])
def test_parts_never_overlap_and_lose_nothing(videos: int) -> None:
    source = memory(videos)
    parts = hold_out(source, 0.2, seed=3)
    trained, held, rest = values(parts.trained), values(parts.held), values(parts.rest)
    assert not trained & held
    assert held <= rest
    assert not trained & rest
    assert trained | rest == set(source.take(np.arange(len(source)))["x"].tolist())
    assert trained
    assert held


def test_few_videos_are_cut_in_time_and_no_window_crosses() -> None:
    parts = hold_out(memory(2), 0.2, seed=0)
    for name in ("v0", "v1"):
        assert parts.trained.columns(name).ready.max() == 15
        assert parts.held.columns(name).frame.min() == 16
        assert parts.held.reasons(name) == ((0, 16, "trained on"),)
        assert parts.rest.columns(name).frame.min() == 14


def test_many_videos_are_held_out_whole_by_seed() -> None:
    chosen = {tuple(info.id for info in hold_out(memory(10), 0.2, seed).held.videos()) for seed in range(8)}
    assert {len(names) for names in chosen} == {2}
    assert len(chosen) > 1
    assert chosen == {tuple(i.id for i in hold_out(memory(10), 0.2, seed).held.videos()) for seed in range(8)}


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_an_impossible_share_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match="holdout"):
        hold_out(memory(1), share, seed=0)
