"""Scored observations on disk, a file a test video, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from oddframe.engine.score import Judged
from oddframe.files import replace_durably, storing
from oddframe.types import Observations, Scored, VideoInfo, Window

REMEDY = "free some space, or choose another folder with --output"


@dataclass(frozen=True, slots=True)
class Kept:
    """One video's scored observations, and how long scoring took, without observing."""

    judged: Judged
    seconds: float


class ScoredFolder:
    """Scored videos of one detector.

    Args:
        folder: made when first written to.
        key: of the detector; files of another one are ignored, and replaced.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key

    def get(self, number: int, video: str, make: Callable[[], Kept]) -> Kept:
        """The scored video: from its file if it is there and fits, else made now, and kept.

        Args:
            number: of the video in its split.
            video: identifies the video's content.
            make: scores it.

        Raises:
            StoreError: the file cannot be written.
        """
        path = self._folder / f"{number:04d}.safetensors"
        kept = self._read(path, video)
        if kept is None:
            kept = make()
            self._write(path, kept, video)
        return kept

    def _read(self, path: Path, video: str) -> Kept | None:
        try:
            with safe_open(path, "numpy") as file:
                meta = json.loads(file.metadata()["oddframe"])
                if [meta["key"], meta["video"]] != [self._key, video]:
                    return None
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
            return _kept(arrays, meta)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None  # not there, cut or of another make: it is scored again

    def _write(self, path: Path, kept: Kept, video: str) -> None:
        meta = _described(kept) | {"key": self._key, "video": video}
        content = save(_arrays(kept.judged.scored), {"oddframe": json.dumps(meta)})
        with storing(self._folder, REMEDY):
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_durably(path, content)


def _arrays(scored: Scored) -> dict[str, Any]:
    seen = scored.observations
    return {
        "score": np.array(scored.score),
        "frame": np.array(seen.frame),
        "span": np.array(seen.span),
        "ready": np.array(seen.ready),
        "box": np.array(seen.box),
    }


def _described(kept: Kept) -> dict[str, Any]:
    info = kept.judged.info
    return {
        "seconds": kept.seconds,
        "info": {**asdict(info), "fps": str(info.fps)},
        "window": asdict(kept.judged.window),
        "reasons": [list(run) for run in kept.judged.reasons],
    }


def _kept(arrays: dict[str, Any], meta: dict[str, Any]) -> Kept:
    info = VideoInfo(**{**meta["info"], "fps": Fraction(meta["info"]["fps"])})
    columns = {name: arrays[name] for name in ("frame", "span", "ready", "box")}
    seen = Observations(video=info.id, through=info.frames or 0, **columns)
    reasons = tuple((int(start), int(stop), str(word)) for start, stop, word in meta["reasons"])
    judged = Judged(info, Window(**meta["window"]), Scored(seen, arrays["score"]), reasons)
    return Kept(judged, float(meta["seconds"]))
