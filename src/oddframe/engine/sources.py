"""The engine's observation sources: cache entries, parts of sources, and labelled videos as a regime needs them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from oddframe.cache.entry import Entry, empty_rows
from oddframe.cache.shards import MappedFiles, pieces
from oddframe.errors import DataError, FitError, VideoError
from oddframe.models.base import Regime
from oddframe.models.source import ObservationSource
from oddframe.scoring import Reasons, as_codes, untouched
from oddframe.types import IntArray, Json, Observations, Spec, Times, VideoId, VideoInfo, Window
from oddframe.video.levels import Levels


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
        levels: by which its deep pictures were shown; None where there were none.
    """

    def __init__(
        self, spec: Spec, items: Sequence[tuple[VideoInfo, Window, Entry]], levels: Levels | None = None
    ) -> None:
        self._spec, self.levels = spec, levels
        self._windows = {info.id: window for info, window, _ in items}
        self._entries = [entry for _, _, entry in items]
        self._kept = [_kept(info, entry, window) for info, window, entry in items]
        self._files = MappedFiles()
        infos = [info.counted(entry.frames, entry.times) for info, _, entry in items]
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


def counted(info: VideoInfo, source: ObservationSource) -> VideoInfo:
    """What is known of a source's video, its frames counted."""
    return info if info.frames is not None else info.counted(frames_of(info, source))


def times_of(info: VideoInfo, source: ObservationSource) -> Times:
    """When the frames of a source's video are."""
    return counted(info, source).frame_times()


def only_video(source: ObservationSource) -> VideoInfo:
    """The one video of a source, counted. Raises `VideoError` where there are several."""
    infos = source.videos()
    if len(infos) != 1:
        raise VideoError(f"{named(source) or 'the source'}: {len(infos)} videos; give one")
    return counted(infos[0], source)


def _kept(info: VideoInfo, entry: Entry, window: Window) -> IntArray | None:
    """Which rows saw scorable frames only; None for all."""
    if not entry.reasons or not entry.rows:
        return None
    times = info.counted(entry.frames, entry.times).frame_times()
    return np.flatnonzero(untouched(entry.observations(""), window, times, entry.reasons))


class LabelledSource(SourcePart):
    """Some videos of a source, with labels.

    Args:
        whole: the other source.
        videos: which of its videos.
        labels: video -> whether it contains an anomaly; for others the source itself is asked.
    """

    def __init__(
        self, whole: ObservationSource, videos: frozenset[VideoId], labels: Mapping[VideoId, bool] | None = None
    ) -> None:
        names = [info.id for info in whole.videos() if info.id in videos]
        super().__init__(whole, {name: np.arange(len(whole.rows(name))) for name in names})
        self._labels = dict(labels or {})

    def label(self, video: VideoId) -> bool | None:
        return self._labels.get(video, self._whole.label(video))

    def views(self) -> tuple[Json, ...]:
        """What the camera saw, per video where that is known."""
        return self._whole.views() if isinstance(self._whole, CachedSource) else ()

    @property
    def levels(self) -> Levels | None:
        """By which its deep pictures were shown, where that is known."""
        return self._whole.levels if isinstance(self._whole, CachedSource | LabelledSource) else None


def taught(source: ObservationSource, labels: Mapping[VideoId, bool] | None, regime: Regime) -> ObservationSource:
    """What a model of this regime may learn from.

    One-class models get none of the videos that are labelled abnormal. Weak supervision needs a label for each video,
    and both kinds.

    Args:
        source: all videos.
        labels: video -> whether it contains an anomaly; None = only what the source says itself.
        regime: of the model.

    Raises:
        DataError: labels of unknown videos, videos without a label, or two of one name.
        FitError: only one kind of video, where both are needed; or nothing but abnormal ones, where none may be.
    """
    check_labels([info.id for info in source.videos()], labels)
    whole = LabelledSource(source, frozenset(info.id for info in source.videos()), labels)
    said = {info.id: whole.label(info.id) for info in whole.videos()}
    if regime is Regime.WEAK:
        _check_both(said)
        return whole
    if regime is Regime.ONE_CLASS and any(said.values()):
        normal = frozenset(name for name, odd in said.items() if not odd)
        if not normal:
            raise FitError("all videos are labelled abnormal, and this model learns from normal ones; give some")
        return LabelledSource(source, normal, labels)
    return source


def check_labels(videos: list[VideoId], labels: Mapping[VideoId, bool] | None) -> None:
    """Raise `DataError` where labels name unknown videos or videos share a name."""
    if labels is None:
        return
    if twice := [name for name, count in Counter(videos).items() if count > 1]:
        raise DataError(f"{len(twice)} names are there twice, as {twice[0]!r}; a label could mean either: rename one")
    if strangers := sorted(labels.keys() - set(videos)):
        near = difflib.get_close_matches(strangers[0], videos, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {len(videos)} others"
        raise DataError(f"{len(strangers)} labels name no video, as {strangers[0]!r}; {hint}")


def _check_both(said: Mapping[VideoId, bool | None]) -> None:
    if missing := [name for name, odd in said.items() if odd is None]:
        raise DataError(f"{len(missing)} videos have no label, as {missing[0]!r}; weak supervision needs one for each")
    if len(set(said.values())) < 2:
        kind = "abnormal" if any(said.values()) else "normal"
        raise FitError(
            f"all {len(said)} videos are labelled {kind}; weak supervision compares both kinds: give the other"
        )


def why_nothing(source: ObservationSource, remedy: str = "give video in which normal things happen") -> str:
    """Why there is not one observation, for all videos together, and what to do about it."""
    words: Counter[str] = Counter()
    for info in source.videos():
        times, window = times_of(info, source), window_of(source, info.id)
        frames = len(times)
        if not len(window.over(times)):
            words[f"in video shorter than the {window.extent} frames that one observation needs"] += frames
            continue
        code, names = as_codes(reasons_of(source, info.id), frames)
        for number, count in zip(*np.unique(code, return_counts=True), strict=True):
            words[f"not scorable ({names[number]})" if number else "without anything to observe"] += int(count)
    if not words:
        return "there is no video to fit on; name some"
    told = ", ".join(f"{count} frames {word}" for word, count in words.most_common())
    return f"nothing to learn from in {named(source)}: {told}; {remedy}"


def named(source: ObservationSource) -> str:
    """The names of its first videos, and how many more there are."""
    names = [info.id for info in source.videos()]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
