"""Scored observations on disk, one file for each test video, so that a run that was killed can be continued."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from oddframe.engine.score import Judged
from oddframe.files import UNREADABLE, replace_durably, storing
from oddframe.types import HotSpots, Observations, Scored, Times, VideoInfo, Window

FORMAT = 3
"""Of the files; those of another are ignored, and replaced."""

REMEDY = "free some space, or choose another folder with --output"

_UNREADABLE: tuple[type[Exception], ...] = (SafetensorError, *UNREADABLE)
_COLUMNS, _OF_SPOTS = ("frame", "span", "ready", "box"), ("row", "box", "score")
_PART, _SPOT = "part ", "region "


@dataclass(frozen=True, slots=True)
class ScoredVideo:
    """The scored observations of one video, and the seconds that scoring took, without observing."""

    judged: Judged
    seconds: float


class ScoredFolder:
    """The scored videos of one detector.

    Args:
        folder: made when first written to.
        key: of the detector; files of another one are ignored, and replaced.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key

    def get(self, number: int, video: str, make: Callable[[], ScoredVideo]) -> ScoredVideo:
        """Return the scored video: from its file if there is one that fits, else scored now and stored.

        Args:
            number: of the video in its split.
            video: a key of the video's content.
            make: scores it.

        Raises:
            StoreError: the file cannot be written.
        """
        path = self._path(number)
        kept = self._read(path, video)
        if kept is None:
            kept = make()
            self._write(path, kept, video)
        return kept

    def all_or_none(self, videos: Sequence[str], make: Callable[[], Iterable[ScoredVideo]]) -> list[ScoredVideo]:
        """Return all scored videos of a split: from their files if none is missing, else scored now and stored.

        Args:
            videos: keys of the videos' contents, in the order of the split.
            make: scores all of them, in that order.

        Raises:
            StoreError: a file cannot be written.
        """
        found = [self._read(self._path(number), video) for number, video in enumerate(videos)]
        there = [kept for kept in found if kept is not None]
        if len(there) == len(found):
            return there
        made = []
        for number, (video, kept) in enumerate(zip(videos, make(), strict=True)):
            self._write(self._path(number), kept, video)
            made.append(kept)
        return made

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04d}.safetensors"

    def _read(self, path: Path, video: str) -> ScoredVideo | None:
        try:
            with safe_open(path, "numpy") as file:
                meta = json.loads(file.metadata()["oddframe"])
                if [meta["format"], meta["key"], meta["video"]] != [FORMAT, self._key, video]:
                    return None
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
            return _kept(arrays, meta)
        except _UNREADABLE:
            return None  # not there, cut or of another make: it is scored again

    def _write(self, path: Path, kept: ScoredVideo, video: str) -> None:
        meta = _described(kept) | {"format": FORMAT, "key": self._key, "video": video}
        content = save(_arrays(kept.judged.scored), {"oddframe": json.dumps(meta)})
        with storing(self._folder, REMEDY):
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_durably(path, content)


def _arrays(scored: Scored) -> dict[str, Any]:
    """What figures are made of; maps are not, once it is known what stands out in them."""
    seen, spots = scored.observations, scored.hot_spots
    columns = {name: getattr(seen, name) for name in _COLUMNS}
    found = {} if spots is None else {f"{_SPOT}{name}": getattr(spots, name) for name in _OF_SPOTS}
    parts = {f"{_PART}{name}": part for name, part in scored.parts.items()}
    return {name: np.array(array) for name, array in {"score": scored.score, **columns, **found, **parts}.items()}


def _described(kept: ScoredVideo) -> dict[str, Any]:
    info = kept.judged.info
    return {
        "seconds": kept.seconds,
        "info": {name: getattr(info, name) for name in ("id", "width", "height", "frames", "fps_assumed")},
        "fps": str(info.fps),
        "times": None if info.times is None else info.times.to_json(),
        "window": asdict(kept.judged.window),
        "reasons": [list(run) for run in kept.judged.reasons],
    }


def _kept(arrays: dict[str, Any], meta: dict[str, Any]) -> ScoredVideo:
    times = None if meta["times"] is None else Times.from_json(meta["times"])
    info = VideoInfo(**meta["info"], fps=Fraction(meta["fps"]), times=times)
    seen = Observations(video=info.id, through=info.frames or 0, **{name: arrays[name] for name in _COLUMNS})
    reasons = tuple((int(start), int(stop), str(word)) for start, stop, word in meta["reasons"])
    parts = {name.removeprefix(_PART): array for name, array in arrays.items() if name.startswith(_PART)}
    found = {name: arrays[f"{_SPOT}{name}"] for name in _OF_SPOTS if f"{_SPOT}{name}" in arrays}
    scored = Scored(seen, arrays["score"], parts, hot_spots=HotSpots(**found) if found else None)
    return ScoredVideo(Judged(info, Window(**meta["window"]), scored, reasons), float(meta["seconds"]))
