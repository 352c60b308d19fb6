"""Pictures in a folder as one video."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import DamagedVideo, EmptyVideo, VideoError
from oddframe.types import Frame, ImageArray, VideoId, VideoInfo
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps
from oddframe.video.levels import Levels, as_rgb, is_deep
from oddframe.video.limits import Limits
from oddframe.video.picture import pictures_in, read_picture

READERS = 2
"""Threads that decode ahead: twice as fast as none on two cores from 720p on, and no slower on small pictures."""

AHEAD = 4
"""Pictures decoded before they are asked for."""

LOOKS = 8
"""Pictures, evenly spread, from which size and range are told."""

NAMED = 20
"""Unreadable pictures that a warning names; the others are counted."""

UNREADABLE = "unreadable"
"""The fault of a frame whose picture cannot be read."""

Read: TypeAlias = "npt.NDArray[Any] | VideoError"


class FolderVideo(Video):
    """Pictures in the natural order of their names, one frame each; a single picture is a video of one frame.

    A picture that cannot be read costs no other: its frame shows the one before, has the fault `unreadable`, and is
    named in a `DamagedVideo` warning at the end of a pass. One of another size is scaled, and named as well.

    Args:
        pictures: the files, in order.
        source: the folder (or the one file) to name in messages.
        fps: frames per second; `ASSUMED_FPS` where not given, for pictures carry no clock.
        name: the video's id; else the folder's name (for a single picture its own, without suffix).
        limits: of what a picture may take.
        later: whether pictures are read only when something of them is wanted; else some are read at once.

    Raises:
        EmptyVideo: no pictures.
        VideoError: not one of them is readable.
    """

    def __init__(
        self,
        pictures: Sequence[Path],
        source: Path,
        fps: Rate | None = None,
        name: str | None = None,
        limits: Limits = Limits(),
        *,
        later: bool = False,
    ) -> None:
        if not pictures:
            raise EmptyVideo(f"{source}: holds no pictures; expected files such as 001.jpg")
        super().__init__(str(source), None, len(pictures))
        self._assumed = fps is None
        self._pictures, self._limits = tuple(pictures), limits
        self._name = name or (source.stem if source == self._pictures[0] else source.resolve().name)
        self._rate = ASSUMED_FPS if fps is None else exact_fps(fps)
        if not later:
            self._look()

    @property
    def id(self) -> VideoId:
        """Its name, for which no picture is read."""
        return self._name if self._stated is None else self._stated.id

    def _look(self) -> None:
        if self._stated is not None:
            return
        drawn = self._drawn()
        # One picture of another size, even the first, is an accident.
        (height, width), _ = Counter(picture.shape[:2] for picture in drawn).most_common(1)[0]
        deep = [picture for picture in drawn if is_deep(picture)]
        self._levels = Levels.of(deep) if deep else None
        self._stated = VideoInfo(self._name, width, height, self._rate, len(self._pictures), fps_assumed=self._assumed)

    @classmethod
    def of_folder(
        cls, folder: Path, fps: Rate | None = None, name: str | None = None, limits: Limits = Limits()
    ) -> FolderVideo:
        """The pictures that lie directly in a folder; hidden and other files are ignored."""
        return cls(pictures_in(folder), folder, fps, name, limits)

    def _drawn(self) -> list[npt.NDArray[Any]]:
        """Some pictures, evenly spread: of those that are bad, the next good one stands in for the first."""
        count = len(self._pictures)
        places = sorted({count * look // LOOKS for look in range(LOOKS)})
        tried = [self._read(self._pictures[place]) for place in places]
        found = [picture for picture in tried if not isinstance(picture, VideoError)]
        if found:
            return found
        rest = (self._read(path) for place, path in enumerate(self._pictures) if place not in places)
        first = next((picture for picture in rest if not isinstance(picture, VideoError)), None)
        if first is not None:
            return [first]
        error = tried[0]
        assert isinstance(error, VideoError)
        if count == 1:
            raise error
        raise VideoError(f"none of the {count} pictures can be read; the first is {error}")

    def _read(self, path: Path) -> Read:
        try:
            return read_picture(path, self._limits)
        except VideoError as error:
            return error

    def _pass(self) -> Iterator[Frame]:
        pool = ThreadPoolExecutor(min(READERS, len(self._pictures)), thread_name_prefix="pictures")
        waiting: deque[Future[Read]] = deque()
        flaws: list[str] = []
        last: ImageArray | None = None
        try:
            for index, path in enumerate(self._pictures):
                for ahead in self._pictures[index + len(waiting) : index + AHEAD]:
                    waiting.append(pool.submit(self._read, ahead))
                frame = self._frame(index, path, waiting.popleft().result(), last, flaws)
                last = frame.image
                yield frame
        finally:
            pool.shutdown(cancel_futures=True)
        self._warn(flaws)

    def _find(self, index: int) -> Frame:
        read = self._read(self._pictures[index])
        before = index - 1
        last = None
        while isinstance(read, VideoError) and last is None and before >= 0:
            earlier = self._read(self._pictures[before])
            last = None if isinstance(earlier, VideoError) else self._shown(earlier)
            before -= 1
        return self._frame(index, self._pictures[index], read, last, [])

    def _frame(self, index: int, path: Path, read: Read, last: ImageArray | None, flaws: list[str]) -> Frame:
        width, height, seconds = self.info.width, self.info.height, self.info.seconds(index)
        if isinstance(read, VideoError):
            flaws.append(f"frame {index}: {read}")
            image = np.zeros((height, width, 3), np.uint8) if last is None else last
            return Frame(index, seconds, image, fault=UNREADABLE)
        if read.shape[:2] != (height, width):
            flaws.append(f"frame {index}: {path}: is {read.shape[1]} x {read.shape[0]}, scaled to {width} x {height}")
        return Frame(index, seconds, self._shown(read))

    def _shown(self, read: npt.NDArray[Any]) -> ImageArray:
        image, size = as_rgb(read, self.levels), (self.info.width, self.info.height)
        if image.shape[1::-1] != size:
            return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        return image

    def _warn(self, flaws: Sequence[str]) -> None:
        if not flaws:
            return
        more = f"; and {len(flaws) - NAMED} more" if len(flaws) > NAMED else ""
        text = f"{self.source}: {len(flaws)} of {len(self._pictures)} pictures are not as the others"
        warnings.warn(DamagedVideo(f"{text}: {'; '.join(flaws[:NAMED])}{more}"), stacklevel=3)

    def _hash(self) -> str:
        whole = hashlib.blake2b(digest_size=32)
        for path in self._pictures:
            try:
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).digest())
            except OSError as error:  # its frame has a fault
                whole.update(f"unreadable: {error.errno}".encode())
        return whole.hexdigest()
