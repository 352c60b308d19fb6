"""Observer `objects`: one observation for each frame and thing that moves, or stands where nothing stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers import descriptors
from oddframe.observers.base import ObservationStream, Observer, check_fast_enough
from oddframe.observers.detectors.paced import Beat
from oddframe.observers.embedding import CropEmbedder
from oddframe.observers.foreground.background import Background
from oddframe.observers.foreground.blobs import Blob, ForegroundRule, foreground_blobs
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.observers.tracking import Track, Tracker, Values
from oddframe.types import Field, FloatArray, Frame, Observations, Run, Spec, VideoInfo, Window, position

EMBEDDING_WEIGHT = 0.3
"""What looks count for beside motion, size and stay: an aid that must not drown them (see docs/benchmarks.md)."""


class Objects(Observer):
    """Follows whatever moves, or stands where nothing stood, and describes how fast, how large and what it is.

    Foreground is dense inverse-search flow above a noise floor, plus what differs from the empty scene without moving.
    Each blob is followed over time and its descriptors are averaged over its recent past. Entries of the data:

    - `speed` (1,): log of the median speed of its pixels;
    - `spread` (2,): by how much the log speeds under which 90 % and 98 % of them lie exceed it (legs swing);
    - `direction` (8,): speed by direction;
    - `geometry` (2,): log width and height;
    - `place` (2,): position in the picture, as context: who is far away is small and slow in the picture, and models
      compare with what is to be expected there;
    - `dwell` (1,): log(1 + seconds) that it has stayed where it is;
    - `embedding` (`embedding`,): what its crop looks like to the backbone.

    Speeds are frame heights per second and sizes frame heights, so frame rate and resolution may differ between fitting
    and scoring.

    Args:
        speed, spread, direction, geometry, place, dwell: which entries to give.
        embedding: values of the embedding entry (a fixed random projection of the backbone's feature); 0 leaves the
            entry and the backbone out.
        backbone: what embeds a crop; EfficientNet-Lite0 on 64 x 64 pixels where None is given.
        standing: whether things that stand still are observed too.
        short_side: pixels of the shorter side at which motion is looked for.
        step: seconds between the two pictures of a flow (at least one frame).
        displacement: pixels between the two pictures under which flow is noise.
        contrast: grey levels of change under which a pixel is noise; to count as standing there, four times as much.
        part: grey levels by which a pixel must differ from the empty scene to be part of something that moves, such as
            the trunk above swinging legs; None = only what moves itself is (see docs/benchmarks.md).
        smallest: least area of a blob, as a share of the picture.
        border: width of the ignored edge, as a share of the shorter side.
        memory: seconds over which a track's descriptors are averaged.
        confirm: times that a blob must be seen before it is reported.
        look: seconds between two embeddings of one track.

    Raises:
        SettingsError: no entry is switched on, or a value is out of range.

    >>> sorted(Objects(embedding=0).spec.fields)
    ['dwell', 'geometry', 'place', 'speed', 'spread']
    """

    name = "objects"
    version = 2

    def __init__(
        self,
        *,
        speed: bool = True,
        spread: bool = True,
        direction: bool = False,
        geometry: bool = True,
        place: bool = True,
        dwell: bool = True,
        embedding: int = 64,
        backbone: Backbone | None = None,
        standing: bool = True,
        short_side: int = 240,
        step: float = 0.08,
        displacement: float = 0.7,
        contrast: float = 6.0,
        part: float | None = None,
        smallest: float = 0.00035,
        border: float = 0.025,
        memory: float = 0.2,
        confirm: int = 3,
        look: float = 0.8,
    ) -> None:
        self.speed, self.spread, self.direction, self.geometry = speed, spread, direction, geometry
        self.place, self.dwell, self.embedding = place, dwell, embedding
        self.backbone = backbone or (EfficientNetLite0(size=64) if embedding else None)
        self.standing, self.short_side, self.step = standing, short_side, step
        self.displacement, self.contrast, self.part = displacement, contrast, part
        self.smallest, self.border = smallest, border
        self.memory, self.confirm, self.look = memory, confirm, look
        self._check()

    def _check(self) -> None:
        whole = {"short_side": self.short_side, "confirm": self.confirm}
        spans = {"step": self.step, "memory": self.memory, "look": self.look}
        shares = {"smallest": self.smallest, "border": self.border}
        levels = {"displacement": self.displacement, "contrast": self.contrast, "part": self.part or 0.0}
        levels |= {"embedding": self.embedding}
        wrong = [f"{name} must be at least 1" for name, value in whole.items() if value < 1]
        wrong += [f"{name} must be over 0" for name, value in spans.items() if not value > 0]
        wrong += [f"{name} must lie in 0 .. 0.4" for name, value in shares.items() if not 0 <= value <= 0.4]
        wrong += [f"{name} must not be negative" for name, value in levels.items() if not value >= 0]
        if all(field.context for field in self.spec.fields.values()):
            wrong.append("every entry is switched off; switch on at least speed or geometry")
        if wrong:
            raise SettingsError(f"objects: {'; '.join(wrong)}")

    @property
    def spec(self) -> Spec:
        sizes = {
            "speed": 1 * self.speed,
            "spread": 2 * self.spread,
            "direction": 8 * self.direction,
            "geometry": 2 * self.geometry,
            "place": 2 * self.place,
            "dwell": 1 * self.dwell,
            "embedding": self.embedding,
        }
        fields = {name: Field((size,)) for name, size in sizes.items() if size}
        if "embedding" in fields:
            fields["embedding"] = replace(fields["embedding"], weight=EMBEDDING_WEIGHT)
        if "place" in fields:
            fields["place"] = replace(fields["place"], weight=0.0, context=True)
        return Spec(fields)

    def window(self, video: VideoInfo) -> Window:
        """Two pictures about `step` seconds apart; about the later one.

        Raises:
            SettingsError: under 2 frames a second nothing can be followed.
        """
        check_fast_enough(video)
        gap = max(1, round(self.step * video.fps))
        return Window(length=2, dilation=gap, about=gap, measure="time")

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return ObjectStream(self, video, run)


class ObjectStream(ObservationStream):
    """Flow, blobs, tracks, descriptors, frame by frame. Causal: what is said of a frame needs no later one."""

    def __init__(self, observer: Objects, video: VideoInfo, run: Run) -> None:
        self._observer, self._video = observer, video
        self._gap = observer.window(video).about
        self._recent = RecentFlow(observer.short_side, self._gap)
        self._background = Background(video.fps) if observer.standing else None
        fps = float(video.fps)
        self._tracker = Tracker(overlap=0.2, patience=max(2, round(0.12 * fps)), still_patience=max(2, round(fps)))
        self._memory = fps * observer.memory
        self._beat = Beat(observer.look, video)
        self._position, self._step = -1.0, 1.0  # of the newest frame, and how long after the one before, nominal frames
        self._embedder = CropEmbedder(observer.backbone, observer.embedding, run) if observer.backbone else None
        self._seen = 0

    def push(self, frame: Frame) -> Observations:
        now = float(position(frame.time, self._video.fps))
        self._step, self._position = now - self._position, now
        self._recent.push(frame.image, now)
        self._seen = frame.index + 1
        on_beat = self._beat.due(frame.time)
        flow = self._recent.flow(self._gap)
        if flow is None:
            return self._nothing()
        tracks = self._follow(self._blobs(flow), flow)
        if self._embedder is not None:
            # All on one beat, so that batches are full; newcomers at once, so that nothing waits to be reported.
            due = tracks if on_beat else [t for t in tracks if t.embedding is None]
            self._embedder.look(frame, due, self._recent.scale)
        return self._report(frame.index, tracks, self._recent.scale)

    def close(self) -> Observations:
        return self._nothing()

    def _nothing(self) -> Observations:
        return Observations.none(self._video.id, self._observer.spec, through=self._seen)

    def _blobs(self, flow: FloatArray) -> list[Blob]:
        observer, previous = self._observer, self._recent.grey(self._gap)
        assert previous is not None
        rule = ForegroundRule(
            displacement=observer.displacement,
            contrast=observer.contrast,
            standing=4 * observer.contrast,
            part=observer.part,
            smallest=observer.smallest * previous.size,
            border=round(observer.border * min(previous.shape)),
        )
        return foreground_blobs(flow, previous, self._recent, self._background, rule)

    def _follow(self, blobs: list[Blob], flow: FloatArray) -> list[Track]:
        elapsed, share = self._recent.elapsed(self._gap), 1 - float(np.exp(-self._step / self._memory))
        boxes = [np.array([r.left, r.top, r.right, r.bottom], np.float64) for r in blobs]
        velocities = [descriptors.mean_flow(flow, r) / elapsed for r in blobs]
        tracks = self._tracker.follow(self._position, boxes, velocities)
        for track, blob in zip(tracks, blobs, strict=True):
            track.average(self._describe(blob, flow, track.stay(self._position)), share)
        return [track for track in tracks if track.age >= self._observer.confirm]

    def _describe(self, blob: Blob, flow: FloatArray, stayed: float) -> dict[str, Values]:
        observer, (height, width) = self._observer, flow.shape[:2]
        rate = float(self._video.fps) / self._recent.elapsed(self._gap) / height
        told: dict[str, Values] = {}
        levels = descriptors.speed_levels(flow, blob, rate)
        if observer.speed:
            told["speed"] = levels[:1]
        if observer.spread:
            told["spread"] = levels[1:] - levels[0]
        if observer.direction:
            told["direction"] = descriptors.direction_histogram(flow, blob, rate)
        if observer.geometry:
            told["geometry"] = descriptors.geometry(blob, height)
        if observer.place:
            told["place"] = descriptors.place(blob, width, height)
        if observer.dwell:
            told["dwell"] = np.log1p([stayed / float(self._video.fps)])
        return told

    def _report(self, index: int, tracks: list[Track], scale: float) -> Observations:
        if not tracks:
            return self._nothing()
        count = len(tracks)
        data: dict[str, Tensor] = {
            name: torch.from_numpy(np.stack([track.averages[name] for track in tracks]).astype(np.float32))
            for name in tracks[0].averages
        }
        if self._embedder is not None:
            data["embedding"] = torch.stack([t.embedding for t in tracks if t.embedding is not None])
        limit = [self._video.width, self._video.height] * 2
        return Observations(
            video=self._video.id,
            frame=np.full(count, index),
            span=np.tile([index, index + 1], (count, 1)),
            ready=np.full(count, index),
            box=np.clip(np.stack([track.box for track in tracks]) * scale, 0, limit).astype(np.float32),
            data=data,
            track=np.array([track.number for track in tracks]),
            through=index + 1,
        )
