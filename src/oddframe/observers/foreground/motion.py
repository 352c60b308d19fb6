"""Our motion boxes: what moves, slow walkers included, and what stands where nothing stood."""

from __future__ import annotations

import numpy as np

from oddframe.errors import SettingsError
from oddframe.observers.foreground import boxes as rules
from oddframe.observers.foreground.background import Background
from oddframe.observers.foreground.base import Foreground, ForegroundStream
from oddframe.observers.foreground.blobs import (
    Blob,
    ForegroundRule,
    connected_blobs,
    moving_mask,
    standing_blobs,
    whole_mask,
)
from oddframe.observers.foreground.flow import Grey, RecentFlow
from oddframe.observers.foreground.groups import UsualSize, is_beside, is_fragment, is_sliver, split, tiled, within
from oddframe.types import BoolArray, FloatArray, VideoInfo


class Motion(Foreground):
    """Boxes of blobs that move, fast or slowly, or stand in front of the empty scene.

    They are found as the objects observer finds them, over a second, longer time as well, for slow walkers. Blobs
    larger than is usual at their place are split where they move differently or hang together by little. Lengths are
    shares of the picture and times are seconds, so resolution and frame rate may differ from clip to clip.

    Args:
        step: seconds over which motion is looked for (at least one frame).
        slow: seconds over which it is looked for once more, for who walks slowly; 0 = not.
        displacement: pixels of the working picture under which flow is noise, over either time.
        contrast: grey levels of change under which a pixel is noise; to count as standing there, four times as much.
        part: grey levels by which a pixel must differ from the empty scene to be part of something that moves.
        standing: whether the empty scene is learnt: to complete what moves, and to find what stands.
        split: whether large blobs are split.
        tile: whether what is still too large then is cut into pieces of the usual size.
        apart: pixels by which the flow of two parts differs, over the longer time.
        smallest: least area of a blob, as a share of the picture.
        slimmest: the longer side is less than this many times the shorter one.
        border: width of the ignored edge, as a share of the shorter side.
        margin: pixels of the working picture added on all sides.
        short_side: pixels of the shorter side of the working picture.

    Raises:
        SettingsError: a value out of range.
    """

    name = "motion"
    short_side: int

    def __init__(
        self,
        *,
        step: float = 0.08,
        slow: float = 0.25,
        displacement: float = 0.7,
        contrast: float = 6.0,
        part: float = 20.0,
        standing: bool = True,
        split: bool = True,
        tile: bool = True,
        apart: float = 1.5,
        smallest: float = 0.00035,
        slimmest: float = 10.0,
        border: float = 0.01,
        margin: int = 2,
        short_side: int = 240,
    ) -> None:
        if min(slow, displacement, contrast, part, apart, smallest, border, margin) < 0:
            raise SettingsError("motion: lengths, times and levels are 0 or more")
        if step <= 0 or slimmest < 1 or short_side < 1:
            raise SettingsError("motion: step is over 0, slimmest and short_side are 1 or more")
        self.step, self.slow, self.displacement, self.contrast = step, slow, displacement, contrast
        self.part, self.split, self.tile, self.apart = part, split, tile, apart
        self.standing, self.smallest, self.slimmest = standing, smallest, slimmest
        self.border, self.margin, self.short_side = border, margin, short_side

    def gaps(self, video: VideoInfo) -> tuple[int, ...]:
        """The times over which motion is looked for, in frames."""
        return tuple(sorted({max(1, round(s * video.fps)) for s in (self.step, self.slow) if s}))

    def behind(self, video: VideoInfo) -> int:
        return self.gaps(video)[-1]

    def least_area(self, pixels: int) -> float:
        return self.smallest * pixels

    def open(self, video: VideoInfo) -> ForegroundStream:
        return _Blobs(self, video)


class _Blobs(ForegroundStream):
    def __init__(self, foreground: Motion, video: VideoInfo) -> None:
        self._settings, self._gaps = foreground, foreground.gaps(video)
        self._background = Background(video.fps) if foreground.standing else None
        self._usual = UsualSize()

    def boxes(self, recent: RecentFlow, known: FloatArray) -> FloatArray:
        grey, flow, settings = recent.grey(), recent.flow(self._gaps[-1]), self._settings
        if grey is None or flow is None:
            return rules.NONE
        detected, blobs = self._blobs(recent, grey, known)
        if settings.split:
            taken = ~rules.clear(grey.shape, known, settings.margin + 1)
            blobs = self._single(blobs, flow, taken)
            self._usual.learn(detected)
        corners = np.array([(r.left, r.top, r.right, r.bottom) for r in blobs], np.float32).reshape(-1, 4)
        found = rules.sizeable(corners, 0, settings.slimmest)
        return rules.widened(found, settings.margin, grey.shape[1], grey.shape[0])

    def _single(self, blobs: list[Blob], flow: FloatArray, taken: BoolArray) -> list[Blob]:
        """One thing each, as far as that can be told, without rests of detections and slivers at the edge."""
        settings, shape = self._settings, flow.shape
        parts = [part for r in blobs for part in split(r, flow, self._usual.at(r), settings.apart)]
        known = [(part, self._usual.at(part), is_beside(part, taken)) for part in parts]
        # At a detector's box there are limbs and shadows of what it found: no measure of things.
        self._usual.learn(part for part, _, beside in known if not beside)
        kept = [(part, usual) for part, usual, beside in known if not (beside and is_fragment(part, usual))]
        border = self._border(shape)
        whole = [(part, usual) for part, usual in kept if not is_sliver(part, usual, shape, border)]
        return [piece for part, usual in whole for piece in (tiled(part, usual) if settings.tile else [part])]

    def _border(self, shape: tuple[int, ...]) -> int:
        return round(self._settings.border * min(shape[:2]))

    def _blobs(self, recent: RecentFlow, grey: Grey, known: FloatArray) -> tuple[list[Blob], list[Blob]]:
        """What moves in a detector's boxes; and what moves, then what stands, where it has found nothing."""
        rule = self._rule(grey)
        moving = self._moving(recent, grey, rule)
        difference = None if self._background is None else self._background.difference(grey, recent.position)
        still: list[Blob] = []
        if self._background is not None and difference is not None:
            moving = whole_mask(moving, difference, rule)
            still = standing_blobs(self._background, grey, difference, moving, rule)
        detected = within(known, moving)
        rules.erase(moving, known, self._settings.margin)
        return detected, connected_blobs(moving, rule.smallest) + _unknown(still, known, moving.shape)

    def _moving(self, recent: RecentFlow, grey: Grey, rule: ForegroundRule) -> BoolArray:
        """(h, w) what has moved over any of the times."""
        masks = []
        for gap in self._gaps:
            before, flow = recent.grey(gap), recent.flow(gap)
            assert before is not None
            assert flow is not None
            masks.append(moving_mask(flow, before, grey, rule))
        return np.asarray(np.any(masks, axis=0))

    def _rule(self, grey: Grey) -> ForegroundRule:
        settings = self._settings
        return ForegroundRule(
            displacement=settings.displacement,
            contrast=settings.contrast,
            standing=4 * settings.contrast,
            part=settings.part,
            smallest=settings.smallest * grey.size,
            border=self._border(grey.shape),
        )


def _unknown(blobs: list[Blob], known: FloatArray, shape: tuple[int, ...]) -> list[Blob]:
    """The blobs of which more than half lies where no detector found something."""
    elsewhere = rules.clear(shape, known, 0)
    return [r for r in blobs if elsewhere[r.top : r.bottom, r.left : r.right][r.inside].mean() > 0.5]
