"""Videos and pictures to files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, count
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np

from oddframe.errors import StoreError
from oddframe.types import Frame, ImageArray
from oddframe.video.base import Rate, exact_fps

TICK = Fraction(1, 90000)
"""Seconds to which the times of frames are rounded that are not evenly spaced."""


def write_video(
    path: str | Path, frames: Iterable[Frame | ImageArray], fps: Rate, *, times: Sequence[float] | None = None
) -> None:
    """Write H.264 video (yuv420p, so that browsers play it).

    That format knows even sizes only: an odd width or height grows by one pixel, repeated at the edge.

    Args:
        path: the file; its suffix chooses the container (`.mp4`, `.mkv`, `.mov`).
        frames: (H, W, 3) uint8 RGB each, all of one size; taken one at a time.
        fps: frames per second.
        times: when each frame is shown, in ascending seconds; None = evenly, at `fps`.

    Raises:
        StoreError: it cannot be written, or there are no frames, or their sizes differ; nothing is left behind.
    """
    target, rate = Path(path), exact_fps(fps)
    images = (frame.image if isinstance(frame, Frame) else frame for frame in frames)
    first = next(images, None)
    if first is None:
        raise StoreError(f"{target}: no frames to write")
    with _replacing(target) as temporary:
        stamps = count() if times is None else (round((time - times[0]) / TICK) for time in times)
        pictures = zip(chain([first], images), stamps, strict=False)
        _encode(temporary, target, pictures, first.shape, (rate, 1 / rate if times is None else TICK))


def write_image(path: str | Path, image: ImageArray) -> None:
    """Write (H, W, 3) uint8 RGB, or (H, W) grey, as the format that the suffix names (`.png`, `.jpg`, ...).

    Raises:
        StoreError: it cannot be written; nothing is left behind.
    """
    target = Path(path)
    colour = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    try:
        done, content = cv2.imencode(target.suffix.lower(), colour)
    except cv2.error:
        done = False
    if not done:
        raise StoreError(f"{target}: pictures are not written as {target.suffix!r}; use .png or .jpg")
    with _replacing(target) as temporary:
        temporary.write_bytes(content.tobytes())


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary name beside the target, which takes its place if all goes well and is removed if not."""
    import av  # noqa: PLC0415  the rest of the room works without it

    temporary = target.with_name(f".{target.stem}.{uuid4().hex}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)  # noqa: PTH105  the one call that is atomic everywhere
    except (OSError, av.error.FFmpegError) as error:
        raise StoreError(
            f"{target}: cannot be written ({_reason(error)}); check folder, permissions and space"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _encode(
    file: Path,
    target: Path,
    pictures: Iterable[tuple[ImageArray, int]],
    shape: tuple[int, ...],
    clock: tuple[Fraction, Fraction],
) -> None:
    """Write pictures with their times in ticks; the clock is the frame rate and the seconds of a tick."""
    import av  # noqa: PLC0415

    try:
        container = av.open(str(file), "w")
    except ValueError as error:
        raise StoreError(f"{target}: no video container has this suffix; use .mp4 or .mkv") from error
    with container:
        rate, tick = clock
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = tick
        for index, (image, stamp) in enumerate(pictures):
            if image.shape != shape or image.dtype != np.uint8:
                raise StoreError(f"{target}: frame {index} is {image.shape} {image.dtype}, the first is {shape} uint8")
            frame = av.VideoFrame.from_ndarray(_even(image), format="rgb24")
            frame.pts, frame.time_base = stamp, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _even(image: ImageArray) -> ImageArray:
    height, width = image.shape[0] % 2, image.shape[1] % 2
    return np.pad(image, ((0, height), (0, width), (0, 0)), mode="edge") if height or width else image
