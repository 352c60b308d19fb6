"""Observation sources that the engine makes: over cache entries, and over a part of another source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from oddframe.engine.entry import Entry, empty_rows
from oddframe.engine.shards import MappedFiles, pieces
from oddframe.errors import VideoError
from oddframe.models.source import ObservationSource
from oddframe.scoring import Reasons, untouched
from oddframe.types import IntArray, Json, Observations, Spec, VideoId, VideoInfo, Window


class NumberedSource(ObservationSource):
    """A source that knows where each video's observations begin, what windows it used, and which frames are unscorable.

    Args:
        infos: its videos, counted.
        counts: how many observations each has.
    """

    def __init__(self, infos: Sequence[VideoInfo], counts: Sequence[int]) -> None:
        self._infos = tuple(infos)
        self._place = {info.id: place for place, info in enumerate(infos)}
        self._starts: IntArray = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    def videos(self) -> Sequence[VideoInfo]:
        return self._infos

    def rows(self, video: VideoId) -> range:
        place = self._place[video]
        return range(int(self._starts[place]), int(self._starts[place + 1]))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def window(self, video: VideoId) -> Window:
        """What one observation needed; a source that never saw frames needs the frame itself."""
        return Window(1)

    def reasons(self, video: VideoId) -> Reasons:
        """The video's unscorable frames."""
        return ()


class CachedSource(NumberedSource):
    """Memory-mapped observations of many videos, without those that saw an unscorable frame.

    Args:
        spec: what their data look like.
        items: per video its description, what one observation needed, and its cache entry, which must stay.
    """

    def __init__(self, spec: Spec, items: Sequence[tuple[VideoInfo, Window, Entry]]) -> None:
        self._spec = spec
        self._windows = {info.id: window for info, window, _ in items}
        self._entries = [entry for _, _, entry in items]
        self._kept = [_kept(entry, window) for _, window, entry in items]
        self._files = MappedFiles()
        infos = [replace(info, frames=entry.frames) for info, _, entry in items]
        counts = [
            entry.rows if kept is None else len(kept) for entry, kept in zip(self._entries, self._kept, strict=True)
        ]
        super().__init__(infos, counts)

    @property
    def spec(self) -> Spec:
        return self._spec

    def columns(self, video: VideoId) -> Observations:
        place = self._place[video]
        whole, kept = self._entries[place].observations(video), self._kept[place]
        return whole if kept is None else whole.select(kept)

    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        rows = np.asarray(indices, np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < len(self)):
            raise IndexError(f"there are {len(self)} observations, asked for {rows.min()} to {rows.max()}")
        arrays, tensors = empty_rows(self._spec, len(rows))
        for place, within, where in pieces(rows, self._starts[:-1]):
            kept = self._kept[place]
            here = within if kept is None else kept[within]
            for name, array in arrays.items():
                self._entries[place].read(name, here, self._files, array, where)
        return tensors

    def window(self, video: VideoId) -> Window:
        return self._windows[video]

    def reasons(self, video: VideoId) -> Reasons:
        return self._entries[self._place[video]].reasons

    def views(self) -> tuple[Json, ...]:
        """What the camera saw, per video where that is known, as JSON values."""
        return tuple(entry.view for entry in self._entries if entry.view is not None)


class SourcePart(NumberedSource):
    """Some observations of another source.

    Args:
        whole: the other source.
        rows: per video the kept rows, counted within the video, ascending; videos that are not named are left out.
        reasons: frames that are unscorable here, in addition.
    """

    def __init__(
        self,
        whole: ObservationSource,
        rows: Mapping[VideoId, IntArray],
        reasons: Mapping[VideoId, Reasons] | None = None,
    ) -> None:
        self._whole = whole
        self._rows, self._more = dict(rows), dict(reasons or {})
        infos = [info for info in whole.videos() if info.id in rows]
        self._numbers: IntArray = np.concatenate(
            [np.zeros(0, np.int64), *(whole.rows(info.id).start + rows[info.id] for info in infos)]
        )
        super().__init__(infos, [len(rows[info.id]) for info in infos])

    @property
    def spec(self) -> Spec:
        return self._whole.spec

    def columns(self, video: VideoId) -> Observations:
        return self._whole.columns(video).select(self._rows[video])

    def take(self, indices: IntArray) -> Mapping[str, Tensor]:
        return self._whole.take(self._numbers[np.asarray(indices, np.int64)])

    def label(self, video: VideoId) -> bool | None:
        return self._whole.label(video)

    def window(self, video: VideoId) -> Window:
        return window_of(self._whole, video)

    def reasons(self, video: VideoId) -> Reasons:
        return self._more.get(video, ()) + reasons_of(self._whole, video)


def window_of(source: ObservationSource, video: VideoId) -> Window:
    """What one observation of this video needed."""
    return source.window(video) if isinstance(source, NumberedSource) else Window(1)


def reasons_of(source: ObservationSource, video: VideoId) -> Reasons:
    """The video's unscorable frames."""
    return source.reasons(video) if isinstance(source, NumberedSource) else ()


def frames_of(info: VideoInfo, source: ObservationSource) -> int:
    """How many frames a source's video has, counted or, where nobody did, as far as its observations reach."""
    return info.frames if info.frames is not None else source.columns(info.id).through


def only_video(source: ObservationSource, given: object) -> VideoInfo:
    """The one video of a source, counted. Raises `VideoError` where there are several; it names what was given."""
    infos = source.videos()
    if len(infos) != 1:
        raise VideoError(f"{given}: holds {len(infos)} videos; name one")
    return replace(infos[0], frames=frames_of(infos[0], source))


def _kept(entry: Entry, window: Window) -> IntArray | None:
    """Which rows saw scorable frames only; None for all."""
    if not entry.reasons or not entry.rows:
        return None
    return np.flatnonzero(untouched(entry.observations(""), window, entry.frames, entry.reasons))
