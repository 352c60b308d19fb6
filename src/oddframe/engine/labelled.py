"""Sources whose videos have labels, and what a regime makes of them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from oddframe.engine.source import CachedSource, SourcePart
from oddframe.errors import DataError, FitError
from oddframe.models.base import Regime
from oddframe.models.source import ObservationSource
from oddframe.types import Json, VideoId


class LabelledSource(SourcePart):
    """Some videos of a source, with labels.

    Args:
        whole: the other source.
        videos: which of its videos.
        labels: video -> whether something odd happens in it; for others the source itself is asked.
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


def taught(source: ObservationSource, labels: Mapping[VideoId, bool] | None, regime: Regime) -> ObservationSource:
    """What a model of this regime may learn from.

    One-class models get none of the videos that are labelled abnormal. Weak supervision needs a label for each video,
    and both kinds.

    Args:
        source: all videos.
        labels: video -> whether something odd happens in it; None = only what the source says itself.
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
    """Raise `DataError` where labels name strangers or videos share a name."""
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
