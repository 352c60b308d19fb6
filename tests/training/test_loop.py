"""The training loop does what a loop written by hand would do, and says what it did."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from oddframe.errors import FitError, SettingsError
from oddframe.training.batches import Batches, shuffled
from oddframe.training.devices import synchronised
from oddframe.training.loop import Optimisation, train
from oddframe.types import Progress, Run
from tests.training.tasks import ROWS, Regression, adam, batches, parameters, table

SGD = Optimisation(
    epochs=2, optimiser="sgd", learning_rate=0.05, momentum=0.9, weight_decay=0.01, schedule="constant", clip=0.5
)


@pytest.mark.parametrize("optimisation", [adam(2), adam(2, weight_decay=0.1, clip=0.1), SGD])
def test_it_is_the_loop_that_one_would_write(optimisation: Optimisation) -> None:
    learner, retold, plan, x = Regression(norm=True), Regression(norm=True), shuffled(ROWS, 5, seed=3), table()
    history = train(learner, batches(), optimisation, seed=0)
    losses, optimiser = [], optimisation.over(retold.parameters())
    for epoch in range(2):
        for group in optimiser.param_groups:
            group["lr"] = optimisation.rate(epoch)
        for rows in plan(epoch):
            loss = retold(x[rows])["loss"]
            optimiser.zero_grad()
            loss.backward()
            if optimisation.clip:
                nn.utils.clip_grad_norm_(retold.parameters(), optimisation.clip)
            optimiser.step()
            retold.after_step()
            losses.append(float(loss.detach()))
    assert history.loss.tolist() == losses
    assert torch.equal(parameters(learner), parameters(retold))


def test_it_learns_and_tells_how_it_went() -> None:
    told: list[Progress] = []
    learner = Regression()
    history = train(learner, batches(), adam(40), seed=0, run=Run(progress=told.append), stage="learning")
    assert history.loss[-5:].mean() < 0.3 * history.loss[:5].mean()
    assert history.epochs.tolist() == [5 * epoch for epoch in range(40)]
    assert set(history.losses) == {"loss", "size"}
    assert [one.done for one in told] == list(range(1, 201))
    assert {(one.stage, one.total, one.unit) for one in told} == {("learning", 200, "steps")}
    assert [one.loss for one in told] == history.loss.tolist()
    assert history.seconds > 0
    assert not learner.training
    assert int(learner.steps) == 200


def test_the_seed_decides_and_nothing_that_ran_before_does() -> None:
    first, same, other = (Regression(dropout=0.3) for _ in range(3))
    train(first, batches(), adam(), seed=1)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    train(same, batches(), adam(), seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    train(other, batches(), adam(), seed=2)
    assert torch.equal(parameters(first), parameters(same))
    assert not torch.equal(parameters(first), parameters(other))


def test_each_step_draws_anew() -> None:
    class Drawing(Regression):
        def forward(self, *batch: Tensor) -> dict[str, Tensor]:
            return super().forward(*batch) | {"drawn": torch.rand(())}

    drawn = train(Drawing(), batches(), adam(), seed=0).losses["drawn"]
    assert len(set(drawn.tolist())) == len(drawn)


def test_a_loss_that_is_no_number_stops_training_and_changes_nothing_more() -> None:
    data = table()
    row = shuffled(ROWS, 5, seed=3)(0)[2][0]
    data[row] = torch.nan
    learner, told = Regression(), list[Progress]()
    with pytest.raises(FitError, match=r"became nan at step 3 of epoch 1; lower the learning rate"):
        train(learner, batches(data=data), adam(), seed=0, run=Run(progress=told.append))
    assert len(told) == 2
    assert torch.isfinite(parameters(learner)).all()
    assert not learner.training


def test_trainings_of_different_settings_follow_each_other() -> None:
    """accelerate's one state for the whole program neither stays nor gets in the way; a user's own survives."""
    from accelerate import Accelerator  # noqa: PLC0415  slow to import
    from accelerate.state import AcceleratorState  # noqa: PLC0415

    mine = Accelerator(cpu=True, mixed_precision="no")
    exact, coarse, again = Regression(), Regression(), Regression()
    train(exact, batches(), adam(), seed=0)
    train(coarse, batches(), adam(), seed=0, run=Run(precision="bf16"))
    train(again, batches(), adam(), seed=0, run=Run(precision="float32"))
    assert torch.equal(parameters(exact), parameters(again))
    assert not torch.equal(parameters(exact), parameters(coarse))
    torch.testing.assert_close(parameters(coarse), parameters(exact), rtol=0.1, atol=0.05)
    assert AcceleratorState().mixed_precision == mine.mixed_precision == "no"
    AcceleratorState._reset_state(reset_partial_state=True)


def test_bf16_is_what_forward_sees_and_parameters_stay_as_they_are() -> None:
    class Watching(Regression):
        kinds: list[torch.dtype] = []  # noqa: RUF012

        def forward(self, *batch: Tensor) -> dict[str, Tensor]:
            self.kinds.append(self.net(batch[0]).dtype)
            return super().forward(*batch)

    learner = Watching()
    train(learner, batches(), adam(1), seed=0, run=Run(precision="bf16"))
    assert set(learner.kinds) == {torch.bfloat16}
    assert {parameter.dtype for parameter in learner.parameters()} == {torch.float32}
    assert learner(table())["loss"].dtype == torch.float32
    with pytest.raises(SettingsError, match="precision is auto, float32 or bf16"):
        train(learner, batches(), adam(1), seed=0, run=Run(precision="half"))  # type: ignore[arg-type]


def test_pictures_may_lie_with_channels_last() -> None:
    class Pictures(Regression):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, bias=False)
            self.lay = False

        def forward(self, *batch: Tensor) -> dict[str, Tensor]:
            parts = (batch[0], self.conv.weight)
            self.lay = all(held.is_contiguous(memory_format=torch.channels_last) for held in parts)
            return {"loss": self.conv(batch[0]).square().mean()}

        def after_step(self) -> None:
            pass

    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    data = Batches(shuffled(6, 3, 0), lambda rows: (x[torch.from_numpy(rows)],))
    found = []
    for last in (True, False):
        torch.manual_seed(0)
        learner = Pictures()
        found.append(train(learner, data, adam(2), seed=0, run=Run(channels_last=last)).loss)
        assert learner.lay is last
        assert learner.conv.weight.is_contiguous()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_the_passes_are_compiled_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def compile(module: nn.Module) -> nn.Module:
        compiled.append(module)
        return module

    monkeypatch.setattr(torch, "compile", compile)
    learner = Regression()
    train(learner, batches(), adam(1), seed=0)
    assert not compiled
    train(learner, batches(), adam(1), seed=0, run=Run(compile=True))
    assert compiled == [learner]


def test_batch_normalisation_is_synchronised_for_a_while() -> None:
    learner = Regression(norm=True)
    layer, names = learner.net[1], set(learner.state_dict())
    with synchronised(learner):
        assert isinstance(learner.net[1], nn.SyncBatchNorm)
        assert learner.net[1].weight is layer.weight
        assert learner.net[1].running_mean is layer.running_mean
        assert set(learner.state_dict()) == names
    assert learner.net[1] is layer


@given(rows=st.integers(1, 60), batch=st.integers(1, 20), seed=st.integers(0, 9), epoch=st.integers(0, 9))
def test_a_shuffled_epoch_has_every_row_once_in_batches_of_one_size(
    rows: int, batch: int, seed: int, epoch: int
) -> None:
    """A small last batch would leave its own statistics in a network with batch normalisation."""
    plan = shuffled(rows, batch, seed)
    parts = plan(epoch)
    left_out = batch == 2 and rows > 2 and rows % 2 == 1
    sizes = [len(part) for part in parts]
    assert len(np.unique(np.concatenate(parts))) == sum(sizes) == rows - left_out
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == -(-rows // batch) - left_out
    assert all(map(np.array_equal, parts, plan(epoch)))
    assert rows < 20 or not np.array_equal(parts[0], plan(epoch + 1)[0]) or batch < 3


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"learning_rate": 0}, {"clip": 0.0}, {"momentum": -1}, {"optimiser": "x"}, {"schedule": ""}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        adam(**wrong)  # type: ignore[arg-type]
