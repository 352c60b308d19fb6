"""Ending a training early, at the end of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

WHY = ("", "stopped by Ctrl-C", "its time is up")
"""Reasons to stop, by their number."""


@contextmanager
def stopping(limit: float | None) -> Iterator[Callable[[], int]]:
    """A function that says why to stop now, as a place in `WHY`; 0 = go on.

    The first Ctrl-C is kept for the end of the step, a second one acts at once. Signals reach the main thread alone,
    so elsewhere Ctrl-C is not listened for.

    Args:
        limit: seconds; None = as long as it takes.
    """
    began, pressed = monotonic(), threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def press(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    def reason() -> int:
        if pressed.is_set():
            return 1
        return 2 if limit is not None and monotonic() - began >= limit else 0

    listening = threading.current_thread() is threading.main_thread() and callable(before)
    try:
        if listening:
            signal.signal(signal.SIGINT, press)
        yield reason
    finally:
        if listening:
            signal.signal(signal.SIGINT, before)
