"""Several processes that observe videos side by side. What they see is what one would see, to the bit."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TypeAlias

import cv2
import torch

from oddframe.cache.cache import ObservationCache
from oddframe.engine.observe import Watching
from oddframe.errors import SettingsError, VideoError, WorkerDied
from oddframe.types import Progress, Run
from oddframe.video.base import Video

OFTEN = 0.1
"""Seconds between two words of progress from one worker."""

Task: TypeAlias = tuple[Video, str]
"""A video and its cache key."""

Entering: TypeAlias = Callable[[Video, str, Watching, ObservationCache, Run], object]
"""Makes a video's entry where nobody has; a function that can be pickled."""


def observe_apart(
    tasks: Sequence[Task],
    watching: Watching,
    cache: ObservationCache,
    run: Run,
    done: Callable[[int], object],
    *,
    entered: Entering,
    patient: bool = False,
) -> None:
    """Fill a cache with what is seen in videos, `run.workers` at a time.

    Workers are fresh interpreters: a script that asks for them guards its start by `if __name__ == "__main__":`.

    Args:
        tasks: what to observe.
        watching: how.
        cache: where entries go.
        run: where and how to run; its progress hears of all workers' videos.
        done: is called with a task's number once its entry is there.
        entered: makes the entries.
        patient: whether a video that cannot be read is passed over, and the others go on.

    Raises:
        OddframeError: as observing one video does; the others are stopped.
        WorkerDied: a worker ended without a word.
        SettingsError: the observer cannot be handed to another process.
    """
    first = _pickled(watching, entered, cache, replace(run, progress=_unheard))
    waiting = list(enumerate(tasks))[::-1]
    with _workers(min(run.workers, len(tasks)), first) as workers:
        busy: dict[Connection, int] = {}
        idle = list(workers)
        while waiting or busy:
            while waiting and idle:
                number, task = waiting.pop()
                busy[idle[-1]] = number
                _give(idle.pop(), task)
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                try:
                    finished = _answered(ready, workers[ready], tasks[busy[ready]], run)
                except VideoError:
                    if not patient:
                        raise
                    del busy[ready]
                    idle.append(ready)
                    continue
                if finished:
                    done(busy.pop(ready))
                    idle.append(ready)


def _pickled(watching: Watching, entered: Entering, cache: ObservationCache, run: Run) -> bytes:
    """What every worker needs; it travels through a pipe of ours and never lies in a file."""
    threads = (torch.get_num_threads(), max(1, (os.cpu_count() or 1) // run.workers))
    try:
        return pickle.dumps((watching, entered, str(cache.folder), run, threads))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"observer {watching.observer.name!r} cannot be handed to another process ({error}); use one worker"
        ) from error


@contextmanager
def _workers(count: int, first: bytes) -> Iterator[dict[Connection, SpawnProcess]]:
    """Processes, each with our end of a pipe to it; none outlives the block, however it ends."""
    spawn = multiprocessing.get_context("spawn")
    workers: dict[Connection, SpawnProcess] = {}
    try:
        for number in range(count):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_work, args=(theirs, first), name=f"observer {number}", daemon=True)
            workers[ours] = process
            process.start()
            theirs.close()  # else nobody would notice that the worker is gone
        yield workers
    finally:
        for ours, process in workers.items():
            ours.close()
            if process.pid is not None:
                process.terminate()
                process.join()


def _give(worker: Connection, task: Task) -> None:
    try:
        with suppress(BrokenPipeError):  # reading from it will tell
            worker.send(task)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{task[0].source}: cannot be handed to another process ({error}); use one worker"
        ) from error


def _answered(worker: Connection, process: SpawnProcess, task: Task, run: Run) -> bool:
    """Hear one word of a worker: whether it has finished its task."""
    try:
        word, told = worker.recv()
    except (EOFError, ConnectionResetError) as error:
        process.join()
        raise WorkerDied(
            f"{task[0].source}: the process that observed it ended (exit code {process.exitcode}), perhaps for want of"
            " memory or of an `if __name__ == '__main__':` in the script that started it; use fewer workers"
        ) from error
    if word == "progress":
        run.progress(told)
    elif word == "warning":
        warnings.warn(told, stacklevel=5)
    elif word == "error":
        raise told
    return bool(word == "done")


def _unheard(_: Progress) -> None:
    return None


def _work(pipe: Connection, first: bytes) -> None:
    """What a worker does until the pipe closes. Ctrl-C is the parent's business: it ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watching, entered, folder, run, (torch_threads, cv_threads) = pickle.loads(first)  # noqa: S301
    torch.set_num_threads(torch_threads)  # sums depend on their number, flow and pictures do not
    cv2.setNumThreads(cv_threads)
    told = replace(run, progress=_Throttled(pipe))
    # It is the parent who makes room: entries of ours are in nobody's use until it has heard of them.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = pipe.recv()
            with ObservationCache(folder, limit=sys.maxsize) as cache:
                pipe.send(_observed(pipe, task, partial(entered, watching=watching, cache=cache, run=told)))


def _observed(pipe: Connection, task: Task, entered: Callable[[Video, str], object]) -> tuple[str, Exception | None]:
    """The last word about a task; warnings are told before."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            entered(*task)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            return "error", _portable(error)
    for warning in caught:
        pipe.send(("warning", warning.message))
    return "done", None


def _portable(error: Exception) -> Exception:
    """The error itself where it survives the way to another process, else its text."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error if isinstance(again, type(error)) else RuntimeError(f"{type(error).__name__}: {error}")


class _Throttled:
    """Tells the parent how far things have come, now and then."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._last = pipe, 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= OFTEN or progress.done == progress.total:
            self._last = now
            self._pipe.send(("progress", progress))
