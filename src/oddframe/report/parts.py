"""The values that a report shows; they know nothing of videos, detectors or HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from oddframe.types import Json

Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture, as text.

    Args:
        uri: a `data:` address.
        width, height: pixels.
    """

    uri: str
    width: int
    height: int

    @property
    def bytes(self) -> int:
        """Bytes that it takes in the page."""
        return len(self.uri)


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame, or a part of one.

    Args:
        picture: what it looks like.
        view: x0 y0 x1 y1 of what is shown, in pixels of the source.
        box: x0 y0 x1 y1 to be outlined, in pixels of the source; None = nothing.
        heat: the anomaly map over the same view, transparent where nothing is over the threshold; None = no map.
    """

    picture: Picture
    view: Box
    box: Box | None = None
    heat: Picture | None = None

    @property
    def bytes(self) -> int:
        """Bytes that it takes in the page."""
        return self.picture.bytes + (self.heat.bytes if self.heat else 0)


@dataclass(frozen=True, slots=True)
class NormalMoment:
    """A normal moment that an anomalous one was compared with.

    Args:
        video: the name of its video.
        frame: its number in that video.
        seconds: its time in that video; None where the frame rate is not known.
        box: x0 y0 x1 y1 in pixels.
        distance: of the anomalous moment to it.
        shot: its picture; None where the video is not available.
        missing: why there is no picture, in words.
    """

    video: str
    frame: int
    seconds: float | None
    box: Box
    distance: float
    shot: Shot | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What an anomalous moment was compared with.

    Args:
        unit: of the distances, in words.
        within: the distance to something normal up to which the score is not over the threshold; None = unknown.
        nearest: normal moments, nearest first.
        own: the anomalous thing, cut out as the normal ones are.
    """

    unit: str
    within: float | None
    nearest: tuple[NormalMoment, ...]
    own: Shot | None = None


@dataclass(frozen=True, slots=True)
class MomentPart:
    """An event; or, where a video has none, one of its most anomalous moments.

    Args:
        id: stable from run to run.
        start, end, peak: seconds.
        frame: that of the peak.
        score: at the peak.
        p_value: share of normal frames that score as high, 0 to 1; None where that is not known.
        kind: what is there according to the ground truth; "" = nothing.
        box: x0 y0 x1 y1 of the most anomalous thing, in pixels; None where nothing was observed.
        shot: the frame of the peak; None without pictures.
        missing: why there is no picture, in words.
        compared: what it was compared with; None where the model cannot tell.
        when: the date and time of its peak; "" where they are not known.
    """

    id: str
    start: float
    end: float
    peak: float
    frame: int
    score: float
    p_value: float | None = None
    kind: str = ""
    box: Box | None = None
    shot: Shot | None = None
    missing: str = ""
    compared: Compared | None = None
    when: str = ""

    @property
    def shots(self) -> tuple[Shot, ...]:
        """All its pictures."""
        others = () if self.compared is None else (self.compared.own, *(near.shot for near in self.compared.nearest))
        return tuple(shot for shot in (self.shot, *others) if shot is not None)

    @property
    def bytes(self) -> int:
        """What its pictures take in the page."""
        return sum(shot.bytes for shot in self.shots)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of one frame."""

    frame: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class VideoPart:
    """One video's part of the report.

    Args:
        name: the video's.
        seconds: how long it is.
        fps: nominal frames a second.
        assumed: whether that rate is an assumption.
        width, height: pixels.
        highest: the highest frame score, and its second; None where no frame could be scored.
        over: seconds in events.
        lost: seconds that could not be scored.
        events: whether `moments` are events; else they are only the most anomalous moments.
        moments: in the order of time.
        curve: what the chart draws, see `oddframe.report.gather`.
        strip: small pictures in the order of time; none where there are no pictures.
        note: a remark for the reader; "" = none.
    """

    name: str
    seconds: float
    fps: float
    width: int
    height: int
    highest: tuple[float, float] | None
    over: float
    lost: float
    events: bool
    moments: tuple[MomentPart, ...]
    curve: dict[str, Json]
    strip: tuple[Thumbnail, ...] = ()
    assumed: bool = False
    note: str = ""

    @property
    def bytes(self) -> int:
        """Bytes that it takes in the page, about."""
        shots = [shot for moment in self.moments for shot in moment.shots]
        drawn = 20 * len(self.curve["t"]) if isinstance(self.curve["t"], list) else 0
        return drawn + sum(one.picture.bytes for one in self.strip) + sum(shot.bytes for shot in shots)

    @property
    def top_score(self) -> float:
        """The highest score, by which videos are sorted; where there is none, a number below all scores."""
        return -1e30 if self.highest is None else self.highest[0]

    @property
    def count(self) -> int:
        """The number of events."""
        return len(self.moments) if self.events else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """A table at the end of a report: a title, and lines of a name and a value."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Args:
        title: what it is about.
        made: when and by what, in words.
        threshold: scores above it make events; None = there is none.
        videos: in the order in which they were given.
        failures: one line for each video that could not be reported.
        notes: what the reader must know first, for instance that the threshold is stale.
        facts: settings, calibration, protocol.
    """

    title: str
    made: str
    threshold: float | None
    videos: tuple[VideoPart, ...]
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[Facts, ...] = field(default=())
