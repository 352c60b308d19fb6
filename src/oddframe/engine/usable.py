"""Which of the given videos can be used, and what is said of the others and of how these are read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

from oddframe.errors import OddframeWarning, SkippedVideo, VideoError
from oddframe.types import VideoId
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources, find_videos
from oddframe.video.levels import Levels
from oddframe.video.limits import Limits


def videos_of(
    sources: Sources,
    fps: Rate | None = None,
    *,
    failed: Callable[[VideoError], None] | None = None,
    join: bool = False,
    limits: Limits = Limits(),
    starts: str | None = None,
) -> list[Video]:
    """Find the videos that sources hold, as `find_videos` does; opened ones are not searched for again."""
    if isinstance(sources, Video) and not join:
        return [sources]
    if isinstance(sources, list) and sources and not join and all(isinstance(source, Video) for source in sources):
        names = {source.id for source in sources}
        if len(names) == len(sources):
            return list(sources)
    return find_videos(sources, fps=fps, failed=failed, join=join, limits=limits, starts=starts)


def usable_videos(
    sources: Sources,
    fps: Rate | None = None,
    *,
    strict: bool = False,
    join: bool = False,
    limits: Limits = Limits(),
    starts: str | None = None,
    named: Callable[[list[VideoId]], object] | None = None,
) -> list[Video]:
    """Open all videos that sources hold; those that cannot be read are left out, with a warning each.

    A recorder's folder always holds one file that is still being written, and now and then an empty one.

    Args:
        sources, fps, join, limits, starts: as of `find_videos`.
        strict: whether one that cannot be read is an error.
        named: called with the names of all videos, before any is opened.

    Returns:
        Those that can be read, at least one.

    Raises:
        VideoError: `strict`, and some cannot be read, or none can; the message names all of them.
    """
    bad: list[VideoError] = []
    found = videos_of(sources, fps, failed=bad.append, join=join, limits=limits, starts=starts)
    if named is not None:
        named([video.id for video in found])
    good = [video for video in found if opens(video, bad)]
    if bad and (strict or not good):
        raise unreadable(bad, len(good))
    for error in bad:
        warnings.warn(SkippedVideo(f"{error}; left out"), stacklevel=3)
    return good


def opens(video: Video, bad: list[VideoError]) -> bool:
    """Whether a video can be read, as far as opening it tells; if not, its error is added to `bad`."""
    try:
        video.hint  # noqa: B018  opens it
    except VideoError as error:
        bad.append(error)
        return False
    return True


def unreadable(errors: Sequence[VideoError], others: int = 0) -> VideoError:
    """One error for all: a single one as it is, several in one line that names each."""
    if len(errors) == 1:
        return errors[0]
    return VideoError(f"{len(errors)} of {len(errors) + others} videos cannot be read: {'; '.join(map(str, errors))}")


def common_levels(videos: Iterable[Video], given: Levels | None = None) -> Levels | None:
    """The levels by which all deep pictures of several videos are shown; None where none has any.

    Args:
        videos: which.
        given: what a detector was fitted with; it is used as it is.
    """
    deep = [video for video in videos if video.levels is not None]
    return (given or Levels.around(video.levels for video in deep)) if deep else None


class Saying:
    """Warns of how videos are read; of each thing once, and names the first video."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def of(self, video: Video, levels: Levels | None = None) -> None:
        """What is to be said of a video.

        Args:
            video: which.
            levels: by which its deep pictures are shown, where they have more than 8 bits.
        """
        shown = [] if levels is None or video.levels is None else _in_words(video.levels, levels)
        for note in (*video.notes, *shown):
            if note not in self._said:
                self._said.add(note)
                warnings.warn(OddframeWarning(f"{video.source}: {note}"), stacklevel=4)


def _in_words(own: Levels, shown: Levels) -> list[str]:
    """How deep pictures become 8 bits; nothing where all their 16 bits are used."""
    if shown.whole and own.whole:
        return []
    told = [f"pictures of more than 8 bits: values {shown} become black to white"]
    both = min(own.high, shown.high) - max(own.low, shown.low)
    if both < (own.high - own.low) / 2:
        told.append(f"its values are mostly outside of that, from about {own}: fit again on such video")
    return told
