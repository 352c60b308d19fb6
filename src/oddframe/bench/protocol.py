"""Protocols: how scored observations become the frame scores of a figure; papers differ in it, and seldom say how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from oddframe.engine.score import Judged
from oddframe.errors import SettingsError
from oddframe.metrics import OneClassPolicy
from oddframe.scoring import FrameScores, Smoothing, frame_scores, untouched
from oddframe.types import BoolArray, Configured, FloatArray, Observations, Scored, Timeline, VideoInfo, Window

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "normalisation": ("none", "min-max", "min-max of parts"),
        "one_class": ("skip", "flip", "append"),
        "edges": ("nearest", "zero", "floor", "left out"),
    }
)

SCALES: Mapping[str, str] = MappingProxyType(
    {
        "none": "scores as they are",
        "min-max": "min-max within each video",
        "min-max of parts": "parts of scores min-max within each video, then fused",
    }
)
"""Normalisations in words."""


@dataclass(frozen=True)
class Protocol(Configured):
    """How scored observations become the frame scores that a figure is computed from.

    Frames that are not scorable (dark, covered, frozen, moved camera) are left out of every figure.

    Args:
        title: the name, with which figures are labelled.
        smoothing: of frame scores in time, within each video.
        normalisation: "min-max" maps the scores of each video to 0 .. 1, which looks at the whole video and gives
            every video a 0 and a 1, normal or not; "min-max of parts" does so to each part of a score and fuses
            them by the model's own weights, or is "min-max" for models without; "none" leaves them as they are.
        one_class: what the macro figure does with a video of one class; see `oddframe.metrics.macro_auroc`.
        edges: frames at both ends of a video that no window is about: the "nearest" judged frame's score, "zero" after
            smoothing and normalisation, "left out" of the figure, or "floor": that of a frame with nothing in it at the
            beginning, and at the end the last score, held.
        look_ahead: whether an observation counts for the frame that it is about, though it had to see later ones. If
            not, it counts from the last frame that it saw.
        carry: whether a model that is able to takes what it learnt in one test video into the next, see `Carrying`.
        across: whether smoothing continues from the end of one video into the next, as if all were one.
        nothing: the score of a frame with nothing in it; None = the lowest score of a normal observation.

    Raises:
        SettingsError: another choice, or smoothing, normalisation or edges that look ahead where nothing may; smoothing
            across videos of which each is normalised by itself.
    """

    title: str
    smoothing: Smoothing = field(default_factory=Smoothing)
    normalisation: Literal["none", "min-max", "min-max of parts"] = "none"
    one_class: OneClassPolicy = "skip"
    edges: Literal["nearest", "zero", "floor", "left out"] = "nearest"
    look_ahead: bool = True
    carry: bool = False
    across: bool = False
    nothing: float | None = None

    name: ClassVar[str] = "protocol"

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(f"protocol {name} {getattr(self, name)!r}: choose one of {', '.join(choices)}")
        if self.across and (self.normalisation != "none" or self.edges == "left out"):
            raise SettingsError(f"protocol {self.title!r}: smooth across videos without normalisation, edges and all")
        if self.look_ahead:
            return
        if self.smoothing.kind in ("gaussian", "average") or self.normalisation != "none" or self.edges == "nearest":
            raise SettingsError(
                f"protocol {self.title!r} may not look ahead: smooth causally or not, without normalisation, and give"
                " edges the floor or zero"
            )

    def apply_each(
        self, judged: Sequence[Judged], floor: float, fusion: Mapping[str, float] | None = None
    ) -> list[Timeline]:
        """Compute the frame scores of all test videos, in the order of their split; arguments as of `apply`."""
        if not self.across or not judged:
            return [self.apply(one, floor, fusion) for one in judged]
        rough = replace(self, smoothing=Smoothing("none"), across=False)
        timelines = [rough.apply(one, floor, fusion) for one in judged]
        scores, valid = (np.concatenate([getattr(one, of) for one in timelines]) for of in ("scores", "valid"))
        smooth = self.smoothing.array(scores, valid, float(judged[0].info.fps))
        ends = np.cumsum([len(one.scores) for one in timelines])[:-1]
        return [replace(one, scores=part) for one, part in zip(timelines, np.split(smooth, ends), strict=True)]

    def apply(self, judged: Judged, floor: float, fusion: Mapping[str, float] | None = None) -> Timeline:
        """Compute the frame scores of one video by itself.

        Args:
            judged: the scored observations.
            floor: the score of a frame with nothing in it.
            fusion: the model's weights of the parts of a score; None where it has no parts.

        Returns:
            A timeline; frames that do not count are not `valid`, and `reasons` say why.
        """
        scored, window = judged.scored, judged.window
        by_parts = fusion is not None and self.normalisation == "min-max of parts"
        if fusion is not None and by_parts:
            scored, floor = _by_parts(judged, fusion), 0.0
        elif self.nothing is not None:
            floor = self.nothing
        if not self.look_ahead:
            scored, window = when_known(scored, window)
        times = judged.info.frame_times()
        edges: Literal["nearest", "zero"] = "nearest" if self.edges == "nearest" else "zero"
        raw = frame_scores(scored, times, window, floor=floor, reasons=judged.reasons, edges=edges)
        scores, inner = self._inner(raw, floor, judged.info)
        if self.normalisation != "none" and not by_parts:
            scores = min_max(scores)
        if self.edges == "left out":
            reasons = _with_edges(raw.reasons, raw.zero)
            return Timeline(judged.info, scores, inner, judged.scored, reasons)
        scores = np.where(raw.valid & ~inner, np.float32(0), scores)
        return Timeline(judged.info, scores, raw.valid, judged.scored, raw.reasons)

    def _inner(self, raw: FrameScores, floor: float, info: VideoInfo) -> tuple[FloatArray, BoolArray]:
        """Smoothed scores of the frames that have some, and which these are."""
        if self.edges == "floor":
            given, inner = _held(raw, floor), raw.valid
        else:
            given, inner = raw.scores, raw.valid & ~raw.zero
        return self.smoothing.array(given, inner, float(info.fps), info.times), inner

    def sentence(self) -> str:
        """Describe the protocol in words.

        >>> protocol("causal").sentence()
        'smoothed causally (0.48 seconds), scores as they are, no look-ahead, edges: floor, one-class videos: skip'
        """
        across = " across videos" if self.across else ""
        nothing = "" if self.nothing is None else f", frames with nothing in them: {self.nothing:g}"
        kinds = {"gaussian": "by a Gaussian", "causal": "causally", "average": "by a moving average"}
        width = f"{self.smoothing.width:g} {self.smoothing.unit}"
        kind = self.smoothing.kind
        smooth = f"smoothed {kinds[kind]} ({width}){across}" if kind in kinds else "not smoothed"
        scale = SCALES[self.normalisation]
        ahead = "with look-ahead" if self.look_ahead else "no look-ahead"
        carried = ", models may carry on from video to video" if self.carry else ""
        return f"{smooth}, {scale}, {ahead}, edges: {self.edges}, one-class videos: {self.one_class}{nothing}{carried}"


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        made.title: made
        for made in (
            # Gaussian over 12 frames and min-max within a video: LLSH, section 4.1. The policy is that of the code that
            # macro figures come from (Georgescu et al., TPAMI 2021).
            Protocol("paper-llsh", Smoothing("gaussian", 12, "frames"), "min-max", "append", "zero"),
            # PSNR and distance each by min-max within a video, then fused; the memory that test frames update goes on
            # to the next video; the clip's first frames, which nothing predicts, are left out: LGN-Net, released code.
            Protocol("paper-lgn", Smoothing("none"), "min-max of parts", "skip", "left out", carry=True),
            # A moving average over 10 frames of one clip; and as LBR-SPR's released evaluation has it, which lets the
            # average cross from clip to clip and gives -20 to frames without a cube.
            Protocol("paper-lbr-spr", Smoothing("average", 10, "frames"), "none", "skip", "nearest"),
            Protocol(
                "released-lbr-spr", Smoothing("average", 10, "frames"), "none", "skip", across=True, nothing=-20.0
            ),
            # A segment's score in each of its frames, as it is: what weakly supervised methods report.
            Protocol("paper-cbcg", Smoothing("none"), "none", "skip", "nearest"),
            # What `oddframe score` gives: the whole video is there, but nothing is known of it beforehand.
            Protocol("offline", Smoothing("gaussian"), "none", "skip", "nearest"),
            # What a deployed system could have said at that frame. How late an alarm may come is a matter of seconds,
            # whatever the camera's frame rate.
            Protocol("causal", Smoothing("causal"), "none", "skip", "floor", look_ahead=False),
        )
    }
)
"""By title."""


def protocol(title: str) -> Protocol:
    """Return the protocol of that title.

    Raises:
        SettingsError: there is none of that title.
    """
    if title not in PROTOCOLS:
        raise SettingsError(f"no protocol {title!r}: choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[title]


def when_known(scored: Scored, window: Window) -> tuple[Scored, Window]:
    """Move observations to the frames where they were known: from the last frame that each had to see.

    A span keeps its length, but has at least a stride: that of the first window is cut off where the video begins. So
    the score of a snippet that stands for eight frames stands for the eight that follow its last one.

    Args:
        scored: the observations of one video.
        window: theirs.

    Returns:
        The moved observations, and their window.
    """
    seen: Observations = scored.observations
    start = np.maximum(seen.ready, seen.span[:, 0])
    lasting = np.maximum(seen.span[:, 1] - seen.span[:, 0], window.stride)
    moved = replace(seen, frame=seen.ready, span=np.stack([start, start + lasting], 1)) if len(seen) else seen
    order = np.argsort(moved.frame, kind="stable")
    known = Scored(moved.select(order), scored.score[order])
    return known, replace(window, about=window.extent - 1, least=(sum(window.least), 0))


def _by_parts(judged: Judged, fusion: Mapping[str, float]) -> Scored:
    seen = judged.scored.observations
    counted = untouched(seen, judged.window, judged.info.frame_times(), judged.reasons)
    return replace(judged.scored, score=fused(judged.scored, fusion, counted))


def _held(raw: FrameScores, floor: float) -> FloatArray:
    """Scores with the floor before the first window's frame, and the last one's score after it."""
    given: FloatArray = np.where(raw.zero, np.float32(floor), raw.scores)
    judged = np.flatnonzero(raw.valid & ~raw.zero)
    if len(judged):
        last = int(judged[-1])
        given[last + 1 :] = given[last]
    return given


def _with_edges(reasons: tuple[tuple[int, int, str], ...], edge: BoolArray) -> tuple[tuple[int, int, str], ...]:
    runs = np.flatnonzero(np.diff(edge, prepend=False, append=False)).reshape(-1, 2)
    return tuple(sorted([*reasons, *((int(a), int(b), "edge") for a, b in runs)]))


def min_max(scores: FloatArray) -> FloatArray:
    """Map the scores of one video (F,) to 0 .. 1; NaN stays, and equal scores become 0.

    >>> min_max(np.array([2, np.nan, 4, 3], np.float32))
    array([0. , nan, 1. , 0.5], dtype=float32)
    """
    if np.isnan(scores).all():
        return scores
    low, high = np.nanmin(scores), np.nanmax(scores)
    width = high - low
    scaled: FloatArray = (scores - low) / (width if width > 0 else np.float32(1))
    return scaled


def fused(scored: Scored, fusion: Mapping[str, float], counted: BoolArray) -> FloatArray:
    """Compute the weighted sum of the parts of scores, each mapped to 0 .. 1 before (paper LGN-Net, "anomaly score").

    A part with a weight below 0 counts inversely: |weight| * (1 - part).

    Args:
        scored: the observations of one video, with their parts.
        fusion: part -> weight.
        counted: (N,) the observations whose parts set the extremes; the scores of the others have no meaning.

    Returns:
        (N,) float32, higher = more anomalous.
    """
    total = np.zeros(len(scored), np.float64)
    for name, weight in fusion.items():
        scaled = np.nan_to_num(min_max(np.where(counted, scored.parts[name], np.float32(np.nan)))).astype(np.float64)
        total += weight * scaled if weight >= 0 else -weight * (1 - scaled)
    return total.astype(np.float32)
