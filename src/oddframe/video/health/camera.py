"""Camera health: which frames of a video can be scored at all.

A fault counts once it has lasted long enough, and then from its first frame on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from oddframe.errors import SettingsError
from oddframe.types import Configured, Frame, ImageArray, VideoInfo
from oddframe.video.health.view import View, fingerprint
from oddframe.video.health.watch import Glance, ViewWatch, glance, small_grey


class CameraHealth(Configured):
    """Finds frames that cannot be scored, because the camera is `frozen`, `dark`, `covered` or has `moved`.

    Made to be cautious: crowds, noise and changing light do not set it off. Where several reasons hold, the first of
    dark, covered, frozen, moved is given.

    Args:
        frozen_after: seconds of exactly equal pictures that make a frozen camera, from the first repeated one on.
            (Encoders repeat pictures of still scenes too, but not for this long.)
        dark_level, dark_contrast: grey levels; dark is where the brightest is under the one and brightest less
            darkest under the other.
        least_edge: grey levels; covered is where no edge is stronger.
        least_sharpness: covered is also where edges are this blurred (`Glance.sharpness`).
        moved_after: seconds for which another view must show, to be told from a passing lorry.
        lost_under, found_from: correlation of views under which one is lost and from which it is found again.
        displaced_by: how much better a displaced view must fit than one in place.
        hidden_from: median correlation over parts of the picture from which the view is there, only hidden by a crowd.
        memory: seconds over which the video's own view is learnt, and follows slow change.

    Raises:
        SettingsError: a duration that is not positive, or `lost_under` over `found_from`.

    >>> CameraHealth().settings()["frozen_after"]
    2.0
    """

    name = "camera-health"

    def __init__(
        self,
        *,
        frozen_after: float = 2.0,
        dark_level: float = 24.0,
        dark_contrast: float = 16.0,
        least_edge: float = 3.0,
        least_sharpness: float = 0.13,
        moved_after: float = 1.0,
        lost_under: float = 0.3,
        found_from: float = 0.35,
        displaced_by: float = 0.1,
        hidden_from: float = 0.45,
        memory: float = 30.0,
    ) -> None:
        if min(frozen_after, moved_after, memory) <= 0:
            raise SettingsError("camera-health: frozen_after, moved_after and memory are seconds over 0")
        if lost_under > found_from:
            raise SettingsError(f"camera-health: lost_under {lost_under} must not exceed found_from {found_from}")
        self.frozen_after, self.moved_after, self.memory = frozen_after, moved_after, memory
        self.dark_level, self.dark_contrast = dark_level, dark_contrast
        self.least_edge, self.least_sharpness = least_edge, least_sharpness
        self.lost_under, self.found_from, self.displaced_by = lost_under, found_from, displaced_by
        self.hidden_from = hidden_from

    def open(self, info: VideoInfo, views: Sequence[View] = ()) -> HealthStream:
        """Start to watch a video; `views` are those that the camera may have (a detector was fitted on them)."""
        return HealthStream(self, info, views)

    def alone(self, seen: Glance) -> str:
        """The reason that one picture gives by itself: `dark`, `covered` or none."""
        if seen.level < self.dark_level and seen.contrast < self.dark_contrast:
            return "dark"
        return "covered" if seen.edge < self.least_edge or seen.sharpness < self.least_sharpness else ""


class HealthStream:
    """One video being watched: frames in, in order; one reason each out, perhaps later.

    A reason is `""` (scorable), `"frozen"`, `"dark"`, `"covered"` or `"moved"`. No frame waits for its own longer
    than `frozen_after` or `moved_after` (whichever is more), and what comes out depends on the frames alone.
    """

    def __init__(self, health: CameraHealth, info: VideoInfo, views: Sequence[View]) -> None:
        def lasting(seconds: float) -> int:
            return max(2, math.ceil(seconds * info.fps))

        self._health, self._given = health, bool(views)
        self._watch = ViewWatch(
            views,
            lost=health.lost_under,
            found=health.found_from,
            displaced=health.displaced_by,
            hidden=health.hidden_from,
            patience=lasting(health.moved_after),
            memory=lasting(health.memory),
        )
        self._frozen, self._moved = Hindsight(lasting(health.frozen_after)), Hindsight(lasting(health.moved_after))
        self._alone: deque[str] = deque()
        self._frozen_known: deque[bool] = deque()
        self._moved_known: deque[bool] = deque()
        self._image: ImageArray | None = None
        self._small: ImageArray | None = None
        self._last = ("", False)

    def push(self, frame: Frame) -> tuple[str, ...]:
        """Take the next frame; the reasons of frames that are decided by now."""
        small = small_grey(frame.image)
        repeated = self._repeats(frame.image, small)
        if not repeated:
            self._last = self._judge(small)
        self._image, self._small = frame.image, small
        reason, lost = self._last
        self._alone.append(reason)
        self._frozen_known.extend(self._frozen.push(repeated))
        # A picture that shows nothing says nothing about the view: what was so, stays so.
        self._moved_known.extend(self._moved.push(self._moved.confirmed if reason else lost))
        return tuple(self._decided())

    def close(self) -> tuple[str, ...]:
        """No more frames: the reasons of the rest."""
        self._frozen_known.extend(self._frozen.close())
        # A short video that never showed any of the views has moved; one that lost it at the very end may have not.
        never = self._given and not self._watch.matched
        self._moved_known.extend(self._moved.close(verdict=never))
        return tuple(self._decided())

    def view(self) -> View | None:
        """The view that this video has shown, to give to later `open`s; None if nothing in it stayed in place."""
        return self._watch.view

    def _judge(self, small: ImageArray) -> tuple[str, bool]:
        reason = self._health.alone(glance(small))
        return reason, not reason and self._watch.lost(fingerprint(small), self._moved.confirmed)

    def _repeats(self, image: ImageArray, small: ImageArray) -> bool:
        if self._image is None or self._small is None or self._image.shape != image.shape:
            return False
        return bool((small == self._small).all()) and _equal(image, self._image)

    def _decided(self) -> Iterator[str]:
        while self._frozen_known and self._moved_known:
            frozen, moved = self._frozen_known.popleft(), self._moved_known.popleft()
            yield self._alone.popleft() or ("frozen" if frozen else "moved" if moved else "")


def _equal(one: ImageArray, other: ImageArray) -> bool:
    """Whether two pictures are equal to the last pixel."""
    if one is other:
        return True
    wide = one.flags.c_contiguous and other.flags.c_contiguous and one.size % 8 == 0
    if wide:  # eight pixels' worth at a time: three times faster
        return np.array_equal(one.reshape(-1).view(np.uint64), other.reshape(-1).view(np.uint64))
    return np.array_equal(one, other)


class Hindsight:
    """Runs of suspect frames: one that lasts is confirmed as a whole, a shorter one is let off.

    Args:
        needed: how many suspect frames in a row confirm the run; no frame waits longer than this for its verdict.

    >>> run = Hindsight(needed=3)
    >>> [run.push(suspect) for suspect in (True, False, True, True, True, True)]
    [[], [False, False], [], [], [True, True, True], [True]]
    """

    def __init__(self, needed: int) -> None:
        self._needed, self._waiting, self._confirmed = needed, 0, False

    @property
    def confirmed(self) -> bool:
        """Whether the run that is going on has lasted long enough."""
        return self._confirmed

    def push(self, suspect: bool) -> list[bool]:
        """Take the next frame; the verdicts that this brings, oldest first."""
        if not suspect:
            verdicts = [False] * (self._waiting + 1)
            self._waiting, self._confirmed = 0, False
            return verdicts
        self._waiting += 1
        if not self._confirmed and self._waiting < self._needed:
            return []
        self._confirmed = True
        return self.close(verdict=True)

    def close(self, verdict: bool = False) -> list[bool]:
        """The frames that still wait, all judged the same."""
        verdicts, self._waiting = [verdict] * self._waiting, 0
        return verdicts
