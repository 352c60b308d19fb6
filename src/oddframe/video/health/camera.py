"""Camera health: which frames of a video can be scored at all.

A fault counts once it has lasted long enough, and then from its first frame on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

from oddframe.errors import SettingsError
from oddframe.types import HALF, Configured, Frame, ImageArray, VideoInfo, position
from oddframe.video.health.shake import Shaking
from oddframe.video.health.still import FrozenRuns, Likeness, Repeats
from oddframe.video.health.view import View, fingerprint
from oddframe.video.health.watch import Glance, ViewWatch, glance, small_grey

LONE, LASTING = "unreadable", " for longer"
"""The fault of a frame without a picture of its own, and what its reason ends with where the next one has it too."""

REFINED = 0.6
"""Seconds for which an encoder goes on refining a picture that is frozen already."""


class CameraHealth(Configured):
    """Finds frames that cannot be scored, because the camera is `frozen`, `dark`, `covered`, `shaking` or has `moved`.

    Made to be cautious: crowds, noise and changing light do not set it off. Where several reasons hold, the first of
    dark, covered, frozen, moved, shaking is given. A frame that brings a fault of its own (`unreadable`) has that. As
    long as one of these lasted, but no longer than `settle`, the frames after it are `settling`: whatever compares a
    picture with those before finds everything changed.

    Args:
        frozen_after: seconds of repeated pictures that make a frozen camera, from the first repeated one on.
            (Encoders repeat pictures of still scenes too, but not for this long.)
        flicker: grey levels by which an encoder may change what is frozen (`Repeats`).
        recalled: seconds for which a picture is remembered, to be told again in the next group of an encoder.
        dark_level, dark_contrast: grey levels; dark is where the brightest is under the one and brightest less
            darkest under the other.
        least_edge: grey levels; covered is where no edge is stronger.
        least_sharpness: covered is also where edges are this blurred (`Glance.sharpness`).
        moved_after: seconds for which another view must show, to be told from a passing lorry.
        lost_under, found_from: correlation of views under which one is lost and from which it is found again.
        displaced_by: how much better a displaced view must fit than one in place.
        hidden_from: median correlation over parts of the picture from which the view is there, only hidden by a crowd.
        memory: seconds over which the video's own view is learnt, and follows slow change.
        shaken_by: mean displacement of the picture between two frames that is shaking, as a share of its width.
        shaking_after: seconds for which a camera must shake.
        settle: seconds after a fault for which frames are not scorable, at most.

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
        flicker: float = 6.0,
        recalled: float = 12.0,
        shaken_by: float = 0.01,
        shaking_after: float = 1.0,
        settle: float = 1.0,
    ) -> None:
        if min(frozen_after, moved_after, memory, recalled, shaking_after) <= 0:
            raise SettingsError(
                "camera-health: frozen_after, moved_after, memory, recalled and shaking_after are seconds over 0"
            )
        if min(flicker, shaken_by, settle) < 0:
            raise SettingsError("camera-health: flicker, shaken_by and settle are 0 or more")
        if lost_under > found_from:
            raise SettingsError(f"camera-health: lost_under {lost_under} must not exceed found_from {found_from}")
        self.frozen_after, self.moved_after, self.memory = frozen_after, moved_after, memory
        self.dark_level, self.dark_contrast = dark_level, dark_contrast
        self.least_edge, self.least_sharpness = least_edge, least_sharpness
        self.lost_under, self.found_from, self.displaced_by = lost_under, found_from, displaced_by
        self.hidden_from = hidden_from
        self.flicker, self.recalled = flicker, recalled
        self.shaken_by, self.shaking_after, self.settle = shaken_by, shaking_after, settle

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

    A reason is `""` (scorable), `"frozen"`, `"dark"`, `"covered"`, `"moved"`, `"shaking"`, `"settling"` or what a frame
    brings. No frame waits for its own longer than `moved_after`, `shaking_after`, or `frozen_after` and twice `REFINED`
    together, and what comes out depends on the frames alone.
    """

    def __init__(self, health: CameraHealth, info: VideoInfo, views: Sequence[View]) -> None:
        def lasting(seconds: float) -> int:
            return max(2, math.ceil(seconds * info.fps))

        def watching(views: Sequence[View]) -> ViewWatch:
            return ViewWatch(
                views,
                lost=health.lost_under,
                found=health.found_from,
                displaced=health.displaced_by,
                hidden=health.hidden_from,
                patience=lasting(health.moved_after),
                memory=lasting(health.memory),
            )

        self._health, self._given = health, bool(views)
        self._watch, self._own = watching(views), watching(()) if views else None
        self._away = Hindsight(lasting(health.moved_after))
        self._repeats = Repeats(lasting(health.recalled), health.flicker)
        self._shaking = Shaking(info.fps, health.shaken_by)
        self._alone: deque[str] = deque()
        self._frozen = FrozenRuns(lasting(health.frozen_after), math.ceil(REFINED * info.fps))
        self._runs = {
            "moved": Hindsight(lasting(health.moved_after)),
            "shaking": Hindsight(lasting(health.shaking_after)),
        }
        self._known: dict[str, deque[bool]] = {word: deque() for word in ("frozen", *self._runs)}
        self._settling = Settling(math.ceil(health.settle * info.fps))
        self._last = ("", False)
        self._scene = self._watched = self._part = 0
        self._fps, self._position = info.fps, -1.0
        self._looked = self._shook = self._strange = self._faulty = False

    @property
    def blind(self) -> bool:
        """Whether the newest picture is known to show nothing of the scene; no matter which views are given."""
        return bool(self._last[0]) or self._runs["shaking"].confirmed

    @property
    def scene(self) -> int:
        """Another number from each frame on at which what was learnt of the scene is worth nothing.

        There the video's own view is lost or found again, a camera no longer shakes, or pictures show something for the
        first time. It does not depend on the views that are given.
        """
        return self._scene

    def push(self, frame: Frame) -> tuple[str, ...]:
        """Take the next frame; the reasons of frames that are decided by now."""
        before = self._divide() if frame.part != self._part else ()
        self._part, last, self._position = frame.part, self._position, float(position(frame.time, self._fps))
        return (*before, *self._judged(frame, max(self._position - last, 0.0)))

    def _judged(self, frame: Frame, lasting: float) -> tuple[str, ...]:
        """The reasons that a frame brings, so many nominal frames after the one before."""
        small = small_grey(frame.image)
        likeness: Likeness = "other" if frame.fault else self._repeats.push(frame.image, small)
        if frame.fault:
            self._last = (frame.fault, False)
        elif likeness != "same" or self._last[0] not in {"", "dark", "covered"}:
            self._last = self._judge(small)
        reason, lost = self._last
        if reason:
            self._shaking.forget()
        shaking = not reason and self._shaking.push(small)
        moved = self._runs["moved"].confirmed
        # A picture that shows nothing says nothing about the view: what was so, stays so.
        suspect = {"moved": moved if reason else lost, "shaking": shaking}
        self._alone.append(reason)
        if frame.fault and self._faulty:
            self._alone[-2] = self._alone[-1] = frame.fault + LASTING
        self._faulty = bool(frame.fault)
        self._known["frozen"].extend(self._frozen.push(likeness, lasting))
        for word, run in self._runs.items():
            self._known[word].extend(run.push(suspect[word], lasting))
        self._follow_scene()
        return tuple(self._decided())

    def close(self) -> tuple[str, ...]:
        """No more frames: the reasons of the rest."""
        # A short video that never showed any of the views has moved; one that lost it at the very end may have not.
        never = self._given and not self._watch.matched
        self._known["frozen"].extend(self._frozen.close())
        for word, run in self._runs.items():
            self._known[word].extend(run.close(verdict=word == "moved" and never))
        return tuple(self._decided(ended=True))

    def _divide(self) -> tuple[str, ...]:
        """A hole in the recording: nothing that has begun before it goes on after it, but that the camera has moved."""
        self._known["frozen"].extend(self._frozen.close())
        for word, run in self._runs.items():
            self._known[word].extend(run.close())
        words, self._faulty = tuple(self._decided(ended=True)), False
        self._shaking.forget()
        self._settling.over()
        return words

    def view(self) -> View | None:
        """The view that this video has shown, to give to later `open`s; None if nothing in it stayed in place."""
        return self._watch.view

    def _judge(self, small: ImageArray) -> tuple[str, bool]:
        reason = self._health.alone(glance(small))
        if reason:
            return reason, False
        cells = fingerprint(small)
        lost = self._watch.lost(cells, self._runs["moved"].confirmed)
        self._strange = lost if self._own is None else self._own.lost(cells, self._away.confirmed)
        return "", lost

    def _follow_scene(self) -> None:
        shaking, away = self._runs["shaking"].confirmed, self._away.confirmed
        if not self.blind:
            self._away.push(self._strange)
            first = not self._looked and self._watched > 0
            self._scene += first or self._away.confirmed != away or (self._shook and not shaking)
            self._looked, self._shook = True, False
        self._shook = self._shook or shaking
        self._watched += 1

    def _decided(self, ended: bool = False) -> Iterator[str]:
        while all(self._known.values()):
            if self._faulty and len(self._alone) == 1 and not ended:
                return  # whether it is a lone one, the next frame will show
            told = [word for word, known in self._known.items() if known.popleft()]
            yield self._settling.push(self._alone.popleft() or next(iter(told), ""))


class Settling:
    """Lets the frames after a fault settle: as many as had the fault, at most `most`; after a lone bad frame, none.

    >>> run = Settling(most=2)
    >>> [run.push(word) for word in ("", "dark", "", "", "dark", "dark", "dark", "", "", "")]
    ['', 'dark', 'settling', '', 'dark', 'dark', 'dark', 'settling', 'settling', '']
    """

    def __init__(self, most: int) -> None:
        self._most, self._left = most, 0

    def over(self) -> None:
        """What comes next has nothing to do with what was before."""
        self._left = 0

    def push(self, word: str) -> str:
        """The next frame's reason: its own, or that it still settles."""
        if word:
            self._left = min(self._left + (word != LONE), self._most)
            return word
        if self._left:
            self._left -= 1
            return "settling"
        return ""


class Hindsight:
    """Runs of suspect frames: one that lasts is confirmed as a whole, a shorter one is let off.

    Args:
        needed: how many nominal frames in a row confirm the run; no frame waits longer than this for its verdict.

    >>> run = Hindsight(needed=3)
    >>> [run.push(suspect) for suspect in (True, False, True, True, True, True)]
    [[], [False, False], [], [], [True, True, True], [True]]
    """

    def __init__(self, needed: int) -> None:
        self._needed, self._waiting, self._confirmed = needed, 0, False
        self._lasts = 0.0

    @property
    def confirmed(self) -> bool:
        """Whether the run that is going on has lasted long enough."""
        return self._confirmed

    def push(self, suspect: bool, lasting: float = 1.0) -> list[bool]:
        """Take the next frame; the verdicts that this brings, oldest first.

        Args:
            suspect: whether it is.
            lasting: nominal frames since the one before.
        """
        if not suspect:
            verdicts = [False] * (self._waiting + 1)
            self._waiting, self._lasts, self._confirmed = 0, 0.0, False
            return verdicts
        self._waiting += 1
        self._lasts += lasting if self._waiting > 1 else 1.0
        if not self._confirmed and (self._lasts < self._needed - HALF or self._waiting < min(self._needed, 2)):
            return []
        self._confirmed = True
        return self.close(verdict=True)

    def close(self, verdict: bool = False) -> list[bool]:
        """The frames that still wait, all judged the same."""
        verdicts, self._waiting, self._lasts = [verdict] * self._waiting, 0, 0.0
        return verdicts
