"""Losses as TensorBoard draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from oddframe.errors import SettingsError
from oddframe.files import storing


@contextmanager
def scalars(folder: Path | None, step: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A function that notes the values of a step; it does nothing without a folder.

    Args:
        folder: where TensorBoard will look.
        step: the first that will be noted; what an interrupted run noted from there on is not shown.

    Raises:
        SettingsError: the package tensorboard is missing.
        StoreError: the folder cannot be written.
    """
    if folder is None:
        yield lambda _step, _values: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  an extra
    except ImportError as error:
        raise SettingsError(
            "a training log needs the package tensorboard; pip install 'oddframe[tensorboard]'"
        ) from error
    with storing(folder, "free some space or choose another folder for the log"):
        writer = SummaryWriter(str(folder), purge_step=step)

    def note(step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    try:
        yield note
    finally:
        writer.close()
