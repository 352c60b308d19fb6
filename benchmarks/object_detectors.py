"""NanoDet, CenterNet and motion on training frames of UCSD Ped2: boxes, processor time, and pictures to look at.

    oddframe models get nanodet centernet
    python benchmarks/object_detectors.py ped2 pictures/

20 frames, evenly chosen from the 16 training clips (normal video, no labels). Times are of one thread, the median over
frames, networks loaded. Motion is the default foreground, which was given the 36 frames before; its time is not
measured, for most of it is flow that observers compute anyway. Boxes of people are not counted here: look at the
pictures, of which there is one a frame with a panel for each row of the table.
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.detectors.centernet import CenterNet
from oddframe.observers.detectors.nanodet import NanoDet
from oddframe.observers.foreground.flow import RecentFlow
from oddframe.observers.foreground.motion import Motion
from oddframe.types import FloatArray, ImageArray, VideoInfo

FRAMES, BEFORE, SCORE, LARGER = 20, 36, 0.3, 2


class AsThePackageDoes(NanoDet):
    """NanoDet with the scaling of the package that carries its weights: red first, divided by 255."""

    def prepared(self, picture: ImageArray) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None] / 255)


def chosen(folder: Path) -> list[tuple[list[Path], int]]:
    """Clips' pictures and a frame's index in them."""
    clips = [sorted(clip.glob("*.jpg")) for clip in sorted((folder / "training" / "frames").iterdir()) if clip.is_dir()]
    told = []
    for number in range(FRAMES):
        clip = clips[number % len(clips)]
        told.append((clip, BEFORE + (number * 37) % (len(clip) - BEFORE)))
    return told


def read(path: Path) -> ImageArray:
    """A picture, red first."""
    return np.asarray(cv2.imread(str(path)), np.uint8)[..., ::-1]


def moving(clip: list[Path], index: int) -> FloatArray:
    """(N, 4) boxes of the default foreground, in pixels of the source."""
    first = read(clip[index - BEFORE])
    video = VideoInfo(clip[0].parent.name, first.shape[1], first.shape[0], Fraction(10), len(clip))
    motion = Motion()
    stream, recent = motion.open(video), RecentFlow(motion.short_side, motion.behind(video))
    found = np.zeros((0, 4), np.float32)
    for place in range(index - BEFORE, index + 1):
        recent.push(read(clip[place]))
        if place - (index - BEFORE) >= motion.behind(video):
            found = stream.boxes(recent, np.zeros((0, 4), np.float32)) * recent.scale
    return np.asarray(found, np.float32)


def drawn(image: ImageArray, boxes: FloatArray, title: str) -> ImageArray:
    """The picture, larger, with boxes."""
    seen = cv2.resize(np.ascontiguousarray(image), None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC)
    for x0, y0, x1, y1 in (boxes * LARGER).round().astype(int).tolist():
        cv2.rectangle(seen, (x0, y0), (x1, y1), (255, 60, 60), 1)
    cv2.putText(seen, f"{title}: {len(boxes)}", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0))
    return np.asarray(seen, np.uint8)


def main() -> None:
    """Print the table, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ped2", type=Path)
    parser.add_argument("pictures", type=Path)
    given = parser.parse_args()
    given.pictures.mkdir(parents=True, exist_ok=True)
    detectors: dict[str, ObjectDetector] = {
        "nanodet": NanoDet(),
        "nanodet size=480": NanoDet(size=480),
        "nanodet size=352 tile=160": NanoDet(tile=160),
        "nanodet as its package scales": AsThePackageDoes(),
        "centernet": CenterNet(),
        "centernet size=480": CenterNet(size=480),
    }
    counts: dict[str, list[int]] = {name: [] for name in (*detectors, "motion")}
    people: dict[str, list[int]] = {name: [] for name in detectors}
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    for clip, index in chosen(given.ped2):
        image, panels = read(clip[index]), []
        for name, detector in detectors.items():
            detector.find(image)
            began = time.process_time()
            found = detector.find(image).over(SCORE)
            seconds[name].append(time.process_time() - began)
            counts[name].append(len(found))
            people[name].append(int((found.kind == 0).sum()))
            panels.append(drawn(image, found.box, name))
        boxes = moving(clip, index)
        counts["motion"].append(len(boxes))
        panels.append(drawn(image, boxes, "motion"))
        panels.append(np.zeros_like(panels[0]))
        rows = [np.hstack(panels[place : place + 2]) for place in range(0, len(panels), 2)]
        cv2.imwrite(
            str(given.pictures / f"{clip[index].parent.name}-{clip[index].stem}.png"), np.vstack(rows)[..., ::-1]
        )
    print(f"| {FRAMES} frames | boxes over {SCORE} | of people | ms a frame |\n| --- | --- | --- | --- |")
    for name, found_counts in counts.items():
        told = [str(sum(found_counts)), str(sum(people.get(name, []))) if name in people else ""]
        told.append(f"{1000 * np.median(seconds[name]):.0f}" if name in seconds else "")
        print(f"| {name} | {' | '.join(told)} |")


if __name__ == "__main__":
    main()
