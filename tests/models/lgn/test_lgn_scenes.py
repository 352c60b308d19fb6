"""LGN-Net on little films: it learns to predict, and is surprised by what does not go on as before."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from oddframe.errors import FitError, SettingsError, SpecError, StoreError
from oddframe.models.abilities import Carrying, fusion_of
from oddframe.models.base import ModelState
from oddframe.models.lgn import LGN
from oddframe.models.lgn.scoring import LGNStream
from oddframe.models.multiplications import Counted
from oddframe.models.source import MemorySource
from oddframe.types import Field, Observations, Scored, Spec, VideoInfo
from tests.models.lgn.tiny import tiny_lgn

SIZE, FRAMES = 16, 20
SQUARE = 5
SPEC = Spec({"frames": Field((5, 1, SIZE, SIZE), torch.uint8, slide=1)})


def film(name: str, row: int, jump_at: int | None = None, frames: int = FRAMES) -> tuple[VideoInfo, Observations]:
    """A bright square goes right, a pixel a frame; at `jump_at` it stands half the picture further down."""
    pictures = torch.full((frames, 1, SIZE, SIZE), 40, dtype=torch.uint8)
    for index in range(frames):
        top = (row + (SIZE // 2 if jump_at is not None and index >= jump_at else 0)) % (SIZE - SQUARE)
        left = index % (SIZE - SQUARE)
        pictures[index, :, top : top + SQUARE, left : left + SQUARE] = 220
    return VideoInfo(name, SIZE, SIZE, Fraction(25), frames), seen(name, pictures)


def seen(name: str, pictures: Tensor) -> Observations:
    """Windows of five frames, as the sequence observer gives them."""
    frame = np.arange(4, len(pictures))
    return Observations(
        video=name,
        frame=frame,
        span=np.stack([frame, frame + 1], axis=1),
        ready=frame,
        box=np.tile(np.array([0, 0, SIZE, SIZE], np.float32), (len(frame), 1)),
        data={"frames": pictures.unfold(0, 5, 1).movedim(-1, 1).contiguous()},
        through=len(pictures),
    )


def scores(model: LGN, info: VideoInfo, observations: Observations) -> Scored:
    stream = model.open(info)
    return Scored.concatenate([stream.push(observations), stream.close()])


@pytest.fixture(scope="module")
def trained() -> LGN:
    """A small network that has seen squares go right on several rows."""
    films = [film(f"row {row}", row) for row in (1, 3, 5, 7, 9, 10)]
    model = tiny_lgn(width=6, hidden=6, epochs=8, windows=None, batch=8, sample=30)
    return model.train(MemorySource(SPEC, films))


def test_it_learns_to_predict_a_clip(trained: LGN) -> None:
    """By the end it predicts far better than by repeating the last frame."""
    assert trained.history is not None
    loss = trained.history.losses["prediction"]
    windows = film("row 5", 5)[1].data["frames"].float() / 127.5 - 1
    repeated = float((windows[:, -1] - windows[:, -2]).square().mean())
    assert loss[:4].mean() > repeated
    assert loss[-12:].mean() < 0.5 * repeated


def test_a_square_that_jumps_is_odder_than_one_that_goes_on(trained: LGN) -> None:
    usual = scores(trained, *film("usual", 5))
    jumping = scores(trained, *film("jumping", 5, jump_at=12))
    at = int(np.flatnonzero(jumping.observations.frame == 12)[0])
    assert jumping.score[at] > usual.score.max()
    assert int(jumping.score.argmax()) in range(at, at + 5)  # the windows that hold the jump
    np.testing.assert_array_equal(jumping.score[:at], usual.score[:at])


def test_maps_show_where(trained: LGN) -> None:
    """The error of the jump lies where the square is and where it should have been, and their mean is that of PSNR."""
    jumping = scores(trained, *film("jumping", 5, jump_at=12))
    assert jumping.maps is not None
    at = int(np.flatnonzero(jumping.observations.frame == 12)[0])
    _, column = np.unravel_index(jumping.maps[at].argmax(), (4, 4))
    assert column in (0, 1)  # of four cells a side: the square covers pixels 1 to 5
    np.testing.assert_allclose(-10 * np.log10(jumping.maps.mean((1, 2))), jumping.parts["psnr"], rtol=1e-3)


def test_remembering_test_frames_lives_in_the_stream(trained: LGN) -> None:
    """The model stays as it is, each video begins with its memory, and a gate of 0 lets nothing in."""
    before = {name: tensor.clone() for name, tensor in trained.state().tensors.items()}
    info, observations = film("usual", 5)
    plain = scores(trained, info, observations)
    remembering = restored(trained, adapt=True, gamma=1.0)
    first = scores(remembering, info, observations)
    assert not np.array_equal(first.parts["distance"], plain.parts["distance"])
    np.testing.assert_array_equal(scores(remembering, info, observations).score, first.score)
    shut = scores(restored(trained, adapt=True, gamma=0.0), info, observations)
    np.testing.assert_allclose(shut.score, plain.score, rtol=1e-4, atol=1e-4)
    for name, tensor in remembering.state().tensors.items():
        assert torch.equal(tensor, before[name])


def test_the_papers_memory_goes_on_from_video_to_video(trained: LGN) -> None:
    """Two videos carried on are one after the other what their joined rows are in one stream."""
    model = restored(trained, gamma=1.0)
    assert isinstance(model, Carrying)
    assert fusion_of(model) == {"psnr": -0.6, "distance": 0.4}
    (info, one), (other, two) = film("first", 5), film("second", 9)
    first = model.open_after(info, None)
    first.push(one)
    first.close()
    second = model.open_after(other, first)
    carried = second.push(two)
    fresh = model.open_after(other, None).push(two)
    assert isinstance(second, LGNStream)
    assert not np.array_equal(carried.score, fresh.score)
    assert not torch.equal(second.items, model.open_after(other, None).items)  # type: ignore[attr-defined]
    torch.testing.assert_close(second.items.norm(dim=1), torch.ones(len(second.items)))


def restored(model: LGN, **settings: object) -> LGN:
    """The same network under other settings that training does not depend on."""
    return LGN(**{**model.settings(), **settings}).restore(model.state())  # type: ignore[arg-type]


def test_a_state_of_other_parts_or_wild_numbers_is_refused(trained: LGN) -> None:
    state = trained.state()
    for meta in (
        {**state.meta, "mean": {"psnr": 30.0}},
        {**state.meta, "deviation": {"psnr": 0.0, "distance": 1.0}},
        {**state.meta, "spec": {"frames": {"shape": [5, 2, 8, 8], "dtype": "uint8", "weight": 1.0}}},
    ):
        with pytest.raises(StoreError):
            LGN(**trained.settings()).restore(ModelState(state.tensors, meta))  # type: ignore[arg-type]


def test_its_multiplications_are_those_of_the_network(trained: LGN) -> None:
    """Counted on the real frames they are the same as told from the smallest ones."""
    assert isinstance(trained, Counted)
    data = MemorySource(SPEC, [film("usual", 5)])
    net = trained._trained()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 4, 1, SIZE, SIZE))
    assert trained.multiplications(data) == counter.get_total_flops() // 2 * len(data)


@pytest.mark.parametrize(
    "spec",
    [
        Spec({"vector": Field((8,))}),
        Spec({"frames": Field((5, 1, 24, 24))}),
        Spec({"frames": Field((5, 2, 24, 24), torch.uint8)}),
        Spec({"frames": Field((5, 1, 24, 20), torch.uint8)}),
        Spec({"frames": Field((5, 1, 20, 20), torch.uint8)}),
        Spec({"frames": Field((1, 1, 24, 24), torch.uint8)}),
    ],
)
def test_only_windows_of_frames_are_taken(spec: Spec) -> None:
    with pytest.raises(SpecError, match="sequence observer"):
        LGN().check(spec)


@pytest.mark.parametrize(
    "settings", [{"items": 1}, {"psnr_weight": 1.5}, {"branches": "none"}, {"learning_rate": 0}, {"batch": 1}]
)
def test_impossible_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        LGN(**settings)  # type: ignore[arg-type]


def test_one_window_is_too_little_to_train_on() -> None:
    with pytest.raises(FitError, match="at least two"):
        tiny_lgn().train(MemorySource(SPEC, [film("short", 5, frames=5)]))
