"""What each process does in `test_processes.py`: trainings whose results it writes for the test to compare."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed

from oddframe.errors import Interrupted, SettingsError
from oddframe.training.devices import gathered
from oddframe.training.loop import train
from oddframe.types import Run
from tests.training.tasks import Regression, adam, batches, parameters


def main(folder: Path) -> None:
    found: dict[str, object] = {}
    plain, norm, resumed = Regression(), Regression(norm=True), Regression()
    history = train(plain, batches(), adam(clip=0.05), seed=0, run=Run(log=folder / "log"))
    found["plain"], found["losses"] = parameters(plain), torch.from_numpy(history.losses["size"])
    train(norm, batches(batch=6), adam(), seed=0)  # no process may have a single row
    found["norm"] = parameters(norm)
    rank = distributed.get_rank()
    found["gathered"] = gathered(torch.arange(3 - rank)[:, None] + 10 * rank)
    found["stopped"] = _stopped(lambda: train(resumed, batches(), adam(clip=0.05), seed=0, run=_brief(folder, rank)))
    train(resumed, batches(), adam(clip=0.05), seed=0, run=Run(checkpoints=folder / "kept"))
    found["resumed"] = parameters(resumed)
    found["refused"] = _stopped(lambda: train(Regression(), batches(1, 20), adam(), seed=0))
    torch.save(found, folder / f"{rank}.pt")
    distributed.destroy_process_group()


def _brief(folder: Path, rank: int) -> Run:
    """Only one of the processes is short of time; all stop."""
    return Run(checkpoints=folder / "kept", time_limit=0.0 if rank else None)


def _stopped(work: object) -> str:
    try:
        work()  # type: ignore[operator]
    except (Interrupted, SettingsError) as error:
        return str(error)
    return "went on"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
