"""The snippet observer: the right pictures for the right snippet, change over time, and no more waiting than said."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.embedding import embed_in_batches, square_crop
from oddframe.observers.snippet import Snippet, crop_boxes
from oddframe.types import Frame, Observations, Run, VideoInfo

INFO = VideoInfo("v", 8, 6, Fraction(25))


class Means(Backbone):
    """Gives the mean brightness of each picture of a clip: the test knows which pictures were seen."""

    name = "means"

    def __init__(self, count: int = 1) -> None:
        self.count = count

    @property
    def frames(self) -> int:
        return self.count

    @property
    def features(self) -> int:
        return self.count

    def embed(self, clips: Tensor, run: Run = Run()) -> Tensor:
        return clips.float().mean((2, 3, 4))


def watch(observer: Snippet, values: list[int]) -> Observations:
    """Frames of one brightness each."""
    stream = observer.open(INFO)
    frames = [Frame(i, i / 25, np.full((6, 8, 3), value, np.uint8)) for i, value in enumerate(values)]
    return Observations.concatenate([*[stream.push(frame) for frame in frames], stream.close()])


def test_a_video_backbone_sees_the_papers_frames() -> None:
    seen = watch(Snippet(backbone=Means(8), seconds=1.28, stride=0.32), list(range(56)))
    offsets = torch.tensor([0, 4, 8, 13, 17, 22, 26, 31])
    assert torch.equal(seen.data["feature"], torch.stack([offsets + start for start in (0, 8, 16, 24)]).float())
    assert seen.frame.tolist() == [16, 24, 32, 40]
    assert seen.ready.tolist() == [31, 39, 47, 55]


def test_a_picture_backbone_keeps_change_as_well_as_appearance() -> None:
    observer = Snippet(backbone=Means(), samples=3, seconds=0.2, stride=0.2)  # pictures 0, 2 and 4 of each five
    steady, rising, flicker = (watch(observer, v) for v in ([20] * 5, [10, 0, 20, 0, 30], [20, 0, 0, 0, 40]))
    for seen in (steady, rising, flicker):
        assert seen.data["appearance"].item() == pytest.approx(20)
    assert [seen.data["change"].item() for seen in (steady, rising, flicker)] == [0, 10, 30]


@pytest.mark.parametrize("batch", [1, 3, 4])
@pytest.mark.parametrize("count", [1, 4])
def test_the_batch_changes_nothing_but_the_waiting(batch: int, count: int) -> None:
    values = [int(v) for v in np.random.default_rng(0).integers(0, 255, 70)]
    expected = watch(Snippet(backbone=Means(count), batch=1), values)
    found = watch(Snippet(backbone=Means(count), batch=batch), values)
    assert found.frame.tolist() == expected.frame.tolist()
    assert all(torch.equal(found.data[name], expected.data[name]) for name in expected.data)


def test_spans_follow_each_other_without_gap() -> None:
    seen = watch(Snippet(backbone=Means()), [0] * 100)
    assert (seen.span[1:, 0] == seen.span[:-1, 1]).all()


def test_a_video_shorter_than_a_snippet_has_none() -> None:
    seen = watch(Snippet(backbone=Means()), [0] * 31)
    assert len(seen) == 0
    assert seen.through == 31


def test_memory_does_not_grow_with_the_video() -> None:
    stream = Snippet(backbone=Means(8), batch=2).open(INFO)
    kept = []
    for i in range(400):
        stream.push(Frame(i, i / 25, np.zeros((6, 8, 3), np.uint8)))
        kept.append(len(stream._pictures) + len(stream._features))  # type: ignore[attr-defined]
    assert max(kept[200:]) <= max(kept[:200])


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": 0.0}, {"stride": -1.0}, {"samples": 1}, {"batch": 0}, {"crops": 0}, {"length": 1}, {"step": 0}],
)
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Snippet(backbone=Means(), **wrong)  # type: ignore[arg-type]


def test_a_picture_s_feature_does_not_depend_on_its_company() -> None:
    random = np.random.default_rng(0)
    clips = [random.integers(0, 255, (1, 40, 40, 3)).astype(np.uint8) for _ in range(7)]
    backbone = EfficientNetLite0(size=64)
    together = embed_in_batches(backbone, clips, 4, Run())
    alone = torch.cat([embed_in_batches(backbone, [clip], 4, Run()) for clip in clips])
    assert together.shape == (7, 1280)
    assert torch.equal(together[::4], alone[::4])  # same place in the batch: the same bits
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_crops_are_square_around_the_box() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 30:70] = 200  # 40 x 20, centred at (50, 50)
    crop = square_crop(image, np.array([30.0, 40, 70, 60]), 48)
    lit = crop[:, :, 0] > 100
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    assert crop.shape == (48, 48, 3)
    np.testing.assert_allclose([columns.min(), columns.max() + 1], [4, 44], atol=1)  # a tenth of margin either side
    np.testing.assert_allclose([rows.min(), rows.max() + 1], [14, 34], atol=1)


def test_a_box_at_the_edge_is_filled_with_the_edge() -> None:
    image = np.full((50, 50, 3), 77, np.uint8)
    assert (square_crop(image, np.array([-10.0, -10, 20, 20]), 32) == 77).all()
    assert (square_crop(np.full((500, 500, 3), 77, np.uint8), np.array([0.0, 0, 400, 400]), 32) == 77).all()


def test_crops_are_seen_apart() -> None:
    """Three squares along the longer side, or boxes of any sizes; each is a row of every entry."""
    image = np.zeros((6, 8, 3), np.uint8)
    image[:] = np.arange(8)[None, :, None]  # a column's brightness is its number
    for count in (1, 8):
        observer = Snippet(backbone=Means(count), crops=3, batch=2)
        stream = observer.open(INFO)
        frames = [Frame(i, i / 25, image) for i in range(80)]
        seen = Observations.concatenate([*[stream.push(frame) for frame in frames], stream.close()])
        for name, field in observer.spec.fields.items():
            assert field.crops
            assert seen.data[name].shape == (len(seen), 3, count)
        looks = seen.data["feature" if count == 8 else "appearance"]
        assert looks[0, :, 0].tolist() == [2.5, 3.5, 4.5]
    boxes = ((0, 0, 2, 6), (5, 1, 8, 2))
    stream = Snippet(backbone=Means(8), boxes=boxes).open(INFO)
    seen = Observations.concatenate([*[stream.push(frame) for frame in frames], stream.close()])
    assert seen.data["feature"][0, :, 0].tolist() == [0.5, 6.0]


def test_boxes_stay_inside_the_frame() -> None:
    for box in ((0, 0, 9, 6), (3, 3, 3, 6), (-1, 0, 2, 2), (0, 0, 8, 7)):
        with pytest.raises(SettingsError, match=r"not inside v, which is 8 x 6"):
            Snippet(backbone=Means(), boxes=(box,)).open(INFO)
    upright = VideoInfo("v", 6, 8, Fraction(25))
    assert crop_boxes(upright, 3) == [(0, 0, 6, 6), (0, 1, 6, 7), (0, 2, 6, 8)]
    assert [box[0] for box in crop_boxes(VideoInfo("v", 7, 4, Fraction(25)), 3)] == [0, 2, 3]  # halves go up


def test_lengths_may_be_told_in_frames() -> None:
    observer = Snippet(backbone=Means(8), length=32, step=1)
    for fps in (10, 25, 60):
        window = observer.window(VideoInfo("v", 8, 6, Fraction(fps)))
        assert (window.length, window.stride, window.about) == (32, 1, 16)
    assert watch(observer, list(range(40))).frame.tolist() == list(range(16, 25))
