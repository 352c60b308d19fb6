"""`oddframe teach` killed at every point where it touches the saved detector; run by `test_cli_teach_killed`.

A program of its own: it forks, which is safe only while no library has started threads.

    python -m tests.cli.teaching_killed DETECTOR VIDEO SCRATCH
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import faiss  # noqa: F401  # here, so that no child has to
import scipy.spatial  # noqa: F401
import torch

from oddframe.cli import main
from oddframe.engine import store
from oddframe.engine.detector import Detector
from oddframe.testing.faults import at_each, forked, killed


def known(folder: Path) -> tuple[Any, dict[str, bytes]]:
    """All that a saved detector says, but not when it was told."""
    document, tensors, _ = store.read(folder)
    for change in document["fitted"]["changes"]:
        del change["when"]
    flat = {
        f"{group}/{name}": tensor.numpy().tobytes() for group, part in tensors.items() for name, tensor in part.items()
    }
    return document, flat


def teach(folder: Path, video: Path, cache: Path, start: int, end: int) -> None:
    """As on the command line; ends the process."""
    main(["teach", str(folder), str(video), "--from", str(start), "--to", str(end), "--cache", str(cache)])


def teach_and_die(number: int, folder: Path, video: Path, cache: Path) -> None:
    """The same, killed on the way."""
    at_each(folder, partial(killed, number))
    teach(folder, video, cache, 0, 4)


def run(pristine: Path, video: Path, scratch: Path) -> dict[str, Any]:
    """What was found after each kill, and what two at once leave."""
    Detector.load(pristine)  # imports what it needs, once for all children
    cache, taught, both = scratch / "cache", scratch / "taught", scratch / "both"
    for place in (taught, both):
        shutil.copytree(pristine, place)
    assert os.waitpid(forked(lambda: teach(taught, video, cache, 0, 4)), 0)[1] == 0
    old, new = known(pristine), known(taught)
    found, status, number = [], -1, -1
    while status:
        number += 2  # every second point is enough: `test_store` takes each of them, if in one process
        folder = Path(shutil.copytree(pristine, scratch / f"{number}.oddframe"))
        status = os.waitpid(forked(partial(teach_and_die, number, folder, video, cache)), 0)[1]
        assert os.WIFSIGNALED(status) or status == 0
        here = known(folder)
        found.append("old" if here == old else "new" if here == new else "neither")
        Detector.load(folder).save(folder)
        assert known(folder) == here
    children = [forked(partial(teach, both, video, cache, *times)) for times in ((0, 2), (2, 4))]
    codes = [os.waitpid(child, 0)[1] for child in children]
    frames = sorted(change["frames"] for change in known(both)[0]["fitted"]["changes"])
    return {"found": found, "codes": codes, "frames": frames}


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(json.dumps(run(*map(Path, sys.argv[1:]))))
