"""Pictures in a folder as one video.

Pictures from files.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.types import Frame, ImageArray, VideoInfo
from oddframe.video.base import ASSUMED_FPS, Rate, Video, exact_fps
from oddframe.video.names import natural

READERS = 2
"""Threads that decode ahead: twice as fast as none on two cores from 720p on, and no slower on small pictures."""

AHEAD = 4
"""Pictures decoded before they are asked for."""


class FolderVideo(Video):
    """Pictures in the natural order of their names, one frame each; a single picture is a video of one frame.

    Args:
        pictures: the files, in order.
        source: the folder (or the one file) to name in messages.
        fps: frames per second; `ASSUMED_FPS` where not given, for pictures carry no clock.
        name: the video's id; else the folder's name (for a single picture its own, without suffix).

    Raises:
        EmptyVideo: no pictures.
        VideoError: the first one is not readable. A later one, or one of another size, is met during a pass.
    """

    def __init__(
        self, pictures: Sequence[Path], source: Path, fps: Rate | None = None, name: str | None = None
    ) -> None:
        if not pictures:
            raise EmptyVideo(f"{source}: holds no pictures; expected files such as 001.jpg")
        self._pictures = tuple(pictures)
        height, width = read_image(self._pictures[0]).shape[:2]
        own = source.stem if source == self._pictures[0] else source.resolve().name
        rate = ASSUMED_FPS if fps is None else exact_fps(fps)
        count = len(self._pictures)
        super().__init__(str(source), VideoInfo(name or own, width, height, rate, count), count, fps is None)

    @classmethod
    def of_folder(cls, folder: Path, fps: Rate | None = None, name: str | None = None) -> FolderVideo:
        """The pictures that lie directly in a folder; hidden and other files are ignored."""
        return cls(pictures_in(folder), folder, fps, name)

    def _pass(self) -> Iterator[Frame]:
        pool = ThreadPoolExecutor(min(READERS, len(self._pictures)), thread_name_prefix="pictures")
        waiting: deque[Future[ImageArray]] = deque()
        try:
            for index, path in enumerate(self._pictures):
                for ahead in self._pictures[index + len(waiting) : index + AHEAD]:
                    waiting.append(pool.submit(read_image, ahead))
                yield self._frame(index, path, waiting.popleft().result())
        finally:
            pool.shutdown(cancel_futures=True)

    def _find(self, index: int) -> Frame:
        path = self._pictures[index]
        return self._frame(index, path, read_image(path))

    def _frame(self, index: int, path: Path, image: ImageArray) -> Frame:
        height, width = image.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            first = f"{self.info.width} x {self.info.height}"
            raise VideoError(f"{path}: is {width} x {height} where the frames before are {first}; resize it or move it")
        return Frame(index, self.info.seconds(index), image)

    def _hash(self) -> str:
        whole = hashlib.blake2b(digest_size=32)
        for path in self._pictures:
            try:
                with path.open("rb") as file:
                    whole.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).digest())
            except OSError as error:
                raise VideoError(f"{path}: cannot be read any more ({error.strerror})") from error
        return whole.hexdigest()


def pictures_in(folder: Path) -> list[Path]:
    """The picture files that lie directly in a folder, in natural order.

    Raises:
        VideoError: the folder cannot be listed.
    """
    try:
        return sorted((path for path in folder.iterdir() if is_picture(path) and path.is_file()), key=natural)
    except OSError as error:
        raise VideoError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error


PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})


def is_picture(path: Path) -> bool:
    """Whether the name says that it is a picture; hidden files never are."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def read_image(path: Path) -> ImageArray:
    """A picture file as (H, W, 3) uint8 RGB, upright.

    Grey becomes three equal channels, 16 bits become their upper 8, alpha is dropped.

    Raises:
        VideoNotFound: no such file.
        EmptyVideo: the file holds nothing.
        VideoError: it is no picture, or a damaged one.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except FileNotFoundError:
        raise VideoNotFound(f"{path}: no such file") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not len(content):
        raise EmptyVideo(f"{path}: the file is empty; copy it again")
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise VideoError(f"{path}: not a readable picture; convert it to PNG or JPEG") from error
    if image is None:
        raise VideoError(f"{path}: not a readable picture, or a damaged one; copy it again or leave it out")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image), np.uint8)
