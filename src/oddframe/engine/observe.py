"""A video through mask, observer and camera health, in one pass; live and offline alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np

from oddframe.cache.entry import EntryWriter
from oddframe.errors import EmptyVideo, OddframeError, SettingsError
from oddframe.observers.base import Observer
from oddframe.observers.parts import PartsStream
from oddframe.scoring import Reasons, spoils
from oddframe.types import (
    BoolArray,
    Frame,
    ImageArray,
    IntArray,
    Observations,
    Progress,
    Run,
    Times,
    VideoInfo,
    Window,
)
from oddframe.video.base import Video
from oddframe.video.health import CameraHealth, HealthStream, View
from oddframe.video.levels import Levels
from oddframe.video.mask import Mask


@dataclass(frozen=True, slots=True)
class Watching:
    """How video is watched.

    Args:
        observer: what looks for something.
        mask: what it must not look at; None = it may look everywhere.
        health: what judges the camera.
        views: what the camera is known to see; empty where nobody knows.
        levels: which values of pictures of more than 8 bits are shown; None = each video's own.
    """

    observer: Observer
    mask: Mask | None
    health: CameraHealth
    views: tuple[View, ...] = ()
    levels: Levels | None = None

    def sees(self, video: Video) -> Video:
        """The video with the levels that are shown."""
        return video.levelled(self.levels)

    def window(self, info: VideoInfo) -> Window:
        """What one observation needs in this video.

        Raises:
            SettingsError: the observer cannot watch at this video's frame rate.
        """
        try:
            return self.observer.window(info)
        except OddframeError:
            raise
        except ValueError as error:
            rate = f"{float(info.fps):.3g} fps"
            raise SettingsError(f"{info.id}: {self.observer.name} cannot watch at {rate}: {error}") from error

    def admit(self, video: Video) -> Window:
        """The window, once it is certain that this video can be watched at all.

        Raises:
            SettingsError: it carries nothing that the observer looks at, its frame rate does not suit the observer, or
                its shape the mask; the message names the file.
        """
        with _naming(video):
            if video.medium != self.observer.medium:
                raise SettingsError(
                    f"observer {self.observer.name!r} looks at {self.observer.medium}, and this recording carries"
                    f" {video.medium}; choose an observer of {video.medium}"
                )
            if self.mask is not None:
                if video.medium != "pictures":
                    raise SettingsError(f"a mask hides pixels, and this recording carries {video.medium}; leave it out")
                self.mask.looked_at(video.info.width, video.info.height)
            return self.window(video.info)


@contextmanager
def _naming(video: Video) -> Iterator[None]:
    """Observers and masks know a video's id at most; what they refuse should name the file."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{video.source}: {str(error).removeprefix(video.info.id + ': ')}") from error


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one more frame.

    Args:
        observations: those that are finished by now.
        health: a word per frame whose health is known by now, "" = scorable; the frames follow those of earlier calls.
        time: of the frame, in seconds; None where there is no new frame.
        part: number of the part of the video that the frame belongs to.
    """

    observations: Observations
    health: tuple[str, ...]
    time: float | None = None
    part: int = 0


class WatchStream:
    """One video being watched: frames in, one by one; observations and health words out, perhaps later.

    Args:
        watching: how.
        info: the video.
        run: where and how to run.
        also: views by which the camera is judged as well, apart from `watching.views`; None = by no others.
    """

    def __init__(
        self, watching: Watching, info: VideoInfo, run: Run = Run(), also: Sequence[View] | None = None
    ) -> None:
        self._sight, self.sees = Sight(watching, info), watching.sees
        self._observing = PartsStream(watching.observer, info, run)
        self._health = self._sight.health(watching.views)
        self._shown: ImageArray | None = None
        self._also = None if also is None else self._sight.health(also)
        self.also = ReasonRuns()

    def push(self, frame: Frame) -> Seen:
        """Take the next frame."""
        observed, judged = self._sight.of(frame)
        if self._also is not None:
            self.also.extend(self._also.push(judged))
        if self._health is None:
            return Seen(self._observing.push(observed), ("",), frame.time, frame.part)
        words = self._health.push(judged)
        # A background that learns from pictures of nothing takes the whole scene for new when it comes back.
        if not self._health.blind:
            self._shown = observed.image
        elif self._shown is not None:
            observed = replace(observed, image=self._shown)
        if self._health.scene:  # another scene than before is observed as if it were another part
            observed = replace(observed, part=frame.part + self._health.scene)
        return Seen(self._observing.push(observed), words, frame.time, frame.part)

    def close(self) -> Seen:
        """No more frames: give the rest."""
        if self._also is not None:
            self.also.extend(self._also.close())
        return Seen(self._observing.close(), () if self._health is None else self._health.close())

    def view(self) -> View | None:
        """What the camera saw, for later videos to be compared with; None where too little was seen."""
        return None if self._health is None else self._health.view()


class Sight:
    """Frames of one video as the observer may see them, and as the camera is judged by."""

    def __init__(self, watching: Watching, info: VideoInfo) -> None:
        self._watching, self._info = watching, info
        mask = watching.mask
        self._look = None if mask is None else mask.looked_at(info.width, info.height)

    def of(self, frame: Frame) -> tuple[Frame, Frame]:
        """The frame without what the mask hides, and the one that camera health looks at."""
        if self._watching.mask is None or self._look is None:
            return frame, frame
        masked = self._watching.mask.apply(frame.image)
        return replace(frame, image=masked), replace(frame, image=_levelled(frame.image, masked, self._look))

    def health(self, views: Sequence[View]) -> HealthStream | None:
        """Judge the camera, by these views; None without pictures, which alone show how the camera is."""
        pictures = self._watching.observer.medium == "pictures"
        return self._watching.health.open(self._info, views) if pictures else None


def _levelled(image: ImageArray, masked: ImageArray, look: BoolArray) -> ImageArray:
    """The masked picture with its ignored part as bright as the rest on average.

    Left grey it would hide a dark camera; left unmasked, a clock in it would hide a frozen one.
    """
    mean = cv2.mean(image, mask=look.astype(np.uint8))[:3]
    levelled = masked.copy()
    levelled[~look] = np.round(mean)
    return levelled


class ReasonRuns:
    """Gathers health words, frame by frame, into runs."""

    def __init__(self) -> None:
        self._runs: list[tuple[int, int, str]] = []
        self.frames = 0

    def extend(self, words: Sequence[str]) -> None:
        """The words of the next frames."""
        for word in words:
            if word and self._runs and self._runs[-1][1:] == (self.frames, word):
                self._runs[-1] = (self._runs[-1][0], self.frames + 1, word)
            elif word:
                self._runs.append((self.frames, self.frames + 1, word))
            self.frames += 1

    @property
    def runs(self) -> Reasons:
        """The runs so far."""
        return tuple(self._runs)


class Sieve:
    """Holds observations back until the health of all frames that they saw is known; drops those that saw a bad one.

    Args:
        window: what one observation needed.
        fps: the nominal frame rate.
    """

    def __init__(self, window: Window, fps: Fraction = Fraction(1)) -> None:
        self._window, self._fps = window, fps
        self._held: Observations | None = None
        self._bad = np.zeros(0, np.bool_)  # of the frames from `_base` to the last whose health is known
        self._base = 0
        self._times: deque[float] = deque()  # of the frames from `_base` to the last that was seen
        self._parts: deque[int] = deque()

    def push(self, seen: Seen) -> Observations:
        """The observations that are certain by now; `through` says how far that goes."""
        if seen.time is not None:
            self._times.append(seen.time)
            self._parts.append(seen.part)
        self._bad = np.append(self._bad, [spoils(word) for word in seen.health]).astype(np.bool_)
        waiting = seen.observations if self._held is None else Observations.concatenate([self._held, seen.observations])
        known = self._base + len(self._bad)
        late = np.flatnonzero(waiting.ready >= known)
        count = int(late[0]) if len(late) else len(waiting)
        through = min(waiting.through, known, int(waiting.frame[count]) if count < len(waiting) else known)
        certain = replace(waiting.select(slice(0, count)), through=through)
        self._held = waiting.select(slice(count, None)) if count < len(waiting) else None
        kept = self._clean(certain)
        self._forget(through)
        return kept

    def _clean(self, observations: Observations) -> Observations:
        if not self._bad.any() or not len(observations):
            return observations
        bad_before = np.concatenate([[0], np.cumsum(self._bad)])
        first = np.clip(self._first(observations.frame) - self._base, 0, len(self._bad))
        last = np.clip(observations.ready + 1 - self._base, first, len(self._bad))
        return observations.select(np.flatnonzero(bad_before[first] == bad_before[last]))

    def _first(self, about: IntArray) -> IntArray:
        """The first frame that windows about these frames need, as far as it is remembered."""
        if not self._times:
            return about - self._window.about
        part = np.array(self._parts)
        starts = (0, *(np.flatnonzero(np.diff(part)) + 1).tolist())
        times = Times(self._fps, np.array(self._times), starts)
        return self._window.first(times, np.clip(about - self._base, 0, len(times) - 1)) + self._base

    def _forget(self, through: int) -> None:
        """Forget the frames before all that a window about frame `through` or a later one needs."""
        done = int(self._first(np.array([through]))[0]) - self._base
        if done > 0:
            self._bad, self._base = self._bad[done:], self._base + done
            for _ in range(min(done, len(self._times))):
                self._times.popleft()
                self._parts.popleft()


def watch(video: Video, stream: WatchStream, run: Run = Run()) -> Iterator[Seen]:
    """All of a video through a stream; the stream is closed at its end.

    Raises:
        EmptyVideo: there is not one frame.
    """
    pushed = 0
    for frame in stream.sees(video):
        yield stream.push(frame)
        pushed += 1
        run.progress(Progress(f"observing {video.info.id}", pushed, video.hint))
    if not pushed:
        raise EmptyVideo(f"{video.source}: has no frame that decodes")
    yield stream.close()


def observe_into(
    writer: EntryWriter, video: Video, watching: Watching, run: Run = Run(), also: Sequence[View] | None = None
) -> ReasonRuns:
    """Write everything that is seen in a video to a cache entry, unscorable stretches included.

    Returns:
        The stretches that are not scorable by the views `also`, which are not written.
    """
    health = ReasonRuns()
    stream = WatchStream(watching, video.info, run, also)
    for seen in watch(video, stream, run):
        writer.add(seen.observations)
        health.extend(seen.health)
    view = stream.view()
    writer.close(health.frames, health.runs, None if view is None else view.to_json(), video.info.times)
    return stream.also


def judge_health(video: Video, watching: Watching, run: Run = Run()) -> ReasonRuns:
    """Go through a video for its camera only.

    Returns:
        The stretches that are not scorable by the known views.

    Raises:
        VideoError: the video cannot be read.
    """
    runs, sight = ReasonRuns(), Sight(watching, video.info)
    health = sight.health(watching.views)
    assert health is not None, "only pictures are judged"
    for number, frame in enumerate(watching.sees(video), 1):
        runs.extend(health.push(sight.of(frame)[1]))
        run.progress(Progress(f"checking the camera of {video.info.id}", number, video.hint))
    runs.extend(health.close())
    return runs
