"""Recordings made of feature files: what a network said of each segment of a video, without the video."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from oddframe.errors import DataError, EmptyVideo, SettingsError, VideoError, VideoNotFound
from oddframe.types import FloatArray, Frame, Medium, VideoInfo
from oddframe.video.array_files import ArrayArchive, is_archive, read_npy
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps
from oddframe.video.limits import Limits
from oddframe.video.names import natural

FEATURE_SUFFIXES = frozenset({".npy", ".npz"})
"""Suffixes of feature files. Labels and masks bear them too: what lies beside pictures or videos is no feature file."""

CROPS = (1, 5, 10)
"""How many crops of each picture are in use: the whole; centre and corners; both of these, mirrored too."""

_CROP = re.compile(r"__(\d+)(?=\.np[yz]$)", re.IGNORECASE)


class FeatureVideo(Video):
    """Features of a video's segments, as a recording of `segments * segment` frames.

    `Frame.feature` is (crops, D) float32 on each segment's last frame, else None; pictures are black. Files of numbers
    are memory-mapped, archives (`.npz`) are read whole. An array is (segments, D), (segments, crops, D) or (crops,
    segments, D) with 1, 5 or 10 crops; where both of the latter are possible, segments come first.

    Args:
        files: one file, or one a crop in their order, each (segments, D).
        segment: frames that a feature stands for.
        fps: frames per second of the video that the features are of; `ASSUMED_FPS` where not given.
        name: the video's id; else the file's name without suffix and number of the crop.
        size: width and height of that video, where known.
        limits: of what an array may take that is unpacked into memory.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: a file is missing, damaged, holds no features, or other than the rest.
        SettingsError: `segment` or `fps` is impossible.
        DataError: a pass meets a value that is not finite; the message names the segment.
    """

    medium: ClassVar[Medium] = "features"

    def __init__(
        self,
        files: Path | Sequence[Path],
        *,
        segment: int = 16,
        fps: Rate | None = None,
        name: str | None = None,
        size: tuple[int, int] = (1, 1),
        limits: Limits = Limits(),
    ) -> None:
        self._files = [files] if isinstance(files, Path) else list(files)
        if segment < 1:
            raise SettingsError(f"{self._files[0]}: a segment is at least 1 frame long, not {segment}")
        self.segment = segment
        self._crops = _alike(self._files, [_segments_first(file, _loaded(file, limits)) for file in self._files])
        rate = ASSUMED_FPS if fps is None else exact_fps(fps)
        frames = len(self._crops[0]) * segment
        info = VideoInfo(name or feature_name(self._files[0]), *size, rate, frames)
        super().__init__(str(self._files[0]), info, frames, fps is None)

    @property
    def shape(self) -> tuple[int, int]:
        """Crops, and values of each crop's feature."""
        return sum(part.shape[1] for part in self._crops), self._crops[0].shape[2]

    def _pass(self) -> Iterator[Frame]:
        black = np.broadcast_to(np.zeros((), np.uint8), (self.info.height, self.info.width, 3))
        top, bottom = self.info.fps.denominator, self.info.fps.numerator  # whole numbers: a fraction a frame is slow
        for number in range(len(self._crops[0])):
            last = (number + 1) * self.segment - 1
            for index in range(number * self.segment, last):
                yield Frame(index, index * top / bottom, black)
            yield Frame(last, last * top / bottom, black, None, self._feature(number))

    def _find(self, index: int) -> Frame:
        black = np.zeros((self.info.height, self.info.width, 3), np.uint8)
        number, rest = divmod(index + 1, self.segment)
        return Frame(index, self.info.seconds(index), black, None, None if rest else self._feature(number - 1))

    def _feature(self, number: int) -> FloatArray:
        """(crops, D) of a segment, read only now."""
        found = np.concatenate([part[number] for part in self._crops]).astype(np.float32)
        if not np.isfinite(found).all():
            raise DataError(
                f"{self.info.id}: the feature of segment {number} in {self.source} is not finite; extract it again, or"
                " leave the video out"
            )
        found.flags.writeable = False
        return found

    def _hash(self) -> str:
        whole = hashlib.blake2b(f"{self.segment} {self.info.width} x {self.info.height}".encode(), digest_size=32)
        for file in self._files:
            try:
                with file.open("rb") as content:
                    whole.update(hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=32)).digest())
            except OSError as error:
                raise VideoError(f"{file}: cannot be read any more ({error.strerror})") from error
        return whole.hexdigest()


def is_feature_file(path: Path) -> bool:
    """Whether the name may be that of a feature file; hidden files never are."""
    return path.suffix.lower() in FEATURE_SUFFIXES and not path.name.startswith(".")


def feature_name(file: Path) -> str:
    """A feature file's name without suffix and without the number of its crop.

    >>> feature_name(Path("v=a__#1_label_A__0.npy"))
    'v=a__#1_label_A'
    """
    return Path(_CROP.sub("", file.name)).stem if _CROP.search(file.name) else file.stem


def by_recording(files: Sequence[Path]) -> dict[Path, tuple[Path, ...]]:
    """Files by the recording that they belong to, which is their path without the number of a crop.

    >>> by_recording([Path("b.npy"), Path("a__1.npy"), Path("a__0.npy")])[Path("a.npy")] == (Path("a__0.npy"),
    ...     Path("a__1.npy"))
    True
    """
    found: dict[Path, list[Path]] = {}
    for file in sorted(files, key=natural):
        found.setdefault(file.with_name(_CROP.sub("", file.name)), []).append(file)
    return {recording: tuple(crops) for recording, crops in found.items()}


def _loaded(file: Path, limits: Limits) -> npt.NDArray[Any]:
    """The array in a file. Objects are not loaded: they could run code."""
    try:
        if not file.stat().st_size:
            raise EmptyVideo(f"{file}: the file is empty; copy it again")
        return _only(ArrayArchive(file, limits)) if is_archive(file) else read_npy(file, limits, mapped=True)
    except FileNotFoundError:
        raise VideoNotFound(f"{file}: no such file") from None
    except OSError as error:
        raise VideoError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
    except DataError as error:
        raise VideoError(str(error)) from error


def _only(archive: ArrayArchive) -> npt.NDArray[Any]:
    known = archive.names()
    names = known if len(known) == 1 else [name for name in known if name in {"feature", "features"}]
    if len(names) != 1:
        held = ", ".join(known[:12]) or "nothing"
        raise VideoError(f"{archive.file}: holds {held}; name the array of features 'feature'")
    return archive.array(names[0])


def _segments_first(file: Path, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(segments, crops, D)."""
    if array.dtype.kind not in "fiu" or array.ndim not in {2, 3} or (array.ndim == 3 and not _has_crops(array)):
        raise VideoError(
            f"{file}: holds {array.shape} {array.dtype}; features are (segments, values), or (segments, crops, values)"
            f" with {', '.join(map(str, CROPS[:-1]))} or {CROPS[-1]} crops"
        )
    if not array.size:
        raise EmptyVideo(f"{file}: holds {array.shape}, not one feature; extract them again, or leave it out")
    if array.ndim == 2:
        return array[:, np.newaxis]
    return array if array.shape[1] in CROPS else array.swapaxes(0, 1)


def _has_crops(array: npt.NDArray[Any]) -> bool:
    return array.shape[1] in CROPS or array.shape[0] in CROPS


def _alike(files: Sequence[Path], parts: list[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """The crops of one recording, which have as many segments and values each."""
    for file, part in zip(files, parts, strict=True):
        if (len(part), part.shape[2]) != (len(parts[0]), parts[0].shape[2]):
            given, first = f"{len(part)} x {part.shape[2]}", f"{len(parts[0])} x {parts[0].shape[2]}"
            raise VideoError(f"{file}: holds {given} values where {files[0].name} holds {first}; extract them together")
    return parts
