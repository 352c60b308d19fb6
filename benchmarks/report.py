"""How large the report of a long video is, and how long it takes beside the scoring.

    python benchmarks/report.py --hours 1 --events 40

The video is looped from twenty rendered seconds of the walkway, and its timeline is made by hand: nothing is scored, so
what is measured is the report alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from oddframe.report import FIXED, Compared, Filmed, NormalMoment, Page, moments_of, video_part, with_near
from oddframe.report import render as page_text
from oddframe.scoring import MapScale
from oddframe.types import Event, Frame, ImageArray, Observations, Scored, Timeline, VideoInfo
from oddframe.types.timeline import event_id
from oddframe.video import Video
from oddframe.walkway import Walkway, render

FPS = 25
ROOM = round(0.95 * (10_000_000 - FIXED))


class Looped(Video):
    """The same pictures again and again."""

    def __init__(self, name: str, images: list[ImageArray], frames: int) -> None:
        high, wide = images[0].shape[:2]
        super().__init__(name, VideoInfo(name, wide, high, Fraction(FPS), frames), frames)
        self.images, self.frames = images, frames

    def _pass(self) -> Iterator[Frame]:
        return map(self._find, range(self.frames))

    def _find(self, index: int) -> Frame:
        return Frame(index, index / FPS, self.images[index % len(self.images)])

    def _hash(self) -> None:
        return None


def timeline(info: VideoInfo, count: int) -> Timeline:
    """Noise with a bump for each event."""
    random = np.random.default_rng(0)
    frames = info.frames or 0
    scores = (0.5 + 0.1 * random.standard_normal(frames)).astype(np.float32)
    events = []
    for start in np.linspace(100, frames - 200, count).astype(int).tolist():
        scores[start : start + 80] += 2 * np.hanning(80).astype(np.float32)
        peak = int(start + np.argmax(scores[start : start + 80]))
        times = start / FPS, (start + 80) / FPS, peak / FPS
        box = (100.0, 80.0, 140.0, 150.0)
        events.append(Event(start, start + 80, peak, float(scores[peak]), box, *times, event_id(info.id, peak), 1e-3))
    at = np.arange(frames)
    boxes = np.tile(np.array([100, 80, 140, 150], np.float32), (frames, 1))
    rows = Observations(video=info.id, frame=at, span=np.stack([at, at + 1], 1), ready=at, box=boxes)
    return Timeline(info, scores, np.ones(frames, np.bool_), Scored(rows, scores), (), 1.0, tuple(events))


def main() -> None:
    """Print what it takes."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--hours", type=float, default=1.0)
    asked.add_argument("--events", type=int, default=40)
    given = asked.parse_args()
    images = list(render(Walkway(seconds=20), seed=5, events=["cyclist"]).images())
    frames = round(given.hours * 3600 * FPS)
    video, normal = Looped("gate", images, frames), Looped("normal", images, len(images))
    told = timeline(video.info, given.events)

    began, worked = perf_counter(), process_time()
    filmed = Filmed(video)
    for _ in filmed:
        pass
    strip = process_time() - worked
    box = (100.0, 80.0, 140.0, 150.0)
    near = tuple(NormalMoment("normal", frame, frame / FPS, box, 1.0) for frame in (10, 100, 400))
    compared = {moment.frame: Compared("steps", 1.0, near) for moment in moments_of(told)}
    part = video_part(told, filmed, scale=MapScale(0.0, 1.0, 2.0), compared=compared, limit=round(0.8 * ROOM))
    parts = with_near([part], {"normal": normal}, ROOM - part.bytes)
    html = page_text(Page("An hour at the gate", "made by a benchmark", 1.0, parts)).encode()
    with TemporaryDirectory() as folder:
        (Path(folder) / "report.html").write_bytes(html)
    print(f"{given.hours:g} h, {frames} frames, {given.events} events, {len(part.strip)} thumbnails")
    shown = sum(moment.shot is not None for moment in part.moments)
    print(f"{len(html) / 1e6:.2f} MB, of which pictures {part.bytes / 1e6:.2f} MB; {shown} events with pictures")
    print(f"{process_time() - worked:.1f} s of processor time ({strip:.1f} s of it thumbnails)", end="")
    print(f", {perf_counter() - began:.1f} s by the clock")


if __name__ == "__main__":
    main()
