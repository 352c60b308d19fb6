"""What a detector consists of: its parts, and what fitting found out."""

from __future__ import annotations

from contextlib import AbstractContextManager

from oddframe.catalog.reach import Reach
from oddframe.engine import saved
from oddframe.engine.configure import MaskLike, ModelLike, ObserverLike, Settings, mask_of, preset_of, resolve
from oddframe.engine.fitted import Fitted, FittedOn
from oddframe.engine.observe import Watching
from oddframe.engine.observed import CacheLike, source_of
from oddframe.errors import NotFitted
from oddframe.models.base import Model
from oddframe.models.source import ObservationSource
from oddframe.observers.base import Observer
from oddframe.scoring import Calibration, Scoring
from oddframe.types import Run
from oddframe.video.base import Rate
from oddframe.video.find import Sources
from oddframe.video.health import CameraHealth, View
from oddframe.video.mask import Mask


class DetectorParts:
    """The parts of a detector, chosen by name or given, and what fitting found out.

    Args:
        preset: the name of an observer and a model that go together (`oddframe.catalog.PRESETS`).
        observer, model: replace the preset's: a name, an object, a class, or `{"name": ..., "settings": {...}}`.
        scoring: how scores of observations become scores of frames, a threshold and events.
        mask: which part of the picture to ignore; a `Mask` or the file of a picture.
        health: what judges the camera; frames that it rejects are not scorable.
        settings: single settings by dotted name, as `{"model.k": 3, "observer.backbone.size": 64}`.
        allow_fetch: whether weights that are not on this machine may be fetched from the network.

    Raises:
        SettingsError: an unknown name or setting, a part of another type, or a value that does not fit.
        VideoError: the mask's file cannot be read.
    """

    def __init__(
        self,
        preset: str = "default",
        *,
        observer: ObserverLike = None,
        model: ModelLike = None,
        scoring: Scoring | None = None,
        mask: MaskLike = None,
        health: CameraHealth | None = None,
        settings: Settings | None = None,
        allow_fetch: bool = False,
    ) -> None:
        parts = resolve(
            preset_of(preset),
            observer=observer,
            model=model,
            scoring=scoring,
            health=health,
            settings=settings,
            reach=Reach(allow_fetch),
        )
        self.preset = preset
        self.observer, self.model = parts.observer, parts.model
        self.scoring, self.health = parts.scoring, parts.health
        self.mask = mask_of(mask)
        self._fitted: Fitted | None = None
        self._stamps: saved.Stamps = {}

    @property
    def calibration(self) -> Calibration:
        """What the scores mean. Raises `NotFitted`."""
        return self._known().calibration

    @property
    def fitted_on(self) -> FittedOn:
        """When, by what and on what it was fitted. Raises `NotFitted`."""
        return self._known().on

    @property
    def stale(self) -> str | None:
        """Why the threshold is older than what the detector knows; None where it is not. Raises `NotFitted`."""
        return self._known().stale

    def __repr__(self) -> str:
        parts = f"{self.preset!r}: {self.observer.name} + {self.model.name}"
        if self._fitted is None:
            return f"<{type(self).__name__} {parts}, not fitted>"
        on, threshold = self._fitted.on, self._fitted.calibration.threshold
        videos = f"{len(on.videos)} video{'' if len(on.videos) == 1 else 's'} ({on.seconds / 60:.1f} minutes)"
        known = "no threshold" if threshold is None else f"threshold {threshold:.4g}"
        stale = " (stale)" if self._fitted.stale is not None and threshold is not None else ""
        return f"<{type(self).__name__} {parts}, fitted on {videos} at {on.when}, {known}{stale}>"

    def _observed(
        self,
        videos: Sources | ObservationSource,
        run: Run,
        cache: CacheLike,
        fps: Rate | None,
        *,
        strict: bool = False,
    ) -> AbstractContextManager[ObservationSource]:
        return source_of(videos, self._watching(), self._fitted, run, cache=cache, fps=fps, strict=strict)

    def _own(self) -> tuple[str, Observer, Model, Scoring, Mask | None, CameraHealth]:
        return self.preset, self.observer, self.model, self.scoring, self.mask, self.health

    def _watching(self, views: tuple[View, ...] = ()) -> Watching:
        levels = None if self._fitted is None else self._fitted.levels
        return Watching(self.observer, self.mask, self.health, views, levels)

    def _known(self) -> Fitted:
        if self._fitted is None:
            raise NotFitted("the detector is not fitted: call fit with normal video, or load a saved one")
        return self._fitted
