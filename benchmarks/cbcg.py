"""Weak supervision: what each part brings, against batch size and against how much of a video is odd; and speed.

    python benchmarks/cbcg.py ablation walkway-tracks --out runs/cbcg.json
    python benchmarks/cbcg.py ablation shanghaitech-tracks --root FOLDER --out runs/cbcg.json
    python benchmarks/cbcg.py ablation ped2 --root FOLDER --out runs/cbcg.json
    python benchmarks/cbcg.py batches --out runs/cbcg.json        on walkway-tracks, as the next one
    python benchmarks/cbcg.py shares --out runs/cbcg.json
    python benchmarks/cbcg.py speed --out runs/cbcg.json          800 videos of 32 segments of 1280 random values
    python benchmarks/cbcg.py tables --out runs/cbcg.json

Every run's figures are written at once, and a run that is there already is not done again. Nothing is held out for a
threshold. Figures are frame AUROC and AP under protocol "paper-cbcg"; on Ped2 a seed is also another split.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from scipy import stats

import oddframe as odd
from oddframe.bench import PROTOCOLS
from oddframe.bench.figures import counted
from oddframe.bench.truth import Truth, truth_of
from oddframe.datasets.base import DataSet
from oddframe.datasets.shanghaitech_tracks import ShanghaiTechTracks
from oddframe.datasets.ucsd import Ped2
from oddframe.datasets.walkway_tracks import WalkwayTracks
from oddframe.datasets.weak_split import WeakSplit
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.score import judge_source
from oddframe.engine.sources import taught
from oddframe.files import replace_durably
from oddframe.metrics import auroc, average_precision
from oddframe.models.base import Model
from oddframe.models.cbcg import CBCG
from oddframe.models.llsh import LLSH
from oddframe.models.source import MemorySource, ObservationSource
from oddframe.observers.objects import Objects
from oddframe.observers.segments import Segments
from oddframe.observers.tracks import Tracks
from oddframe.types import Field, Observations, Spec, VideoInfo

PARTS: Mapping[str, Mapping[str, Any]] = {
    "plain MIL": {"clustering": False, "cross_batch": False, "guidance": False},
    "plain MIL, 1,000 steps": {"clustering": False, "cross_batch": False, "guidance": False, "steps": 1000},
    "+ clustering": {"cross_batch": False, "guidance": False},
    "+ cross-batch": {"guidance": False},
    "+ guidance (all)": {},
}
WITHOUT_MEMORY: Mapping[str, Mapping[str, Any]] = {"all but memory": {"cross_batch": False}, "all": {}}
SIZES = (2, 4, 8, 16, 32, 64)
MIXED = (0, 1, 3)
"""Normal videos that each abnormal training video is mixed with."""

FIGURES = ("paper-cbcg auroc", "paper-cbcg ap", "causal auroc", "causal ap")
SEGMENT = {"walkway-tracks": 8}
"""Frames in a segment, where it is not 16: at 8 frames a second, one second."""


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Training segments with a label a video, test segments, and their truth."""

    training: ObservationSource
    testing: ObservationSource
    truth: Truth


class Runs:
    """What was measured, on disk after every run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.known: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, key: Sequence[Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The run of that key: as it is kept, or made now."""
        name = json.dumps(key)
        if name not in self.known:
            self.known[name] = make()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_durably(self._file, json.dumps(self.known, indent=1).encode())
            print(name, {k: round(v, 4) for k, v in self.known[name].items() if isinstance(v, float)}, flush=True)
        return self.known[name]

    def under(self, *key: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The runs whose key begins so, by the rest of their keys."""
        every = {tuple(json.loads(name)): run for name, run in self.known.items()}
        return {name[len(key) :]: run for name, run in every.items() if name[: len(key)] == key}


def data_set(name: str, root: Path | None, split: int) -> DataSet:
    """The data set in its weak split."""
    if name == "walkway-tracks":
        return WalkwayTracks(training=140, testing=60)
    assert root is not None, "name its folder by --root"
    if name == "ped2":
        return WeakSplit(Ped2(root), seed=split)
    return ShanghaiTechTracks(root, weak=True)


@cache
def data_of(name: str, root: Path | None, split: int, folder: Path | None) -> Data:
    """Everything observed, from the cache where it has been before."""
    observer = Objects(direction=True) if name == "ped2" else Tracks()
    watching = Watching(Segments(observer=observer, length=SEGMENT.get(name, 16)), None, odd.CameraHealth())
    chosen, kept = data_set(name, root, split), odd.ObservationCache(folder)
    training, testing = (chosen.videos(part) for part in ("training", "testing"))
    sources = [observed([video.video for video in part], watching, kept) for part in (training, testing)]
    labels = {video.name: bool(video.label) for video in training}
    return Data(in_memory(sources[0], labels), sources[1], truth_of(testing))


def in_memory(source: ObservationSource, labels: Mapping[str, bool]) -> MemorySource:
    """The same observations, labelled, without the disk."""
    items = [(info, Observations.concatenate(list(source.chunks(info.id)))) for info in source.videos()]
    return MemorySource(source.spec, items, labels)


def measured(model: Model, data: Data) -> dict[str, Any]:
    """Figures of a model that is trained on the data."""
    began = perf_counter()
    learnt = taught(data.training, None, model.regime)
    model.train(learnt).absorb(learnt)
    fit = perf_counter() - began
    judged = [judge_source(data.testing, info, model) for info in data.testing.videos()]
    floor = min(float(one.scored.score.min()) for one in judged if len(one.scored))
    found: dict[str, Any] = {"fit": fit}
    for title in ("paper-cbcg", "causal"):
        timelines = [PROTOCOLS[title].apply(one, floor) for one in judged]
        scores, odd_frames = (np.concatenate(part) for part in counted(timelines, data.truth))
        found |= {f"{title} auroc": auroc(scores, odd_frames), f"{title} ap": average_precision(scores, odd_frames)}
    return found


def ablation(runs: Runs, name: str, root: Path | None, folder: Path | None, seeds: range) -> None:
    """From plain MIL to all parts, and a one-class model on the same segments."""
    for seed in seeds:
        data = data_of(name, root, seed if name == "ped2" else 0, folder)
        for title, parts in PARTS.items():
            runs.get(["ablation", name, title, seed], partial(measured, CBCG(**parts, seed=seed), data))
        runs.get(["ablation", name, "LLSH, one-class", seed], partial(measured, LLSH(seed=seed), data))


def batches(runs: Runs, folder: Path | None, seeds: range) -> None:
    """With and without memory, against bags in a batch."""
    data = data_of("walkway-tracks", None, 0, folder)
    for seed in seeds:
        for size in SIZES:
            for title, parts in WITHOUT_MEMORY.items():
                model = CBCG(**parts, batch=size, seed=seed)
                runs.get(["batches", title, size, seed], partial(measured, model, data))


def shares(runs: Runs, folder: Path | None, seeds: range) -> None:
    """With and without memory, against how much normal video each abnormal training video is mixed with."""
    data = data_of("walkway-tracks", None, 0, folder)
    for normal in MIXED:
        changed = replace(data, training=diluted(data.training, normal))
        for seed in seeds:
            for title, parts in {"plain MIL": PARTS["plain MIL"], **WITHOUT_MEMORY}.items():
                model = CBCG(**parts, segments=512, seed=seed)  # nothing is pooled
                runs.get(["shares", title, normal, seed], partial(measured, model, changed))


def diluted(source: ObservationSource, normal: int) -> MemorySource:
    """Abnormal videos with so many normal ones after them, as one video each."""
    whole = {info.id: Observations.concatenate(list(source.chunks(info.id))) for info in source.videos()}
    labels = {name: bool(source.label(name)) for name in whole}
    ordinary = [name for name, odd in labels.items() if not odd]
    items = []
    for number, info in enumerate(source.videos()):
        others = [ordinary[(number + step) % len(ordinary)] for step in range(normal if labels[info.id] else 0)]
        items.append((info, joined([whole[info.id], *(whole[name] for name in others)])))
    return MemorySource(source.spec, items, labels)


def joined(parts: Sequence[Observations]) -> Observations:
    """Segments of several videos, one after the other, as the first one's."""
    ends = np.cumsum([0, *(part.through for part in parts)])
    moved = [
        replace(
            p, video=parts[0].video, frame=p.frame + e, span=p.span + e, ready=p.ready + e, through=int(e) + p.through
        )
        for p, e in zip(parts, ends, strict=False)
    ]
    return Observations.concatenate(moved)


def speed(runs: Runs) -> None:
    """Training on 800 videos of 32 segments of 1280 values, and scoring one segment after the other."""

    def made() -> dict[str, Any]:
        random, spec, items = np.random.default_rng(0), Spec({"feature": Field((1280,))}), []
        for number in range(800):
            items.append(segments_of(f"{number}", random.normal(size=(32, 1280)) + (number % 2) * 0.1))
        labels = {f"{number}": bool(number % 2) for number in range(800)}
        model, began = CBCG(), perf_counter()
        model.train(MemorySource(spec, items, labels))
        fit, (info, some) = perf_counter() - began, items[0]
        stream, began = model.open(info), perf_counter()
        for row in range(32):
            stream.push(some.select(slice(row, row + 1)))
        return {"fit": fit, "live, ms a segment": (perf_counter() - began) / 32 * 1e3}

    runs.get(["speed", torch.get_num_threads()], made)


def segments_of(name: str, values: Any) -> tuple[VideoInfo, Observations]:
    """A video of segments with these values."""
    start = 16 * np.arange(len(values))
    info = VideoInfo(name, 320, 240, Fraction(25), 16 * len(values))
    seen = Observations(
        video=name,
        frame=start + 8,
        span=np.stack([start, start + 16], axis=1),
        ready=start + 15,
        box=np.tile(np.array([[0, 0, 320, 240]], np.float32), (len(values), 1)),
        data={"feature": torch.from_numpy(values.astype(np.float32))},
        through=16 * len(values),
    )
    return info, seen


def told(values: Sequence[float]) -> str:
    """Mean and 95 % interval of the mean over seeds, by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.3f} ± {half:.3f}"


def _cell(values: Sequence[float]) -> str:
    return told(values) if values else ""


def tables(runs: Runs) -> Iterator[str]:
    """Markdown."""
    for name in ("walkway-tracks", "shanghaitech-tracks", "ped2"):
        found = runs.under("ablation", name)
        yield f"\n{name}\n\n| | AUROC | AP | AP over plain MIL | causal AUROC | causal AP |\n|{' --- |' * 6}"
        for title in [*PARTS, "LLSH, one-class"]:
            seeds = sorted(seed for known, seed in found if known == title)
            if not seeds:
                continue
            own = [found[title, seed] for seed in seeds]
            gain = [found[title, s]["paper-cbcg ap"] - found["plain MIL", s]["paper-cbcg ap"] for s in seeds]
            cells = [told([run[key] for run in own]) for key in FIGURES]
            yield f"| {title} | {cells[0]} | {cells[1]} | {told(gain)} | {cells[2]} | {cells[3]} |"
    for kind, places in (("batches", SIZES), ("shares", MIXED)):
        found = runs.under(kind)
        for key in FIGURES[:2]:
            yield f"\n{kind}, {key}\n\n| | {' | '.join(map(str, places))} |\n|{' --- |' * (len(places) + 1)}"
            for title in dict.fromkeys(title for title, *_ in found):
                cells = [
                    _cell([run[key] for (t, p, _), run in found.items() if (t, p) == (title, at)]) for at in places
                ]
                yield f"| {title} | {' | '.join(cells)} |"
    for threads, run in runs.under("speed").items():
        yield f"\nspeed, {threads[0]} threads: " + ", ".join(f"{name} {value:.2f}" for name, value in run.items())


def main() -> None:
    """Do what the command says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ablation", "batches", "shares", "speed", "tables"))
    parser.add_argument("dataset", nargs="?", default="walkway-tracks")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    runs, seeds = Runs(given.out), range(given.seeds)
    if given.what == "ablation":
        ablation(runs, given.dataset, given.root, given.cache, seeds)
    elif given.what == "speed":
        speed(runs)
    elif given.what != "tables":
        {"batches": batches, "shares": shares}[given.what](runs, given.cache, seeds)
    print("\n".join(tables(runs)))


if __name__ == "__main__":
    main()
