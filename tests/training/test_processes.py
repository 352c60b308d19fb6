"""Two processes that share each batch do what one does with all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
import torch

from oddframe.training.devices import gathered
from oddframe.training.loop import train
from tests.conftest import ROOT
from tests.training.tasks import Regression, adam, batches, parameters


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("several")
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--module", "tests.training.several"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [sys.executable, "-m", *launch, folder],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as several:
        try:
            _, errors = several.communicate(timeout=300)
        except BaseException:
            os.killpg(several.pid, signal.SIGKILL)  # a launcher that is killed alone leaves what it launched
            raise
    assert several.returncode == 0, errors
    assert len(list((folder / "log").iterdir())) == 1
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def test_they_end_with_the_parameters_of_one(found: list[dict[str, Any]]) -> None:
    """Five rows are cut into three and two, and the last batch has one each; gradients are clipped as one."""
    alone = Regression()
    history = train(alone, batches(), adam(clip=0.05), seed=0)
    assert torch.equal(found[0]["plain"], found[1]["plain"])
    torch.testing.assert_close(found[0]["plain"], parameters(alone), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[0]["losses"], torch.from_numpy(history.losses["size"]), rtol=1e-5, atol=1e-6)
    assert torch.equal(found[0]["losses"], found[1]["losses"])


def test_batch_statistics_are_told_to_all_in_the_end(found: list[dict[str, Any]]) -> None:
    assert torch.equal(found[0]["norm"], found[1]["norm"])


def test_rows_are_gathered_in_the_order_of_the_processes(found: list[dict[str, Any]]) -> None:
    assert [one["gathered"].flatten().tolist() for one in found] == [[0, 1, 2, 10, 11]] * 2
    rows = torch.ones(2, 3, requires_grad=True)
    assert gathered(rows).tolist() == rows.tolist()
    assert not gathered(rows).requires_grad


def test_they_stop_together_and_go_on_together(found: list[dict[str, Any]]) -> None:
    assert [one["stopped"].partition(";")[0] for one in found] == ["training: its time is up after step 1 of 20"] * 2
    for one in found:
        assert torch.equal(one["resumed"], one["plain"])


def test_a_batch_that_cannot_be_cut_is_refused(found: list[dict[str, Any]]) -> None:
    assert {one["refused"].partition(";")[0] for one in found} == {"a batch of 1 rows cannot be cut among 2 processes"}
