"""LBR-SPR on a pile without labels: what each part brings, against how much of the pile is abnormal, and what it drops.

    python benchmarks/lbr_spr.py observe FOLDER --workers 2
    python benchmarks/lbr_spr.py ablation FOLDER --out runs/lbr --precision bf16
    python benchmarks/lbr_spr.py merge FOLDER --out runs/lbr --precision bf16
    python benchmarks/lbr_spr.py modes FOLDER --out runs/lbr --precision bf16
    python benchmarks/lbr_spr.py shares FOLDER --out runs/lbr --precision bf16
    python benchmarks/lbr_spr.py paper FOLDER --out runs/lbr --precision bf16 --set setting=merge
    python benchmarks/lbr_spr.py tables FOLDER --out runs/lbr

FOLDER holds UCSD Ped2, as published or as training/frames/NN and testing/frames/NN beside their labels. Every run's
scores are written at once, and a run that is there already is not done again; one that was stopped goes on from its
last checkpoint. Labels are used for figures and pictures only.

The two networks share nothing but weights that appearance gives to cubes. So one training with motion gives the figures
of the networks without, too: those are its scores by appearance alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import cv2
import numpy as np

import oddframe as odd
from oddframe import catalog
from oddframe.bench import PROTOCOLS
from oddframe.bench.figures import figures_of
from oddframe.bench.truth import Truth, truth_of
from oddframe.cache.cache import ObservationCache
from oddframe.datasets.base import SPLITS, Split
from oddframe.datasets.unlabelled import Unlabelled
from oddframe.draw import canvas
from oddframe.draw.canvas import new_figure, pixels, place
from oddframe.draw.typeface import legible, properties
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.engine.score import Judged, judge_source
from oddframe.engine.sources import CachedSource, SourcePart
from oddframe.files import replace_durably
from oddframe.models.base import inner
from oddframe.models.lbr_spr import LBRSPR
from oddframe.models.source import ObservationSource
from oddframe.types import BoolArray, FloatArray, ImageArray, Progress, Run

SMALL: Mapping[str, Any] = catalog.preset("lbr-spr-small").model_settings
PAPER: Mapping[str, Any] = catalog.preset("lbr-spr").model_settings
SEEDS = (0, 1, 2)
SHARES = (0.05, 0.1, 0.2, 0.35, 0.5)
MODES = ("none", "mixture", "hard", "linear", "huber")
SHOWN = ("paper-lbr-spr", "released-lbr-spr", "offline", "causal")
PARTS = ("appearance", "both")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What there is to learn from, by old split; the test videos, and the truth about them."""

    pile: CachedSource
    testing: CachedSource
    truth: Truth
    odd: BoolArray  # (N,) of test cubes


class Bench:
    """Runs of one machine, on disk after each."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.out = given, given.out
        with ObservationCache(given.cache) as cache:
            self.data = data_of(given.folder, cache, given.workers, pairs_of(given.observer))

    def run(self, name: str, settings: Mapping[str, Any], pile: ObservationSource) -> None:
        """Train, score all test videos, and keep scores, weights and times."""
        file = self.out / f"{name}.npz"
        if file.exists():
            return
        print(name, len(pile), "cubes", flush=True)
        run = Run(progress=Teller(), precision=self.given.precision, checkpoints=self.out / "checkpoints" / name)
        model = LBRSPR(**settings).train(pile, run)
        began = perf_counter()
        every = [judge_source(self.data.testing, info, model, Run()) for info in self.data.testing.videos()]
        scoring = perf_counter() - began
        parts = {part: np.concatenate([one.scored.parts[part] for one in every]) for part in model.fusion}
        refined = model.refined[0]
        assert model.history is not None
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".new.npz")
        losses = {name: refined.history.losses[name] for name in ("lower", "upper") if name in refined.history.losses}
        kept: dict[str, Any] = {"seconds": [model.history.seconds, scoring], "fusion": list(model.fusion.values())}
        usual = inner(model.state(), "band0").tensors
        kept |= {**parts, **losses, "weights": refined.weights, "mean": usual["mean"], "deviation": usual["deviation"]}
        np.savez_compressed(beside, **kept)
        beside.replace(file)
        print(json.dumps(self.figures(name), indent=1), flush=True)

    def figures(self, name: str) -> dict[str, Any]:
        """Of a run that is there: micro AUROC by parts and protocol, and minutes."""
        with np.load(self.out / f"{name}.npz") as kept:
            parts = {part: kept[part] for part in ("appearance", "motion") if part in kept}
            fusion, seconds = kept["fusion"], kept["seconds"]
        scores = {"appearance": parts["appearance"]}
        if "motion" in parts:
            scores["both"] = fusion[0] * parts["appearance"] + fusion[1] * parts["motion"]
        found: dict[str, Any] = {"training min": float(seconds[0]) / 60, "scoring s": float(seconds[1])}
        for part, score in scores.items():
            for title in SHOWN:
                found[f"{part} {title}"] = self._figure(score.astype(np.float32), title)
        return found

    def _figure(self, score: FloatArray, title: str) -> dict[str, Any]:
        protocol, floor = PROTOCOLS[title], float(score.min())
        judged = [self._judged(score, place) for place in range(len(self.data.truth.infos))]
        timelines = protocol.apply_each(judged, floor)
        return figures_of(timelines, self.data.truth, protocol.one_class).micro.to_json()

    def _judged(self, score: FloatArray, place: int) -> Judged:
        source = self.data.testing
        info = source.videos()[place]
        rows = source.rows(info.id)
        scored = odd.Scored(source.columns(info.id), score[rows.start : rows.stop])
        return Judged(info, source.window(info.id), scored, source.reasons(info.id))

    def merged(self) -> ObservationSource:
        """Both splits."""
        return self.data.pile

    def tested(self) -> ObservationSource:
        """The test videos alone."""
        return part_of(self.data.pile, [info.id for info in self.data.pile.videos() if info.id.startswith("testing/")])

    def mixed(self, share: float, seed: int) -> ObservationSource:
        """As many frames as the old training split has, so much of them in abnormal clips as whole clips allow."""
        order = np.random.default_rng(seed)
        sides = {side: [i for i in self.data.pile.videos() if i.id.startswith(side)] for side in SPLITS}
        wanted = sum(i.frames or 0 for i in sides["training"])
        chosen: list[str] = []
        parts: Mapping[Split, float] = {"testing": share, "training": 1 - share}
        for side, part in parts.items():
            frames = 0
            for number in order.permutation(len(sides[side])):
                info = sides[side][number]
                if frames + (info.frames or 0) / 2 > wanted * part and frames:
                    break
                chosen.append(info.id)
                frames += info.frames or 0
        return part_of(self.data.pile, chosen)


def part_of(source: CachedSource, names: Sequence[str]) -> SourcePart:
    """Some videos of a source, whole."""
    return SourcePart(source, {name: np.arange(len(source.rows(name))) for name in names})


def pairs_of(given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, as given."""
    return dict(pair.split("=", 1) for pair in given)


def data_of(folder: Path, cache: ObservationCache, workers: int, settings: Mapping[str, str]) -> Data:
    """Everything observed, from the cache where it has been before; says how long that took."""
    dataset = catalog.build("dataset", "ped2", {"root": str(folder)})
    observer = catalog.build("observer", "cubes", catalog.merged({"motion": True}, settings))
    watching, run = Watching(observer, None, odd.CameraHealth()), Run(workers=workers)
    pile = Unlabelled(dataset, "merge").videos("training")
    testing = dataset.videos("testing")
    began = perf_counter()
    whole = observed([video.video for video in pile], watching, cache, run)
    print(f"{len(whole)} cubes, observed in {perf_counter() - began:.0f} s", flush=True)
    tested = observed([video.video for video in testing], watching, cache, run)
    odd_cubes = np.concatenate([_odd(tested, place, video.masks()) for place, video in enumerate(testing)])
    return Data(whole, tested, truth_of(testing), odd_cubes)


def _odd(source: CachedSource, place: int, masks: Any) -> BoolArray:
    """Whether a third of a cube's box, or more, is abnormal in its frame."""
    columns = source.columns(source.videos()[place].id)
    sums = [cv2.integral(mask.astype(np.uint8)) for mask in masks]
    found = np.zeros(len(columns), np.bool_)
    for row, (frame, box) in enumerate(zip(columns.frame, columns.box.round().astype(int), strict=True)):
        x0, y0, x1, y1 = box
        table = sums[frame]
        inside = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
        found[row] = inside * 3 >= max(1, (x1 - x0) * (y1 - y0))
    return found


class Teller:
    """Prints progress, once a minute."""

    def __init__(self) -> None:
        self.told = 0.0

    def __call__(self, progress: Progress) -> None:
        if monotonic() - self.told > 60:
            self.told = monotonic()
            print(f"  {progress.stage}: {progress.done} of {progress.total} {progress.unit}", flush=True)


def ablation(bench: Bench) -> None:
    """With and without refinement, with and without motion."""
    for seed in bench.given.seeds:
        for mode in ("mixture", "none"):
            bench.run(f"small/{mode}-{seed}", {**SMALL, "refinement": mode, "seed": seed}, bench.tested())


def merge(bench: Bench) -> None:
    """On both splits together, of which the test videos are scored."""
    for seed in bench.given.seeds:
        bench.run(f"merge/mixture-{seed}", {**SMALL, "seed": seed}, bench.merged())


def modes(bench: Bench) -> None:
    """All ways that weights can follow errors, without motion."""
    for seed in bench.given.seeds:
        for mode in MODES[2:]:
            settings = {**SMALL, "motion": False, "refinement": mode, "seed": seed}
            bench.run(f"modes/{mode}-{seed}", settings, bench.tested())


def shares(bench: Bench) -> None:
    """Piles of one size, of which more and more is abnormal; without motion, with and without refinement."""
    for seed in bench.given.seeds:
        for share in SHARES:
            for mode in ("mixture", "none"):
                settings = {**SMALL, "motion": False, "refinement": mode, "seed": seed}
                bench.run(f"shares/{share:g}-{mode}-{seed}", settings, bench.mixed(share, seed))


def paper(bench: Bench) -> None:
    """The paper's size, or what --set makes of it."""
    given = pairs_of(bench.given.set)
    setting = given.pop("setting", "test")
    model = catalog.build("model", "lbr-spr", {**PAPER, **given})
    name = "-".join([setting, *(f"{k}={v}" for k, v in sorted(given.items()))])
    bench.run(f"paper/{name}", model.settings(), bench.merged() if setting == "merge" else bench.tested())


def tables(bench: Bench) -> None:
    """All runs that are there, and a picture of what refinement dropped."""
    names = sorted(str(file.relative_to(bench.out).with_suffix("")) for file in bench.out.glob("*/*.npz"))
    print(f"| run | {' | '.join(f'{p}, {t}' for p in PARTS for t in SHOWN)} | training |")
    print("| --- " * (2 + len(PARTS) * len(SHOWN)) + "|")
    for name in names:
        found = bench.figures(name)
        cells = [f"{found[f'{p} {t}']['value']:.3f}" if f"{p} {t}" in found else "" for p in PARTS for t in SHOWN]
        print(f"| {name} | {' | '.join(cells)} | {found['training min']:.1f} min |")
    for name in names:
        if name.startswith(("small/mixture", "paper/test")):
            dropped(bench, name)


def dropped(bench: Bench, name: str) -> None:
    """How many cubes each epoch left out, and how many of those are abnormal; printed and drawn."""
    with np.load(bench.out / f"{name}.npz") as kept:
        weights = kept["weights"]
    left_out = weights == 0  # (epochs, N)
    odd_share = bench.data.odd.mean()
    print(f"\n{name}: {len(bench.data.odd)} cubes, {odd_share:.1%} abnormal")
    for epoch, row in enumerate(left_out, 1):
        hit = int((row & bench.data.odd).sum())
        share = f"{hit / row.sum():.1%}" if row.any() else "-"
        print(f"  epoch {epoch}: dropped {int(row.sum())}, of which abnormal {hit} ({share})")
    values = [(int((row & bench.data.odd).sum()), int((row & ~bench.data.odd).sum())) for row in left_out]
    picture = plot_dropped(values, float(odd_share))
    file = bench.out / f"{name.replace('/', '-')}-dropped.png"
    replace_durably(file, cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


LEFT, TOP, WIDE, HIGH, BOTTOM = 0.95, 0.85, 8.75, 3.0, 0.65
POINTS = 10.0
BAR = 0.72


def plot_dropped(
    counts: Sequence[tuple[int, int]], abnormal: float, title: str = "", *, width: int = 1200
) -> ImageArray:
    """Bars of how many observations each epoch left out, and how many of these are abnormal.

    Args:
        counts: per epoch (abnormal, normal) ones that counted for nothing.
        abnormal: the share of abnormal ones among all, 0 .. 1; told beside, for comparison.
        title: the run.
        width: of the picture, in pixels.

    Returns:
        (H, width, 3) uint8 RGB.
    """
    figure = new_figure(width, TOP + HIGH + BOTTOM)
    axes = place(figure, LEFT, TOP, WIDE, HIGH)
    odd, normal = np.asarray(counts, float).T
    epochs = np.arange(1, len(counts) + 1)
    bars: list[Any] = [
        axes.bar(epochs, odd, BAR, color=canvas.ALARM),
        axes.bar(epochs, normal, BAR, bottom=odd, color=canvas.HAIR),
    ]
    dress_dropped(axes, len(counts))
    for epoch, part, whole in zip(epochs, odd, odd + normal, strict=True):
        told = f"{part / whole:.0%}" if whole else "-"
        axes.annotate(told, (epoch, whole), (0, 3), textcoords="offset points", ha="center", **words(POINTS - 2))
    high = TOP + HIGH + BOTTOM
    figure.text(LEFT / 10, 1 - 0.28 / high, legible(title), va="center", **words(POINTS + 1, bold=True))
    figure.legend(
        bars,
        [f"abnormal ({abnormal:.0%} of all cubes are; above each bar, the share among dropped ones)", "normal"],
        loc="center left",
        bbox_to_anchor=(LEFT / 10, 1 - 0.6 / high),
        ncols=2,
        prop=properties(POINTS),
        frameon=False,
        borderaxespad=0,
        borderpad=0,
    )
    return pixels(figure)


def dress_dropped(axes: Any, epochs: int) -> None:
    """Thin axes with few numbers."""
    axes.set_xlim(0.4, epochs + 0.6)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08 + 1)
    step = max(1, round(epochs / 15))
    axes.set_xticks(range(step, epochs + 1, step) if step > 1 else range(1, epochs + 1))
    axes.set_xlabel("epoch", **words())
    axes.set_ylabel("cubes that counted for nothing", **words())
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontproperties=properties(POINTS - 1), color=canvas.QUIET)
    axes.tick_params(color=canvas.HAIR, length=3)
    axes.grid(True, axis="y", color=canvas.BLANK, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color=canvas.HAIR, linewidth=0.8)


def words(points: float = POINTS, *, bold: bool = False) -> dict[str, Any]:
    """The style of a text."""
    return {"color": canvas.INK, "fontproperties": properties(points, bold)}


def main() -> None:
    """Do one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = {"ablation": ablation, "merge": merge, "modes": modes, "shares": shares, "paper": paper, "tables": tables}
    parser.add_argument("what", choices=["observe", *jobs])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/lbr"))
    parser.add_argument("--precision", choices=["auto", "float32", "bf16"], default="auto")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the model")
    parser.add_argument("--observer", action="append", default=[], metavar="NAME=VALUE", help="of the cubes observer")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--cache", type=Path, help="folder for observations")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    bench = Bench(given)
    if given.what != "observe":
        jobs[given.what](bench)


if __name__ == "__main__":
    main()
