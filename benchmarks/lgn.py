"""LGN-Net on UCSD Ped2: a training that can be interrupted, and what each part of the network brings.

    python benchmarks/lgn.py FOLDER train --preset lgn-small --precision bf16 --out runs/lgn-small
    python benchmarks/lgn.py FOLDER ablation --precision bf16 --out runs/lgn-ablation.json

FOLDER holds UCSD Ped2, as published or as training/frames/NN and testing/frames/NN beside their labels. The same
command again goes on where the last one stopped; with --time-limit it stops by itself, with exit status 75.

Figures are micro AUROC. "paper-lgn" puts PSNR and distance on 0 .. 1 within each test video before they are joined;
"remembering" also lets the memory take in test frames, from video to video, as the paper does. "offline" and "causal"
join both by what training frames were like.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import oddframe as odd
from oddframe import catalog
from oddframe.bench import PROTOCOLS
from oddframe.bench.figures import figures_of
from oddframe.bench.truth import Truth, truth_of
from oddframe.cache.cache import ObservationCache
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.score import Judged, judge_source, judge_with
from oddframe.engine.sources import CachedSource
from oddframe.errors import Interrupted
from oddframe.models.lgn import LGN
from oddframe.types import Json, Progress, Run
from oddframe.video.health import CameraHealth

INTERRUPTED = 75

NARROW: Mapping[str, Any] = {
    "width": 16,
    "hidden": 24,
    "layers": 2,
    "item_size": 64,
    "epochs": 4,
    "batch": 4,
    "learning_rate": 1e-3,
}
"""Narrow enough for a run of minutes on two cores."""

SEEN: Mapping[str, Any] = {"size": 96, "grey": True}

ABLATION: Mapping[str, Mapping[str, Any]] = {
    "local branch": {"branches": "local"},
    "global branch, 10 items": {"branches": "global"},
    "both, 5 items": {"items": 5},
    "both, 10 items": {},
    "both, 20 items": {"items": 20},
    "both, 10 items, read with gradient": {"detached": False},
}


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Both splits, as the network sees them, and the truth about the second."""

    training: CachedSource
    testing: CachedSource
    truth: Truth


def data_of(folder: Path, detector: odd.Detector, cache: ObservationCache, run: Run) -> Data:
    """Everything observed, from the cache where it has been before."""
    dataset = catalog.build("dataset", "ped2", {"root": str(folder)})
    watching = Watching(detector.observer, None, CameraHealth())
    training, testing = (dataset.videos(split) for split in ("training", "testing"))
    seen, tested = (observed([v.video for v in split], watching, cache, run) for split in (training, testing))
    return Data(seen, tested, truth_of(testing))


def remembering(model: LGN, source: CachedSource, run: Run) -> list[Judged]:
    """Test videos one after the other, the memory going on from each to the next."""
    found, stream = [], None
    for info in source.videos():
        stream = model.open_after(info, stream, run)
        found.append(judge_with(stream, source, info))
    return found


def micro(title: str, judged: Sequence[Judged], model: LGN, floor: float, truth: Truth) -> dict[str, Json]:
    """Micro AUROC with its interval."""
    protocol = PROTOCOLS[title]
    timelines = [protocol.apply(one, floor, model.fusion) for one in judged]
    return figures_of(timelines, truth, protocol.one_class).micro.to_json()


def figures(model: LGN, floor: float, data: Data, run: Run) -> dict[str, Json]:
    """Under all protocols, and the speed of scoring, observing aside."""
    began = perf_counter()
    alone = [judge_source(data.testing, info, model, run) for info in data.testing.videos()]
    found: dict[str, Json] = {"frames/s": sum(len(one.scored) for one in alone) / (perf_counter() - began)}
    for title in ("paper-lgn", "offline", "causal"):
        found[title] = micro(title, alone, model, floor, data.truth)
    if model.branches != "local":
        found["remembering"] = micro("paper-lgn", remembering(model, data.testing, run), model, floor, data.truth)
    return found


class Teller:
    """Prints progress, two lines a minute, and each stage's first and last."""

    def __init__(self) -> None:
        self.stage, self.told = "", 0.0

    def __call__(self, progress: Progress) -> None:
        fresh, done = progress.stage != self.stage, progress.done == progress.total
        if monotonic() - self.told < 30 and not (fresh and progress.loss is None) and not (done and progress.loss):
            return
        self.stage, self.told = progress.stage, monotonic()
        loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
        print(f"  {progress.stage}: {progress.done} of {progress.total} {progress.unit}{loss}", flush=True)


def run_of(given: argparse.Namespace, checkpoints: Path) -> Run:
    """Where and how to train."""
    return Run(
        device=given.device,
        progress=Teller(),
        precision=given.precision,
        checkpoints=checkpoints,
        channels_last=True,
        time_limit=given.time_limit,
    )


def trained(model: LGN) -> dict[str, Json]:
    """What training took and came to."""
    history = model.history
    if history is None:
        return {}
    steps, epochs = len(history.loss), len(history.epochs)
    last = slice(int(history.epochs[-1]), None)
    losses = {name: float(values[last].mean()) for name, values in history.losses.items()}
    return {"steps": steps, "seconds": history.seconds, "seconds/epoch": history.seconds / epochs, "losses": losses}


def train(given: argparse.Namespace) -> None:
    """Fit one preset, keep the detector, and print figures."""
    settings = dict(item.split("=", 1) for item in given.set)
    preset = catalog.preset(given.preset)
    model = catalog.build("model", preset.model, {**preset.model_settings, **settings})
    if not isinstance(model, LGN):
        raise SystemExit(f"{given.preset} is not a preset of LGN-Net")
    detector, run = odd.Detector(given.preset, model=model), run_of(given, given.out / "checkpoints")
    with ObservationCache(given.cache) as cache:
        data = data_of(given.folder, detector, cache, run)
        detector.fit(data.training, run, holdout=given.holdout)
        detector.save(given.out / f"{given.preset}.oddframe")
        print(json.dumps(trained(model), indent=1), flush=True)
        found = figures(model, detector.calibration.floor, data, run)
    kept(given.out / "figures.json", {given.preset: {"training": trained(model), "figures": found}})
    print(table({given.preset: {"figures": found, "training": trained(model)}}))


def ablation(given: argparse.Namespace) -> None:
    """Train each variant that the file does not hold yet, and print all of them."""
    found: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    observer = catalog.build("observer", "sequence", SEEN)
    settings = {**NARROW, **dict(item.split("=", 1) for item in given.set)}
    with ObservationCache(given.cache) as cache:
        data = data_of(given.folder, odd.Detector("lgn-small", observer=observer), cache, Run(progress=Teller()))
        for name, variant in ABLATION.items():
            if name in found:
                continue
            print(name, flush=True)
            run = run_of(given, given.out.with_suffix("") / name.replace(" ", "-").replace(",", ""))
            model = catalog.build("model", "lgn", {**settings, **variant})
            assert isinstance(model, LGN)
            model.train(data.training, run)
            normal = judge_source(data.training, data.training.videos()[0], model, run)
            floor = float(normal.scored.score.min())
            found[name] = {"training": trained(model), "figures": figures(model, floor, data, run)}
            kept(given.out, found)
    print(table(found))


def kept(path: Path, found: Mapping[str, Any]) -> None:
    """Write results beside their place and move them there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(found, indent=1))
    beside.replace(path)


def table(found: Mapping[str, Any]) -> str:
    """Markdown: micro AUROC under each protocol, training time and speed."""
    titles = ("paper-lgn", "remembering", "offline", "causal")
    lines = [f"| network | {' | '.join(titles)} | training | frames/s |", "| --- " * 7 + "|"]
    for name, one in found.items():
        values = [f"{one['figures'][t]['value']:.4f}" if t in one["figures"] else "" for t in titles]
        seconds = one["training"].get("seconds")
        time = "" if seconds is None else f"{seconds / 60:.1f} min"
        lines.append(f"| {name} | {' | '.join(values)} | {time} | {one['figures']['frames/s']:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=["train", "ablation"])
    parser.add_argument("--out", type=Path, required=True, help="train: a folder; ablation: a .json file")
    parser.add_argument("--preset", default="lgn-small")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the model")
    parser.add_argument("--holdout", type=float, default=0.0, help="share of training video kept for a threshold")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["auto", "float32", "bf16"], default="auto")
    parser.add_argument("--cache", type=Path, help="folder for observations")
    parser.add_argument("--time-limit", type=float, help="seconds of training")
    given = parser.parse_args()
    try:
        {"train": train, "ablation": ablation}[given.what](given)
    except Interrupted as error:
        print(error, flush=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
