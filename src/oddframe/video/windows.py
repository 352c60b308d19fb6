"""The arithmetic of windows over frames: how many, which frames, about which, standing for which.

Window number k of a `Window` holds frames `k * stride + i * dilation`; only windows that fit count.
"""

from __future__ import annotations

from oddframe.types import Window


def window_count(window: Window, frames: int) -> int:
    """How many windows fit into a video of that many frames.

    >>> window_count(Window(length=32, stride=8), 31), window_count(Window(length=32, stride=8), 40)
    (0, 2)
    """
    return max(0, (frames - window.extent) // window.stride + 1)


def members(window: Window, k: int) -> range:
    """The frames that window k holds.

    >>> list(members(Window(length=3, stride=2, dilation=4), 1))
    [2, 6, 10]
    """
    start = k * window.stride
    return range(start, start + window.extent, window.dilation)


def about_frame(window: Window, k: int) -> int:
    """The frame that window k is about."""
    return k * window.stride + window.about


def about_frames(window: Window, frames: int) -> range:
    """The frames that some window is about, in the order of the windows.

    >>> about_frames(Window(length=32, stride=8, about=16), 48)
    range(16, 40, 8)
    """
    count = window_count(window, frames)
    return range(window.about, window.about + count * window.stride, window.stride)


def window_about(window: Window, frame: int, frames: int) -> int | None:
    """The window that is about a frame, in a video of `frames`; None where none is."""
    about = about_frames(window, frames)
    return about.index(frame) if frame in about else None


def windows_over(window: Window, frame: int, frames: int) -> range:
    """The windows whose first and last members enclose a frame, in a video of `frames`.

    >>> windows_over(Window(length=32, stride=8), 20, 64)
    range(0, 3)
    """
    first = max(0, -((window.extent - 1 - frame) // window.stride))
    last = min(window_count(window, frames) - 1, frame // window.stride)
    return range(first, max(first, last + 1)) if 0 <= frame < frames else range(0)


def span_of(window: Window, k: int) -> tuple[int, int]:
    """The frames that window k's score stands for: first, and one past the last.

    These are the frames nearer to its about-frame than to another window's (the earlier window where two are
    equally near), and as many before the first and after the last about-frame as there would be between two. So spans
    follow each other without gap or overlap, and are `stride` long but for the start of the video; its end may cut
    the last one short.

    >>> [span_of(Window(length=32, stride=8, about=16), k) for k in range(3)]
    [(13, 21), (21, 29), (29, 37)]
    """
    start = about_frame(window, k) - (window.stride - 1) // 2
    return max(0, start), start + window.stride


def window_for(window: Window, frame: int, frames: int) -> int | None:
    """The window whose score stands for a frame, in a video of `frames`; None where none does. Inverse of `span_of`."""
    k = (frame - window.about + (window.stride - 1) // 2) // window.stride
    return k if 0 <= k < window_count(window, frames) and 0 <= frame < frames else None
