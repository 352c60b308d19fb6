"""What TensorBoard finds in a log."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from oddframe.errors import Interrupted, SettingsError, StoreError
from oddframe.training.loop import train
from oddframe.types import Run
from tests.training.tasks import Regression, adam, batches
from tests.training.test_checkpoints import Cut, cut, cut_at


def logged(folder: Path, name: str) -> list[tuple[int, float]]:
    found = EventAccumulator(str(folder))
    found.Reload()
    return [(event.step, event.value) for event in found.Scalars(name)]


def test_every_loss_of_every_step_is_logged(tmp_path: Path) -> None:
    history = train(Regression(), batches(), adam(2), seed=0, run=Run(log=tmp_path / "new" / "log"))
    for name, losses in history.losses.items():
        steps, values = zip(*logged(tmp_path / "new" / "log", name), strict=True)
        assert list(steps) == list(range(1, 11))
        assert list(values) == losses.tolist()


def test_a_resumed_training_goes_on_in_the_same_curve(tmp_path: Path) -> None:
    run = Run(log=tmp_path / "log", checkpoints=tmp_path / "kept", time_limit=0.0)
    with pytest.raises(Interrupted):
        train(Regression(), batches(), adam(2), seed=0, run=run)
    run = Run(log=tmp_path / "log", checkpoints=tmp_path / "kept")
    history = train(Regression(), batches(), adam(2), seed=0, run=run)
    assert logged(tmp_path / "log", "loss") == list(enumerate(history.loss.tolist(), 1))


def test_what_was_logged_after_the_last_checkpoint_is_not_shown_twice(tmp_path: Path) -> None:
    with pytest.raises(Cut):
        train(Regression(), batches(), adam(2), seed=0, run=Run(log=tmp_path, progress=cut_at(4, cut)))
    history = train(Regression(), batches(), adam(2), seed=0, run=Run(log=tmp_path))
    assert logged(tmp_path, "loss") == list(enumerate(history.loss.tolist(), 1))


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SettingsError, match=r"pip install 'oddframe\[tensorboard\]'"):
        train(Regression(), batches(), adam(1), seed=0, run=Run(log=tmp_path))
    train(Regression(), batches(), adam(1), seed=0)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*choose another folder for the log"):
        train(Regression(), batches(), adam(1), seed=0, run=Run(log=tmp_path / "file"))
