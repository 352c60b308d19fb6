"""Fitting, scoring and measuring several detectors on a data set; an interrupted run goes on where it stopped.

Protocols that carry a model's state from one test video to the next are scored here, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

from oddframe.bench.contestant import Contestant
from oddframe.bench.figures import figures_of
from oddframe.bench.fitting import Ready, content, fitted, parts_of, watching
from oddframe.bench.protocol import Protocol
from oddframe.bench.regions import alarms_of, regions_of
from oddframe.bench.results import Circumstances, Cost, Results, Row, machine, now, versions
from oddframe.bench.scored import ScoredFolder, ScoredVideo
from oddframe.bench.truth import Truth, truth_of
from oddframe.cache.cache import ObservationCache
from oddframe.datasets.base import DataSet, LabelledVideo
from oddframe.engine.observed import observed
from oddframe.engine.score import judge_source, judge_with
from oddframe.engine.sources import CachedSource
from oddframe.errors import SettingsError
from oddframe.models.abilities import Carrying, fusion_of
from oddframe.models.base import Regime, ScoringStream
from oddframe.models.multiplications import Counted
from oddframe.scoring import MapUse
from oddframe.types import Progress, Run, Timeline, VideoInfo
from oddframe.video import Video

_Timelines: TypeAlias = dict[str, list[Timeline]]
"""Protocol -> the test videos' frame scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a bench found.

    Args:
        results: every figure.
        timelines: (detector, protocol) -> the frame scores of the test videos.
        truth: which of their frames are anomalous.
        written: the names of the files, where they were written.
    """

    results: Results
    timelines: Mapping[tuple[str, str], Sequence[Timeline]]
    truth: Truth
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Several detectors on one data set, under several protocols.

    What was fitted and scored is stored in `folder`, under keys made of everything that it depends on. So a run that
    was killed is continued by the next, and one with another detector or protocol does only what is new.

    Args:
        dataset: detectors are fitted on its training split, one-class ones on what is not labelled abnormal there, and
            measured on its testing split.
        contestants: the detectors.
        protocols: every figure is computed under each.
        folder: where detectors and scores are stored.
        cache: of observations; None = the user's cache folder.
        seed: of the hold-out and the intervals.
        command: the command line, stored with every figure.
    """

    dataset: DataSet
    contestants: Sequence[Contestant]
    protocols: Sequence[Protocol]
    folder: Path
    cache: str | Path | None = None
    seed: int = 0
    command: str = "from Python"

    def run(self, run: Run = Run()) -> Outcome:
        """Fit what is not fitted yet, score what is not scored yet, and compute every figure.

        Args:
            run: how to run.

        Raises:
            SettingsError: two detectors of one name, or one whose observer does not take these videos.
            DataError: the data set is not laid out as expected, or its labels do not fit.
            VideoError: a video cannot be read.
            FitError: there is nothing to learn from.
            StoreError: the folder or the cache cannot be written.
        """
        self._check()
        labelled = self.dataset.videos("testing")
        truth = truth_of(labelled, run)
        testing = [video.video for video in labelled]
        elsewhere = all(one.saved for one in self.contestants)
        training = () if elsewhere else self.dataset.videos("training")
        rows, timelines = [], {}
        with ObservationCache(self.cache) as cache:
            for one in self.contestants:
                ready = fitted(one, _taught(one, training), self.folder, cache, seed=self.seed, run=run)
                source = observed(testing, watching(ready.detector), cache, run)
                kept = self._scored(one, ready, source, testing, run)
                in_turn = self._in_turn(one, ready, source, testing, run)
                found = self._timelines(ready, kept, in_turn)
                timelines.update({(one.title, protocol): some for protocol, some in found.items()})
                rows.append(self._row(one, ready, source, kept, timelines=found, truth=truth))
        about = self._circumstances(rows, truth, run)
        return Outcome(Results(about, tuple(self.protocols), tuple(rows)), timelines, truth)

    def _check(self) -> None:
        slugs = [one.slug for one in self.contestants]
        if not slugs:
            raise SettingsError("no detector to measure: name at least one")
        if len(set(slugs)) < len(slugs):
            raise SettingsError(f"two detectors would share a name: {', '.join(sorted(slugs))}; rename or drop one")

    def _scored(
        self, one: Contestant, ready: Ready, source: CachedSource, testing: Sequence[Video], run: Run
    ) -> list[ScoredVideo]:
        folder, kept = ScoredFolder(self.folder / f"{one.slug}.scores", ready.key), []
        for number, (info, video) in enumerate(zip(source.videos(), testing, strict=True)):
            run.progress(Progress(f"scoring with {one.title}", number, len(testing), "videos"))
            make = partial(_judged, ready, source, info, Run(device=run.device))
            kept.append(folder.get(number, content(video, ready.detector), make))
        return kept

    def _in_turn(
        self, one: Contestant, ready: Ready, source: CachedSource, testing: Sequence[Video], run: Run
    ) -> list[ScoredVideo] | None:
        """The same videos with what the model carries from each to the next; None where nothing is carried."""
        model = ready.detector.model
        if not (isinstance(model, Carrying) and any(protocol.carry for protocol in self.protocols)):
            return None
        return scored_in_turn(ready, model, source, testing, folder=self.folder / f"{one.slug}.carried", run=run)

    def _timelines(
        self, ready: Ready, kept: Sequence[ScoredVideo], in_turn: Sequence[ScoredVideo] | None
    ) -> _Timelines:
        floor, fusion = ready.detector.calibration.floor, fusion_of(ready.detector.model)
        found = {}
        for protocol in self.protocols:
            every = in_turn if protocol.carry and in_turn is not None else kept
            found[protocol.title] = protocol.apply_each([one.judged for one in every], floor, fusion)
        return found

    def _row(
        self,
        one: Contestant,
        ready: Ready,
        source: CachedSource,
        kept: Sequence[ScoredVideo],
        *,
        timelines: Mapping[str, Sequence[Timeline]],
        truth: Truth,
    ) -> Row:
        detector, judged = ready.detector, [each.judged for each in kept]
        calibration, on = detector.calibration, detector.fitted_on
        own = [each.calibrated(detector.scoring, calibration) for each in judged]
        figures = {
            protocol.title: figures_of(timelines[protocol.title], truth, protocol.one_class, seed=self.seed)
            for protocol in self.protocols
        }
        return Row(
            detector=one.title,
            parts=parts_of(detector),
            fitted={"when": on.when, "videos": len(on.videos), "frames": on.frames, "loaded from": one.saved},
            figures=figures,
            regions=regions_of(judged, truth),
            alarms=alarms_of(own, truth, calibration.threshold),
            cost=_cost(ready, source, sum(each.seconds for each in kept)),
        )

    def _circumstances(self, rows: Sequence[Row], truth: Truth, run: Run) -> Circumstances:
        here = [row.fitted for row in rows if row.fitted["loaded from"] is None]
        training: dict[str, Any] = {"videos": here[0]["videos"], "frames": here[0]["frames"]} if here else {}
        testing = {
            "videos": len(truth.labels),
            "frames": sum(len(labels) for labels in truth.labels),
            "abnormal frames": sum(int(labels.sum()) for labels in truth.labels),
        }
        return Circumstances(
            command=self.command,
            dataset=self.dataset.identity(),
            splits={"training": training, "testing": testing} if training else {"testing": testing},
            seed=self.seed,
            versions=versions(),
            machine=machine(run.device),
            when=now(),
        )


def _taught(one: Contestant, training: Sequence[LabelledVideo]) -> list[LabelledVideo]:
    """What a contestant may learn from: one that wants normal video gets none that is labelled abnormal."""
    normal = one.detector.model.regime is Regime.ONE_CLASS
    return [video for video in training if not (normal and video.label)]


def _judged(ready: Ready, source: CachedSource, info: VideoInfo, run: Run) -> ScoredVideo:
    began = perf_counter()
    use = MapUse(ready.detector.calibration.map_level)
    judged = judge_source(source, info, ready.detector.model, run, maps=use)
    return ScoredVideo(judged, perf_counter() - began)


def _cost(ready: Ready, source: CachedSource, seconds: float) -> Cost:
    model = ready.detector.model
    counted = model.multiplications(source) if isinstance(model, Counted) else None
    return Cost(ready.seconds, seconds, len(source), counted, model.state().bytes)


def scored_in_turn(
    ready: Ready, model: Carrying, source: CachedSource, testing: Sequence[Video], *, folder: Path, run: Run
) -> list[ScoredVideo]:
    """Score the videos of a split in order, by a model that carries something from each to the next.

    What it carries is not stored. So either all videos are found in the folder, or all are scored again.

    Args:
        ready: the fitted detector.
        model: its model.
        source: the cached observations of the videos.
        testing: the videos, in the order of the split.
        folder: where scores are stored.
        run: how to run.

    Raises:
        StoreError: the folder cannot be written.
    """
    whole, names = hashlib.sha256(), []
    for video in testing:  # scores depend on all videos before, so all of them name the file
        whole.update(content(video, ready.detector).encode())
        names.append(whole.hexdigest())
    return ScoredFolder(folder, ready.key).all_or_none(names, partial(_each, ready, model, source, run))


def _each(ready: Ready, model: Carrying, source: CachedSource, run: Run) -> Iterator[ScoredVideo]:
    previous: ScoringStream | None = None
    infos, use = source.videos(), MapUse(ready.detector.calibration.map_level)
    for number, info in enumerate(infos):
        run.progress(Progress("scoring in turn", number, len(infos), "videos"))
        began = perf_counter()
        previous = model.open_after(info, previous, Run(device=run.device))
        judged = judge_with(previous, source, info, maps=use)
        yield ScoredVideo(judged, perf_counter() - began)
