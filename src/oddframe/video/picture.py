"""Picture files, read whole or refused."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from oddframe.errors import EmptyVideo, VideoError, VideoNotFound
from oddframe.types import ImageArray
from oddframe.video.levels import Levels, as_rgb
from oddframe.video.limits import Limits
from oddframe.video.names import natural

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})

BYTES_A_PIXEL = 64
"""No picture file is larger than so many bytes a pixel: more is not read."""


def is_picture(path: Path) -> bool:
    """Whether the name says that it is a picture; hidden files never are."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie directly in a folder, in natural order.

    What is no file but has such a name is left out, and so is a link to another picture of the folder (`latest.jpg`).

    Raises:
        VideoError: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if is_picture(Path(entry.name)) and _may_be_file(entry)]
            own = {entry.inode() for entry in found if not entry.is_symlink()}
            names = [entry.name for entry in found if not (entry.is_symlink() and _inode(entry) in own)]
    except OSError as error:
        raise VideoError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
    return sorted((folder / name for name in names), key=natural)


def _may_be_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is no folder, pipe, socket or device. A link that leads nowhere is a picture that is missing."""
    return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())


def _inode(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_ino
    except OSError:
        return None


def read_image(path: Path, levels: Levels | None = None, limits: Limits = Limits()) -> ImageArray:
    """A picture file as (H, W, 3) uint8 RGB, upright.

    Grey becomes three equal channels, alpha is dropped.

    Args:
        path: the file.
        levels: which values of a picture of more than 8 bits are shown; None = by its own range.
        limits: of its size.

    Raises:
        VideoNotFound, EmptyVideo, VideoError: as `read_picture` does.
    """
    return as_rgb(read_picture(path, limits), levels)


def read_picture(path: Path, limits: Limits = Limits()) -> npt.NDArray[Any]:
    """A picture file as (H, W) grey or (H, W, 3) RGB, upright, as deep as it is stored.

    Raises:
        VideoNotFound: no such file.
        EmptyVideo: the file holds nothing.
        VideoError: it is no picture, a damaged or cut one, or larger than the limits.
    """
    content = _content(path, limits)
    _check(path, content, limits)
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as error:
        raise VideoError(f"{path}: not a readable picture; convert it to PNG or JPEG") from error
    if image is None:
        raise VideoError(f"{path}: not a readable picture, or a damaged one; copy it again or leave it out")
    if image.ndim == 3 and image.shape[2] == 3:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image))
    return np.asarray(image if image.ndim == 2 else image[:, :, 0])


def _content(path: Path, limits: Limits) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise VideoError(f"{path}: is no file; give a picture")
        if path.stat().st_size > limits.pixels * BYTES_A_PIXEL:
            raise VideoError(f"{path}: {path.stat().st_size:,} bytes, too many for a picture {limits.over('pixels')}")
        content = path.read_bytes()
    except FileNotFoundError:
        where = " (a link to a file that is gone)" if path.is_symlink() else ""
        raise VideoNotFound(f"{path}: no such file{where}") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not content:
        raise EmptyVideo(f"{path}: the file is empty; copy it again")
    return content


def _check(path: Path, content: bytes, limits: Limits) -> None:
    """Look at the header before memory is taken, and whether the end is there: decoders fill what is missing."""
    size = size_of(content)
    if size is None:
        raise VideoError(f"{path}: not a readable picture, or a damaged one; copy it again or leave it out")
    if size[0] * size[1] > limits.pixels:
        raise VideoError(f"{path}: {size[0]} x {size[1]} pixels, {limits.over('pixels')}")
    if not _ends(content):
        raise VideoError(f"{path}: the picture is cut off; copy it again or leave it out")


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height that the header of a JPEG, PNG, BMP, TIFF or WebP file states; None where it states none."""
    try:
        for mark, read in _SIZES.items():
            if content.startswith(mark):
                width, height = read(content)
                return (width, height) if width > 0 and height > 0 else None
    except (struct.error, StopIteration, ValueError, IndexError):
        pass
    return None


def _bmp_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", content, 18)
    return width, abs(height)  # negative: stored from the top


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff_size(content: bytes) -> tuple[int, int]:
    """From the first directory: tags 256 and 257."""
    order = "<" if content.startswith(b"I") else ">"
    (place,) = struct.unpack_from(order + "I", content, 4)
    (entries,) = struct.unpack_from(order + "H", content, place)
    found: dict[int, int] = {}
    for number in range(entries):
        tag, kind = struct.unpack_from(order + "HH", content, place + 2 + 12 * number)
        if tag in {256, 257}:
            found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), content, place + 10 + 12 * number)[0]
    return found.get(256, 0), found.get(257, 0)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    for marker, place in _jpeg_parts(content):
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return width, height
    raise ValueError("no frame")


def _jpeg_parts(content: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of every segment up to the first scan. (A thumbnail lies inside of one.)"""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        yield marker, place
        if marker == 0xDA:
            return
        place += 2 + int.from_bytes(content[place + 2 : place + 4])


def _ends(content: bytes) -> bool:
    """Whether the mark is there by which a JPEG or PNG file ends; of the others, their decoders notice."""
    if content.startswith(_PNG):
        return content.rfind(b"IEND") > 0
    if content.startswith(_JPEG):
        scan = next((place for marker, place in _jpeg_parts(content) if marker == 0xDA), None)
        return scan is not None and content.find(b"\xff\xd9", scan) > 0
    return True


_PNG, _JPEG = b"\x89PNG", b"\xff\xd8"

_SIZES: Mapping[bytes, Callable[[bytes], tuple[int, int]]] = {
    _PNG: lambda content: struct.unpack_from(">II", content, 16),
    _JPEG: _jpeg_size,
    b"BM": _bmp_size,
    b"II*\0": _tiff_size,
    b"MM\0*": _tiff_size,
    b"RIFF": _webp_size,
}
"""How a file begins -> how its size is read."""
