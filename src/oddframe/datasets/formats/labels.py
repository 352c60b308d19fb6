"""Frame labels and pixel masks from the forms in which they are published: ranges, tables, MATLAB cells, arrays."""

from __future__ import annotations

import csv
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oddframe.datasets.base import Labeller, Masker, other_length
from oddframe.datasets.formats.layout import needed
from oddframe.errors import DataError
from oddframe.types import BoolArray, VideoInfo
from oddframe.video.array_files import UNREADABLE, read_npy
from oddframe.video.limits import Limits
from oddframe.video.picture import pictures_in, read_image

Range = tuple[int, int]
"""First and one-past-last abnormal frame, counted from 0."""

PACKED = 15
"""The type of a variable that is stored packed, in MATLAB 5 files."""

CHUNK = 1 << 20
"""Bytes that are unpacked at a time to see how many there are."""

COLUMNS = ("clip", "first_abnormal_frame", "end_exclusive")


def from_ranges(file: Path, ranges: Iterable[Range], slack: int = 0) -> Labeller:
    """Make frame labels that are True within ranges.

    Args:
        file: for messages.
        ranges: first and one-past-last frame of each.
        slack: frames by which a range may reach past the end of the video; there it is cut.

    Returns:
        A labeller, which raises DataError where a range reaches farther.

    >>> from_ranges(Path("a.csv"), [(1, 3)])(VideoInfo("7", width=32, height=24, fps=25, frames=5))
    array([False,  True,  True, False, False])
    """
    kept = tuple(ranges)

    def labels(info: VideoInfo) -> BoolArray:
        frames, last = info.frames or 0, max((end for _, end in kept), default=0)
        if last > frames + slack:
            raise other_length(file, info.id, last, frames)
        marked = np.zeros(frames, np.bool_)
        for first, end in kept:
            marked[first:end] = True
        return marked

    return labels


def from_array(file: Path, load: Callable[[], npt.NDArray[Any]], short: int = 0) -> Labeller:
    """Make frame labels from an array with one value a frame; anything but zero is abnormal.

    Args:
        file: for messages.
        load: loads the array when it is first needed.
        short: values that may be missing at the end, where the last value is repeated.

    Returns:
        A labeller, which raises DataError where the number of values does not fit.
    """

    def labels(info: VideoInfo) -> BoolArray:
        values, frames = np.asarray(load() != 0, np.bool_).ravel(), info.frames or 0
        if not len(values) <= frames <= len(values) + short or not len(values):
            raise other_length(file, info.id, len(values), frames)
        return np.pad(values, (0, frames - len(values)), mode="edge")

    return labels


def table_ranges(file: Path, videos: Sequence[str]) -> dict[str, list[Range]]:
    """Read a table `clip,first_abnormal_frame,end_exclusive`, frames from 0.

    A clip may have several rows; a normal one has a row with two equal numbers.

    Returns:
        Video -> ranges.

    Raises:
        DataError: missing, damaged, a clip without a row, or a row without a clip.
    """
    found: dict[str, list[Range]] = {video: [] for video in videos}
    rows = read_table(file, COLUMNS)
    for line, (clip, *numbers) in rows:
        if clip not in found:
            raise DataError(f"{file}:{line}: there is no clip {clip!r}; there are {', '.join(videos)}")
        found[clip].append(_range(f"{file}:{line}", numbers))
    told = {clip for _, (clip, *_) in rows}
    for video in videos:
        if video not in told:
            raise DataError(
                f"{file}: no row for clip {video!r}; add one, with two equal numbers if nothing in it is odd"
            )
    return found


def cell_ranges(file: Path, videos: Sequence[str]) -> dict[str, list[Range]]:
    """Read a MATLAB file whose cell `gt` holds per video 2 x K first and last frames, from 1.

    Returns:
        Video -> ranges, from 0.

    Raises:
        DataError: missing, damaged, or of another number of videos.
    """
    cells = load_mat(file, "gt").ravel()
    if len(cells) != len(videos):
        raise DataError(f"{file}: gt has {len(cells)} cells for {len(videos)} test videos; one of them is incomplete")
    return {video: list(_columns(file, video, cell)) for video, cell in zip(videos, cells, strict=True)}


def load_mat(file: Path, name: str, limits: Limits = Limits()) -> npt.NDArray[Any]:
    """Read a variable of a MATLAB file.

    Raises:
        DataError: the file is missing, damaged or of version 7.3, or has no such variable.
    """
    from scipy.io import loadmat  # noqa: PLC0415  slow to import, and few need it

    _check_unpacked(needed(file, f"a MATLAB file with the variable {name}"), limits)
    try:
        content: Mapping[str, Any] = loadmat(needed(file, f"a MATLAB file with the variable {name}"))
    except NotImplementedError as error:
        raise DataError(f"{file}: saved as MATLAB 7.3; save it with the option -v7") from error
    except UNREADABLE as error:
        raise DataError(f"{file}: not a readable MATLAB file ({error}); download it again") from error
    if name not in content:
        raise DataError(
            f"{file}: has no variable {name}, only {', '.join(k for k in content if k[0] != '_') or 'none'}"
        )
    return np.asarray(content[name])


def _check_unpacked(file: Path, limits: Limits) -> None:
    """Refuse a file whose packed variables are larger than the limits: a thousandth of them is enough to claim it."""
    content, place = file.read_bytes(), 128
    while content[:6] == b"MATLAB" and place + 8 <= len(content):
        kind, size = struct.unpack_from("<II" if content[126:128] == b"IM" else ">II", content, place)
        if kind == PACKED:
            unpacked, rest, left = zlib.decompressobj(), content[place + 8 : place + 8 + size], limits.array
            with suppress(zlib.error):  # said when it is read
                while rest and left >= 0:
                    left -= len(unpacked.decompress(rest, CHUNK))
                    rest = unpacked.unconsumed_tail
            if left < 0:
                raise DataError(f"{file}: a variable is {limits.over('array')}")
        place += 8 + size


def load_npy(file: Path, mapped: bool = False, limits: Limits = Limits()) -> npt.NDArray[Any]:
    """Read a NumPy array from a file, on demand if `mapped`. Objects are refused: they could run code.

    Raises:
        DataError: the file is missing, damaged, holds objects, or is larger than the limits.
    """
    return read_npy(needed(file, "labels"), limits, mapped=mapped)


def read_table(file: Path, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Read a table with a heading line.

    Returns:
        (line number, values of the columns) of every row.

    Raises:
        DataError: missing, not text, other columns, or a short row.
    """
    with needed(file, f"a table with the columns {','.join(columns)}").open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        try:
            rows = [(reader.line_num, [(row.get(column) or "").strip() for column in columns]) for row in reader]
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{file}: not a table in UTF-8 ({error})") from error
    if not set(columns) <= set(reader.fieldnames or ()):
        raise DataError(
            f"{file}: the first line must be {','.join(columns)}, not {','.join(reader.fieldnames or ())!r}"
        )
    for line, values in rows:
        if "" in values:
            raise DataError(f"{file}:{line}: a value is missing; each row has {','.join(columns)}")
    return rows


def _range(where: str, numbers: Sequence[str]) -> Range:
    try:
        first, end = map(int, numbers)
    except ValueError:
        raise DataError(f"{where}: frames are whole numbers, not {','.join(numbers)}") from None
    if not 0 <= first <= end:
        raise DataError(f"{where}: a range runs from a frame to one past its last, not from {first} to {end}")
    return first, end


def _columns(file: Path, video: str, cell: Any) -> Iterator[Range]:
    values = np.asarray(cell)
    if not values.size:
        return
    if values.ndim != 2 or values.shape[0] != 2 or values.dtype.kind not in "uif":
        raise DataError(f"{file}: the cell of video {video!r} is {values.shape}, not 2 x K first and last frames")
    for first, last in values.T.tolist():
        if not 1 <= first <= last:
            raise DataError(
                f"{file}: video {video!r}: a range runs from its first to its last frame, not {first} {last}"
            )
        yield int(first) - 1, int(last)


def from_pictures(folder: Path) -> Masker | None:
    """Read masks from a folder with one picture a frame; anything but black is abnormal. None = there is no folder."""

    def masks(_: VideoInfo) -> Iterator[BoolArray]:
        for picture in pictures_in(folder):
            yield np.asarray(read_image(picture).any(2), np.bool_)

    return masks if folder.is_dir() else None


def from_npy(file: Path) -> Masker | None:
    """Read masks from an array (F, H, W), frame by frame; anything but 0 is abnormal. None = there is no file."""

    def masks(_: VideoInfo) -> Iterator[BoolArray]:
        frames = load_npy(file, mapped=True)
        if frames.ndim != 3:
            raise DataError(f"{file}: masks are (frames, height, width), not {frames.shape}; download it again")
        for frame in frames:
            yield np.asarray(frame != 0, np.bool_)

    return masks if file.is_file() else None
