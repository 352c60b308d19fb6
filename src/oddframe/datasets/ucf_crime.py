"""UCF-Crime: 1610 training and 290 testing videos of surveillance cameras at 30 frames per second, normal and not.

As the authors distribute it; videos are found by name, at any depth:

    Videos/Abuse/Abuse001_x264.mp4 ...                      or Anomaly-Videos-Part-1/Abuse/..., and so on
    Videos/Training_Normal_Videos_Anomaly/Normal_Videos001_x264.mp4 ...
    Videos/Testing_Normal_Videos_Anomaly/Normal_Videos_003_x264.mp4 ...
    Anomaly_Detection_splits/Anomaly_Train.txt              a video a line, with or without its folder
    Anomaly_Detection_splits/Anomaly_Test.txt
    Temporal_Anomaly_Annotation_for_Testing_Videos.txt      rows NAME CLASS FIRST LAST FIRST LAST, -1 for none

As features, with the same lists and annotations (or `ucf-i3d.list` and `ucf-i3d-test.list` in the place of the lists):

    FEATURES/.../Abuse001_x264_i3d.npy ...                  or without `_i3d`; or Abuse001_x264__0.npy, ..., one a crop

or in the common form of `oddframe.datasets.formats.frames`. The lists may also lie in the root. Abnormal frames count
from 1, both ends abnormal, as in the authors' evaluation; others count them from 0. Videos are normal if their names
begin so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from oddframe.datasets.base import LabelledVideo, Split
from oddframe.datasets.formats.frames import EXPECTED
from oddframe.datasets.formats.labels import Range, from_ranges
from oddframe.datasets.formats.layout import misfit, needed
from oddframe.datasets.weak import WeakDataSet, in_order, labelled, only
from oddframe.errors import DataError

FPS = Fraction(30)
"""Of the recordings, for the forms without video files."""

_LISTS: Mapping[Split, tuple[str, ...]] = {
    "training": ("Anomaly_Train.txt", "ucf-i3d.list"),
    "testing": ("Anomaly_Test.txt", "ucf-i3d-test.list"),
}
_TRUTH = ("Temporal_Anomaly_Annotation_for_Testing_Videos.txt", "Temporal_Anomaly_Annotation.txt")
_PLACES = (
    *("", "Anomaly_Detection_splits", "list", "UCF_Crimes", "UCF_Crimes/Anomaly_Detection_splits"),
    "UCF_Crimes-Train-Test-Split/Anomaly_Detection_splits",
)
_REPEATED = r"(?:z_)?Normal_Videos_(?:event|for_Event_Recognition)"
"""Folders of another task, whose normal videos are all in the others, too."""


class UCFCrime(WeakDataSet):
    """UCF-Crime: thirteen kinds of crime and accident among normal days; training videos are labelled as a whole.

    Args:
        root: the folder with the videos and `Anomaly_Detection_splits`, the one above it, or one in the common form.
    """

    name = "ucf-crime"
    citation = "Sultani, Chen, Shah: Real-world Anomaly Detection in Surveillance Videos. CVPR 2018"

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        listed = self._place(_LISTS[split])
        found = self._listed(listed, split) if listed else self.passed_on(split, FPS, _is_abnormal)
        if not found:
            own = f"Videos/Abuse/*.mp4 ... (or feature files), Anomaly_Detection_splits/{_LISTS[split][0]}, {_TRUTH[0]}"
            raise misfit(self.folder, f"UCF-Crime with a {split} split", [own, EXPECTED.format(name=self.name)])
        return found

    def _listed(self, listed: Path, split: Split) -> tuple[LabelledVideo, ...]:
        names = in_order(_names(listed))
        files = self.files([self.recordings], leave_out=_REPEATED)
        truth = self._place(_TRUTH) or self.folder / _TRUTH[0]
        told = _told(truth) if split == "testing" else {}
        for name in names:
            if split == "testing" and _is_abnormal(name) and name not in told:
                raise DataError(f"{truth}: has no row for test video {name!r}; download it again")
        return tuple(
            labelled(
                name,
                split,
                self.opener(only(files, name, listed), name, FPS),
                _is_abnormal(name),
                from_ranges(truth, told.get(name, ()), self.segment),
            )
            for name in names
        )

    def _place(self, names: tuple[str, ...]) -> Path | None:
        files = (self.folder / place / name for name in names for place in _PLACES)
        return next((file for file in files if file.is_file()), None)


def _is_abnormal(name: str) -> bool:
    return not name.startswith("Normal")


def _names(listed: Path) -> Iterator[str]:
    """The videos of a list, which may name files of another machine."""
    for line in listed.read_text("utf-8-sig", "replace").splitlines():
        if line.strip():
            file = re.split(r"[\\/]", line.strip())[-1]
            yield re.sub(r"(_i3d)?\.(mp4|avi|npy|npz)$", "", file)


def _told(file: Path) -> dict[str, list[Range]]:
    """Video -> ranges."""
    lines = needed(file, "when the test videos are abnormal").read_text("utf-8-sig", "replace").splitlines()
    return dict(_row(f"{file}:{number}", line) for number, line in enumerate(lines, 1) if line.strip())


def _row(where: str, line: str) -> tuple[str, list[Range]]:
    try:
        name, _, *numbers = line.split()
        ends = [int(number) for number in numbers]
    except ValueError:
        ends = []
    if len(ends) != 4:
        raise DataError(f"{where}: a row is a video, a class and four frames, not {line.strip()!r}; download it again")
    ranges = [(max(first, 1) - 1, last) for first, last in (ends[:2], ends[2:]) if (first, last) != (-1, -1)]
    for first, end in ranges:
        if not first < end:
            raise DataError(f"{where}: a range runs from its first to its last frame, not as in {line.strip()!r}")
    return re.sub(r"\.(mp4|avi)$", "", name), ranges
