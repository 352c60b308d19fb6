"""Where a training runs: device, precision, processes; batch normalisation and random numbers over several of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn

from oddframe.errors import SettingsError
from oddframe.types import IntArray, Run


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """The devices and processes that the loop runs on.

    Args:
        accelerator: of Hugging Face accelerate.
        device: where this process computes.
        pictures: the memory format of tensors of four dimensions.
    """

    accelerator: Any
    device: torch.device
    pictures: torch.memory_format

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files and reports progress."""
        return bool(self.accelerator.is_main_process)

    @property
    def processes(self) -> int:
        """How many processes train together."""
        return int(self.accelerator.num_processes)

    @property
    def number(self) -> int:
        """The number of this process, from 0."""
        return int(self.accelerator.process_index)

    def own(self, rows: IntArray) -> IntArray:
        """Cut a batch among the processes, in their order.

        Returns:
            This process's piece of `rows`.

        Raises:
            SettingsError: there are fewer rows than processes.
        """
        count = self.processes
        if len(rows) < count:
            raise SettingsError(
                f"a batch of {len(rows)} rows cannot be cut among {count} processes; "
                "choose another batch size, or start fewer processes"
            )
        share: IntArray = np.array_split(rows, count)[self.number]
        return share

    def settle(self, module: nn.Module) -> None:
        """Move a module to the device."""
        module.to(self.device)
        module.to(memory_format=self.pictures)  # type: ignore[call-overload]

    def placed(self, tensor: Tensor) -> Tensor:
        """The tensor on the device."""
        return tensor.to(self.device, memory_format=self.pictures if tensor.dim() == 4 else torch.preserve_format)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        summed: Tensor = self.accelerator.reduce(values, "sum")
        return summed

    def agreed(self, number: int) -> int:
        """The largest number of any process."""
        if self.processes == 1:
            return number
        return int(self.accelerator.gather(torch.tensor([number], device=self.device)).max())

    def wait(self) -> None:
        """Wait until all processes have come here."""
        self.accelerator.wait_for_everyone()

    def alike(self, module: nn.Module) -> None:
        """Give all processes the buffers of the first one (batch statistics differ between processes)."""
        if self.processes > 1:
            for buffer in module.buffers():
                torch.distributed.broadcast(buffer, 0)


def home(module: nn.Module) -> None:
    """Move a module back to the CPU, in eval mode."""
    module.to("cpu").eval()
    module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


@contextmanager
def machine(run: Run) -> Iterator[Machine]:
    """Give the machine that a run asks for, while the block lasts.

    accelerate holds one state for the whole program. Ours replaces it for the time of the block, so that neither an
    earlier training nor a program that uses accelerate itself can influence this one.

    Yields:
        The machine.

    Raises:
        SettingsError: the device does not compute in the precision.
    """
    from accelerate import Accelerator  # noqa: PLC0415  accelerate is slow to import, and few need it
    from accelerate.state import AcceleratorState, GradientState, PartialState  # noqa: PLC0415

    device = torch.device(run.device)
    states = [state._shared_state for state in (AcceleratorState, GradientState, PartialState)]
    before = [dict(state) for state in states]
    try:
        for state in states:
            state.clear()
        accelerator = Accelerator(
            cpu=device.type == "cpu", mixed_precision=_precision(run, device), device_placement=False
        )
        alone = accelerator.num_processes == 1
        lying = torch.channels_last if run.channels_last else torch.preserve_format
        yield Machine(accelerator, device if alone else accelerator.device, lying)
    finally:
        for state, was in zip(states, before, strict=True):
            state.clear()
            state.update(was)


def _precision(run: Run, device: torch.device) -> str:
    """What accelerate calls it."""
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if run.precision == "bf16" and device.type == "cuda" and not native:
        raise SettingsError(f"precision bf16: {run.device} does not compute in it; choose float32")
    if run.precision not in ("auto", "float32", "bf16"):
        raise SettingsError(f"precision is auto, float32 or bf16, not {run.precision!r}")
    return "bf16" if run.precision == "bf16" or (run.precision == "auto" and native) else "no"


def is_first() -> bool:
    """Whether this process writes files and reports progress: the first of those that a launcher started."""
    return int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """How many processes train together; 1 where nobody started more."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def gathered(tensor: Tensor) -> Tensor:
    """The (n, ...) rows of all processes in process order, without gradient; with one process the tensor itself.

    Processes may hold different numbers of rows; together they give the rows of the whole batch in its order.
    """
    count = processes()
    if count == 1:
        return tensor.detach()
    rows = [torch.zeros(1, dtype=torch.long, device=tensor.device) for _ in range(count)]
    distributed.all_gather(rows, torch.tensor([len(tensor)], device=tensor.device))
    most = max(int(row) for row in rows)
    padded = tensor.new_zeros((most, *tensor.shape[1:]))
    padded[: len(tensor)] = tensor.detach()
    parts = [torch.empty_like(padded) for _ in range(count)]
    distributed.all_gather(parts, padded)
    return torch.cat([part[: int(row)] for part, row in zip(parts, rows, strict=True)])


@contextmanager
def synchronised(module: nn.Module) -> Iterator[None]:
    """Let the module's batch normalisations see the rows of all processes while the block lasts (GPUs only).

    Parameters and buffers are those of the module's own layers, which come back afterwards.

    Yields:
        Nothing.
    """
    replaced = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.modules.batchnorm._BatchNorm)
    ]
    nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for parent, name, child in replaced:
            setattr(parent, name, child)


@contextmanager
def own_random(device: torch.device) -> Iterator[None]:
    """Restore torch's global generators after the block.

    Yields:
        Nothing.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        yield


def begin_step(seed: int, step: int, process: int, device: torch.device) -> None:
    """Seed torch's generators for one step, so that checkpoints need not hold their state.

    Random numbers then depend on the seed, the step and the process alone.

    Args:
        seed: of the training.
        step: its number, from 0.
        process: its number, from 0.
        device: whose generator is seeded, beside the CPU's.
    """
    number = int(np.random.SeedSequence((seed, step, process)).generate_state(1, np.uint64)[0]) >> 1
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)
