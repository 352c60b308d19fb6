"""XD-Violence: 3954 training and 800 testing videos at 24 frames per second, from films, sport, games and cameras.

As the authors distribute it, in five archives of training videos and one of testing videos:

    1-1004/A.Beautiful.Mind.2001__#00-25-20_00-29-20_label_A.mp4 ...     1005-2004/, ...; or all of them in train/
    videos/Bad.Boys.1995__#01-33-51_01-34-37_label_B2-0-0.mp4 ...        or test_videos/, or test/
    annotations.txt               rows NAME FIRST END FIRST END ...: when the abnormal testing videos are, frames from 0

As features, a file a video or a file a crop (`NAME__0.npy` ... `NAME__4.npy`), with the same annotations:

    FEATURES/RGB/A.Beautiful.Mind.2001__#00-25-20_00-29-20_label_A__0.npy ...     or folders named as those of videos
    FEATURES/RGBTest/Bad.Boys.1995__#01-33-51_01-34-37_label_B2-0-0__0.npy ...

or in the common form of `oddframe.datasets.formats.frames`. A video is normal if its name ends with `_label_A`; ends
are not abnormal any more, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.frames import EXPECTED
from oddframe.datasets.formats.labels import Range, from_ranges
from oddframe.datasets.formats.layout import entries, misfit, needed
from oddframe.datasets.weak import WeakDataSet, in_order, labelled, only
from oddframe.errors import DataError

FPS = Fraction(24)
"""Of the recordings, for the forms without video files."""

_FOLDERS: Mapping[Split, str] = {
    "training": r"\d+-\d+|RGB|train(?:ing)?(?:_videos)?",
    "testing": r"videos|RGBTest|test(?:ing)?(?:_videos)?",
}
_TRUTH = "annotations.txt"


class XDViolence(WeakDataSet):
    """XD-Violence: fights, shootings, riots, abuse, accidents and explosions; training videos are labelled as a whole.

    Args:
        root: the folder with the folders of videos and `annotations.txt`, or one in the common form.
    """

    name = "xd-violence"
    citation = (
        "Wu, Liu, Shi, Sun, Shao, Wu, Yang: Not only Look, but also Listen: Learning Multimodal Violence Detection"
        " under Weak Supervision. ECCV 2020"
    )

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        found = self.passed_on(split, FPS, _is_abnormal) or self._original(split)
        if not found:
            own = "1-1004/*.mp4 ..., videos/*.mp4, annotations.txt"
            if self.features is not None:
                own = "RGB/*__0.npy ..., RGBTest/*__0.npy ..., and annotations.txt in the root"
            title = f"XD-Violence with a {split} split"
            raise misfit(self.recordings, title, [own, EXPECTED.format(name=self.name)])
        return found

    def _original(self, split: Split) -> tuple[LabelledVideo, ...]:
        files = self.files(entries(self.recordings, _FOLDERS[split]))
        truth = self.folder / _TRUTH
        told = _told(truth) if files and split == "testing" else {}
        for name in files:
            if split == "testing" and _is_abnormal(name) and name not in told:
                raise DataError(f"{truth}: has no row for test video {name!r}; download it again")
        return tuple(
            labelled(
                name,
                split,
                self.opener(only(files, name, self.recordings), name, FPS),
                _is_abnormal(name),
                from_ranges(truth, told.get(name, ()), self.segment),
            )
            for name in in_order(files)
        )


def _is_abnormal(name: str) -> bool:
    return not name.endswith("_label_A")


def _told(file: Path) -> dict[str, list[Range]]:
    """Video -> ranges."""
    lines = needed(file, "when the test videos are abnormal").read_text("utf-8-sig", "replace").splitlines()
    return dict(_row(f"{file}:{number}", line) for number, line in enumerate(lines, 1) if line.strip())


def _row(where: str, line: str) -> tuple[str, list[Range]]:
    name, *numbers = line.split()
    try:
        ends = [int(number) for number in numbers]
    except ValueError:
        ends = []
    ranges = list(zip(ends[::2], ends[1::2], strict=False))
    if not ranges or len(ends) % 2 or any(not 0 <= first <= end for first, end in ranges):
        raise DataError(f"{where}: a row is a video and pairs of frames, not {line.strip()!r}; download it again")
    return name.removesuffix(".mp4"), ranges
