"""What each entry of the tracks observer brings: pseudo-anomalies made from held-out normal tracks, no test label used.

    python benchmarks/tracks.py FOLDER

FOLDER holds train.npz of `oddframe.datasets.shanghaitech_tracks`. A fifth of each camera's training videos is held out.
In one long track of each, something is made to happen: the person goes 1.6 or 2.5 times as fast; rides (1.5 times as
fast, without steps); has a wide box (a cart); falls; jumps; fights (the box swings); runs to and fro; or stands. A row
is the AUROC of the frames in which it happens, seen alone, against all frames of the held-out videos as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

import oddframe as odd
from oddframe.datasets.shanghaitech_tracks import ShanghaiTechTracks
from oddframe.engine.observe import Watching
from oddframe.engine.observed import observed
from oddframe.metrics import auroc
from oddframe.models.knn import KNN
from oddframe.observers.tracks import FIELDS, Tracks
from oddframe.video import TrackVideo

FPS = 24
LASTS = 4 * FPS
BEFORE = FPS
Array = np.ndarray[Any, np.dtype[np.float64]]

ALL = Tracks(acceleration=True, straightness=True, place=True)
OFF = {"acceleration": 0.0, "straightness": 0.0, "place": 0.0}
VARIANTS = {
    "default": OFF,
    **{f"without {name}": OFF | {name: 0.0} for name in Tracks().spec.fields},
    **{f"with {name}": {k: v for k, v in OFF.items() if k != name} for name in OFF},
    "velocity and shape alone": dict.fromkeys(set(FIELDS) - {"velocity", "shape"}, 0.0),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's way: per frame the middle x, lower edge y, width and height."""

    way: Array

    def played(self, place: Array) -> Array:
        """The way at these places along it, in frames."""
        steps = np.arange(len(self.way))
        return np.stack([np.interp(place, steps, column) for column in self.way.T], axis=1)


def faster(times: float) -> Callable[[Person, Array], Array]:
    """So many times as fast."""
    return lambda person, time: person.played(time[: int((len(person.way) - 1) / times)] * FPS * times)


def ride(person: Person, time: Array) -> Array:
    """Half as fast again, and no steps."""
    return faster(1.5)(Person(gaussian_filter1d(person.way, 8, axis=0, mode="nearest")), time)


def cart(person: Person, time: Array) -> Array:
    """Half as fast again, and wide."""
    return faster(1.5)(person, time) * [1, 1, 1.7, 1]


def fall(person: Person, time: Array) -> Array:
    """Down within 0.6 s, and there to stay."""
    way = person.played(np.zeros(len(time)))
    down = np.clip(time / 0.6, 0, 1)
    height = way[:, 3].copy()
    way[:, 3] = height * (1 - 0.6 * down)
    way[:, 2] = way[:, 2] * (1 - down) + 0.9 * height * down
    return way


def jump(person: Person, time: Array) -> Array:
    """Up by a third of the height, again and again."""
    way, phase = person.played(time * FPS), (1.5 * time) % 1
    way[:, 1] -= 0.35 * way[:, 3] * 4 * phase * (1 - phase)
    return way


def fight(person: Person, time: Array) -> Array:
    """On the spot, to and fro and wide and narrow."""
    way = person.played(np.zeros(len(time)))
    way[:, 0] += 0.2 * way[:, 3] * np.sin(2 * np.pi * 0.9 * time)
    way[:, 2] *= np.exp(0.35 * np.sin(2 * np.pi * 1.2 * time))
    return way


def to_and_fro(person: Person, time: Array) -> Array:
    """Two and a half times as fast, turning every second."""
    return person.played((1 - np.abs(time % 2 - 1)) * FPS * 2.5)


def stand(person: Person, time: Array) -> Array:
    """Still."""
    return person.played(np.zeros(len(time)))


KINDS: dict[str, Callable[[Person, Array], Array]] = {
    "1.6 x": faster(1.6),
    "2.5 x": faster(2.5),
    "ride": ride,
    "cart": cart,
    "fall": fall,
    "jump": jump,
    "fight": fight,
    "to and fro": to_and_fro,
    "stand": stand,
}
WHOLE = {"1.6 x", "2.5 x", "ride", "cart"}
"""What somebody does from the first frame on; all else begins after a while."""


def trembling(count: int, random: np.random.Generator) -> Array:
    """What a tracker makes of something still: (count, 4) wandering shares of the height."""
    noise = random.normal(size=(count, 4)) * 0.006
    for row in range(1, count):
        noise[row] += 0.93 * noise[row - 1]
    return noise


def staged(person: Person, kind: str, random: np.random.Generator) -> tuple[Array, int]:
    """The person's boxes while that happens, with some of what was before, and the frame in which it begins."""
    start = 0 if kind in WHOLE else int(random.integers(BEFORE, len(person.way) - LASTS))
    before = person.way[max(0, start - 2 * BEFORE) : start]
    way = KINDS[kind](Person(person.way[start:]), np.arange(LASTS) / FPS)
    if kind in {"fall", "fight", "stand"}:
        noise = trembling(len(way), random)
        way = np.concatenate([way[:, :2] + noise[:, :2] * way[:, 3:], way[:, 2:] * np.exp(noise[:, 2:])], axis=1)
    x, y, width, height = np.concatenate([before, way]).T
    return np.stack([x - width / 2, y - height, x + width / 2, y], axis=1), len(before)


def people(video: odd.Video) -> Iterator[Person]:
    """Everybody who was followed for six seconds and more without a gap of over half a second."""
    rows = defaultdict(list)
    for frame in video:
        assert frame.boxes is not None
        for track, box in zip(frame.boxes.track.tolist(), frame.boxes.box.tolist(), strict=True):
            rows[track].append((frame.index, *box))
    for seen in rows.values():
        frame, x0, y0, x1, y1 = np.array(seen, np.float64).T
        if frame[-1] - frame[0] >= 6 * FPS and np.diff(frame).max() <= FPS / 2:
            columns = ((x0 + x1) / 2, y1, x1 - x0, y1 - y0)
            every = np.arange(frame[0], frame[-1] + 1)
            yield Person(np.stack([np.interp(every, frame, column) for column in columns], axis=1))


def scenes(held: Sequence[odd.Video], kind: str) -> tuple[list[odd.Video], list[int]]:
    """Recordings of one person to whom it happens, and when it begins."""
    random, videos, begins = np.random.default_rng(0), [], []
    for video in held:
        found = list(people(video))
        for number in random.permutation(len(found))[:1]:
            box, begin = staged(found[number], kind, random)
            name, info = f"{video.info.id} {kind} {number}", video.info
            frame = np.arange(len(box))
            videos.append(
                TrackVideo(
                    frame, 0 * frame, box, width=info.width, height=info.height, fps=FPS, frames=len(box), name=name
                )
            )
            begins.append(begin)
    return list(videos), begins


def parted(videos: Sequence[odd.Video]) -> tuple[list[odd.Video], list[odd.Video]]:
    """Four fifths of each camera's videos, and the fifth that is held out."""
    cameras = defaultdict(list)
    for video in videos:
        cameras[video.info.id.split("_")[0]].append(video)
    random, trained, held = np.random.default_rng(0), list[odd.Video](), list[odd.Video]()
    for some in cameras.values():
        order, count = random.permutation(len(some)), max(1, round(0.2 * len(some)))
        held += [some[i] for i in order[:count]]
        trained += [some[i] for i in order[count:]]
    return trained, held


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    trained, held = parted([video.video for video in ShanghaiTechTracks(given.folder).videos("training")])
    staging = {kind: scenes(held, kind) for kind in KINDS}
    print(f"| knn over tracks | mean | {' | '.join(KINDS)} |\n|{' --- |' * (len(KINDS) + 2)}")
    with tempfile.TemporaryDirectory() as folder, odd.ObservationCache(folder) as cache:
        watching = Watching(ALL, None, odd.CameraHealth())
        fit, normal = (observed(part, watching, cache) for part in (trained, held))
        shown = {kind: observed(videos, watching, cache) for kind, (videos, _) in staging.items()}
        for name, weights in VARIANTS.items():
            # Few, and few held out for a threshold that nobody asks for: the comparison is the same, and quick.
            detector = odd.Detector(observer=ALL, model=KNN(k=5, coreset=10_000, weights=weights)).fit(
                fit, holdout=0.02
            )
            usual = np.concatenate([timeline.scores for timeline in detector.score_source(normal)])
            figures = []
            for kind, source in shown.items():
                timelines = zip(detector.score_source(source), staging[kind][1], strict=True)
                odd_scores = np.concatenate([timeline.scores[begin:] for timeline, begin in timelines])
                both = np.concatenate([usual, odd_scores])
                figures.append(auroc(both[np.isfinite(both)], (np.arange(len(both)) >= len(usual))[np.isfinite(both)]))
            columns = [float(np.mean(figures)), *figures]
            print(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in columns)} |", flush=True)


if __name__ == "__main__":
    main()
