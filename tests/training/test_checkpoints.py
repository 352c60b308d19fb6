"""A training that is interrupted, in whatever way, ends as if it had not been: to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from oddframe.errors import FitError, Interrupted, NewerFormat, StoreError
from oddframe.training.checkpoint import FILE
from oddframe.training.loop import Optimisation, train
from oddframe.types import Progress, Run
from tests.conftest import ROOT
from tests.training.tasks import Regression, adam, batches, parameters, table

EAGER = 0.0
"""Seconds between checkpoints: one after each step."""


class Cut(Exception):
    """Something ends the program."""


def cut_at(step: int, end: Callable[[], None]) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        if progress.done == step:
            end()

    return tell


def cut() -> None:
    raise Cut


@pytest.fixture
def listening() -> Iterator[None]:
    """Ctrl-C as in a terminal; whoever runs in the background inherits a deaf ear."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def learner(seed: int = 0) -> Regression:
    return Regression(dropout=0.2, norm=True, seed=seed)


@pytest.mark.parametrize("step", [1, 4, 5, 6, 13, 20])
@pytest.mark.parametrize(
    "optimisation",
    [adam(), Optimisation(epochs=4, optimiser="sgd", learning_rate=0.1, momentum=0.9)],
    ids=["adam", "sgd"],
)
def test_resuming_gives_the_same_bits(tmp_path: Path, step: int, optimisation: Optimisation) -> None:
    whole, parted = learner(), learner()
    expected = train(whole, batches(), optimisation, seed=1)
    with pytest.raises(Cut):
        train(
            parted,
            batches(),
            optimisation,
            seed=1,
            run=Run(checkpoints=tmp_path, checkpoint_every=EAGER, progress=cut_at(step, cut)),
        )
    told: list[Progress] = []
    fresh = learner()
    history = train(
        fresh,
        batches(),
        optimisation,
        seed=1,
        run=Run(checkpoints=tmp_path, checkpoint_every=EAGER, progress=told.append),
    )
    assert [one.done for one in told] == list(range(step, 21))
    assert torch.equal(parameters(fresh), parameters(whole))
    for name, losses in expected.losses.items():
        assert np.array_equal(history.losses[name], losses)
    assert np.array_equal(history.epochs, expected.epochs)


KILLED = """
import os, signal, sys
from pathlib import Path
from oddframe.training.loop import train
from oddframe.types import Run
from tests.training.tasks import adam, batches
from tests.training.test_checkpoints import cut_at, learner

assert "accelerate" not in sys.modules  # slow to import, and few need it
end = cut_at(7, lambda: os.kill(os.getpid(), signal.SIGKILL))
train(learner(), batches(), adam(), seed=1, run=Run(checkpoints=Path(sys.argv[1]), checkpoint_every=0.0, progress=end))
"""


def test_a_kill_leaves_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    whole, resumed = learner(), learner()
    expected = train(whole, batches(), adam(), seed=1)
    told: list[Progress] = []
    history = train(resumed, batches(), adam(), seed=1, run=Run(checkpoints=tmp_path, progress=told.append))
    assert told[0].done == 7
    assert np.array_equal(history.loss, expected.loss)
    assert torch.equal(parameters(resumed), parameters(whole))


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first, second, told = learner(), learner(), list[Progress]()
    history = train(first, batches(), adam(), seed=1, run=Run(checkpoints=tmp_path / "new" / "folder"))
    again = train(
        second, batches(), adam(), seed=1, run=Run(checkpoints=tmp_path / "new" / "folder", progress=told.append)
    )
    assert not told
    assert torch.equal(parameters(first), parameters(second))
    assert np.array_equal(history.loss, again.loss)
    assert again.seconds == history.seconds


@pytest.mark.usefixtures("listening")
def test_ctrl_c_finishes_the_step_and_says_how_to_go_on(tmp_path: Path) -> None:
    stopped, before = learner(), signal.getsignal(signal.SIGINT)
    press = cut_at(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(
        Interrupted, match=r"learning: stopped by Ctrl-C after step 3 of 20; run the same again to go on"
    ):
        train(stopped, batches(), adam(), seed=1, run=Run(checkpoints=tmp_path, progress=press), stage="learning")
    assert signal.getsignal(signal.SIGINT) is before
    whole, resumed = learner(), learner()
    train(whole, batches(), adam(), seed=1)
    train(resumed, batches(), adam(), seed=1, run=Run(checkpoints=tmp_path))
    assert torch.equal(parameters(resumed), parameters(whole))


@pytest.mark.usefixtures("listening")
def test_a_second_ctrl_c_does_not_wait() -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(learner(), batches(), adam(), seed=1, run=Run(progress=cut_at(3, twice)))


def test_time_that_is_up_stops_between_two_steps(tmp_path: Path) -> None:
    told: list[Progress] = []
    run = Run(checkpoints=tmp_path, time_limit=0.0, progress=told.append)
    for step in range(1, 20):
        with pytest.raises(Interrupted, match=f"its time is up after step {step} of 20; .* go on from {tmp_path}"):
            train(learner(), batches(), adam(), seed=1, run=run)
    train(learner(), batches(), adam(), seed=1, run=run)
    assert [one.done for one in told] == list(range(1, 21))
    with pytest.raises(Interrupted, match="name a folder for checkpoints"):
        train(learner(), batches(), adam(), seed=1, run=Run(time_limit=0.0))


OTHERS: dict[str, Callable[[Path], object]] = {
    "other optimisation": lambda at: train(learner(), batches(), adam(5), seed=1, run=Run(checkpoints=at)),
    "other optimisation$": lambda at: train(learner(), batches(), adam(), seed=2, run=Run(checkpoints=at)),
    "other network, settings": lambda at: train(
        Regression(dropout=0.2), batches(), adam(), seed=1, run=Run(checkpoints=at)
    ),
    "other settings": lambda at: train(
        Regression(dropout=0.3, norm=True), batches(), adam(), seed=1, run=Run(checkpoints=at)
    ),
    "other batches": lambda at: train(learner(), batches(batch=6), adam(), seed=1, run=Run(checkpoints=at)),
    "other data": lambda at: train(learner(), batches(data=table() + 1), adam(), seed=1, run=Run(checkpoints=at)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_checkpoint_of_another_training_is_refused(tmp_path: Path, name: str) -> None:
    train(learner(), batches(), adam(), seed=1, run=Run(checkpoints=tmp_path))
    content = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=name.strip("$")) as refused:
        OTHERS[name](tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}: holds the checkpoint of another training")
    assert "name another folder, or delete it" in str(refused.value)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_loss_that_is_no_number_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    data = table()
    data[batches().epoch(0)[3][0]] = torch.inf
    run = Run(checkpoints=tmp_path, checkpoint_every=EAGER)
    with pytest.raises(FitError, match="step 4 of epoch 1"):
        train(learner(), batches(data=data), adam(), seed=1, run=run)
    with safe_open(tmp_path / FILE, framework="pt") as file:
        assert len(file.get_tensor("losses")) == 3
        assert all(bool(torch.isfinite(file.get_tensor(name)).all()) for name in file.keys())  # noqa: SIM118


def test_parameters_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    """A step can be infinite where the loss is not."""
    run, large = Run(checkpoints=tmp_path, checkpoint_every=EAGER), batches(data=1e3 * table())
    with pytest.raises(FitError, match="a parameter is no number after step 1"):
        train(learner(), large, Optimisation(epochs=1, optimiser="sgd", learning_rate=3e38), seed=1, run=run)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", None])
def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path))
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-5] if content is None else content)
    with pytest.raises(StoreError, match=r"cannot be read as a checkpoint .*; delete it to begin anew"):
        train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path))


def test_a_newer_checkpoint_asks_for_a_newer_version(tmp_path: Path) -> None:
    train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path))
    content = (tmp_path / FILE).read_bytes()
    assert content.count(b'{\\"format\\": 1,') == 1
    (tmp_path / FILE).write_bytes(content.replace(b'{\\"format\\": 1,', b'{\\"format\\": 9,'))
    with pytest.raises(NewerFormat, match="install that version"):
        train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path))


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*choose another folder for checkpoints"):
        train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path / "file" / "below"))


def test_a_checkpoint_is_tensors_and_json(tmp_path: Path) -> None:
    train(learner(), batches(), adam(1), seed=1, run=Run(checkpoints=tmp_path))
    with safe_open(tmp_path / FILE, framework="pt") as file:
        (document,) = file.metadata().values()
        assert {name.split(".")[0] for name in file.keys()} == {"learner", "optimiser", "losses"}  # noqa: SIM118
    told = json.loads(document)
    assert (told["course"]["epoch"], told["course"]["names"]) == (1, ["loss", "size"])
