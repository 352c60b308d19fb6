"""A whole bench in one call: detectors and a data set by name, figures and files at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from oddframe import catalog
from oddframe.bench.contestant import Contestant, contestant
from oddframe.bench.markdown import markdown
from oddframe.bench.pictures import write_pictures
from oddframe.bench.protocol import protocol
from oddframe.bench.runner import Bench, Outcome
from oddframe.bench.scored import REMEDY
from oddframe.datasets.base import DataSet
from oddframe.engine.configure import PARTS, UnknownSetting, split
from oddframe.errors import SettingsError
from oddframe.files import replace_durably, storing, sweep
from oddframe.text import printable
from oddframe.types import Run


def run_bench(
    dataset: DataSet | str,
    detectors: Sequence[str] = ("default",),
    folder: str | Path | None = None,
    run: Run = Run(),
    *,
    root: str | Path | None = None,
    protocols: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    cache: str | Path | None = None,
    command: str = "from Python",
    allow_fetch: bool = False,
    allow_files: Sequence[str | Path] = (),
) -> Outcome:
    """Fit detectors on a data set's training split, score its test split, and compute every figure.

    A run that was interrupted goes on where it was. Writes `results.json`, `results.md`, ROC and score curves.

    Args:
        dataset: a name of the catalog, or a data set.
        detectors: presets, OBSERVER+MODEL, or folders of saved detectors.
        folder: for the results; None = `bench-DATASET` in the working folder.
        run: where and how to run.
        root: the folder with the data set; None = `DATASET` in the working folder.
        protocols: names; none = that of the first detector's paper. `causal` is always added.
        settings: of the data set or of all detectors, by dotted name: `{"dataset.size": "full", "model.k": 3}`.
        seed: of the detectors, the hold-out and the intervals.
        cache: where observations are stored; None = the user's cache folder.
        command: listed with the results as what made them.
        allow_fetch, allow_files: as in `Detector.load`.

    Returns:
        Every figure, the timelines behind them, and the ground truth.

    Raises:
        SettingsError: an unknown name or setting, or a detector that cannot watch these videos.
        DataError: the data set is not as expected, or its labels do not fit.
        VideoError: a video cannot be read.
        FitError: there is nothing to learn from.
        StoreError: the folder or the cache cannot be written.
    """
    single = _settings(settings or {})
    data = _dataset(dataset, root, single.pop("dataset"))
    place = Path(folder) if folder is not None else Path(f"bench-{data.name}")
    contestants = [
        contestant(title, data.medium, seed, single, allow_fetch=allow_fetch, allow_files=allow_files)
        for title in detectors
    ]
    asked = protocols or [contestants[0].protocol] if contestants else []
    with storing(place, REMEDY):
        place.mkdir(parents=True, exist_ok=True)
    sweep(place)
    planned = Bench(
        dataset=data,
        contestants=contestants,
        protocols=[protocol(title) for title in dict.fromkeys([*asked, "causal"])],
        folder=place,
        cache=cache,
        seed=seed,
        command=command,
    )
    outcome = planned.run(run)
    return replace(outcome, written=write_results(outcome, contestants, place))


def write_results(outcome: Outcome, contestants: Sequence[Contestant], folder: Path) -> tuple[str, ...]:
    """Write the figures of a bench and their pictures.

    Args:
        outcome: what the bench found.
        contestants: its detectors.
        folder: where; it exists.

    Returns:
        The names of the files.

    Raises:
        StoreError: the folder cannot be written.
    """
    pictures = write_pictures(outcome, {one.title: one.slug for one in contestants}, folder)
    texts = {
        "results.json": json.dumps(outcome.results.to_json(), indent=1) + "\n",
        "results.md": markdown(outcome.results, pictures),
    }
    for name, text in texts.items():
        with storing(folder, REMEDY):
            replace_durably(folder / name, printable(text, lines=True).encode())
    return (*texts, *(name for _, name in pictures))


def _settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    parts = ("dataset", *(part for part in PARTS if part != "health"))
    try:
        return split(settings, parts)
    except UnknownSetting as unknown:
        forms = ", ".join(f"{part}.NAME" for part in parts)
        raise SettingsError(f"no setting {unknown.name!r}: there are {forms}") from None


def _dataset(given: DataSet | str, root: str | Path | None, settings: Mapping[str, Any]) -> DataSet:
    if isinstance(given, DataSet):
        if settings or root is not None:
            raise SettingsError("the data set is given as an object; give its settings and root to its constructor")
        return given
    return _named(given, root, settings)


def _named(name: str, root: str | Path | None, settings: Mapping[str, Any]) -> DataSet:
    if "root" in catalog.settings_of(catalog.find("dataset", name)):
        settings = {"root": str(root or Path(name)), **settings}
    elif root is not None:
        raise SettingsError(f"data set {name!r} does not lie in a folder; leave out root")
    return catalog.build("dataset", name, catalog.merged({}, settings))
