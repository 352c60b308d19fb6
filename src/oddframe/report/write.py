"""The report of a detector and its videos: scored, explained, pictured, and written as one HTML file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from oddframe.engine.detector import Detector
from oddframe.engine.explainer import Witness
from oddframe.engine.observed import CacheLike
from oddframe.engine.score import Failed
from oddframe.engine.usable import opens, videos_of
from oddframe.errors import (
    DataError,
    OddframeError,
    OddframeWarning,
    SettingsError,
    SpecError,
    StaleThreshold,
    VideoError,
)
from oddframe.files import replace_durably, storing, sweep
from oddframe.report.facts import facts_of
from oddframe.report.near import with_near
from oddframe.report.parts import Page, VideoPart
from oddframe.report.render import FIXED, render
from oddframe.report.truth import Labels, check_named, read_truth
from oddframe.report.watched import part_of, watched
from oddframe.types import Run
from oddframe.version import __version__
from oddframe.video.base import Rate, Video
from oddframe.video.find import Sources, find_videos

NAME = "report.html"
BY_MEGABYTE = 1_000_000


def write_report(
    detector: Detector,
    videos: Sources,
    folder: str | Path = "oddframe-report",
    run: Run = Run(),
    *,
    normal: Sources | None = None,
    truth: str | Path | None = None,
    title: str | None = None,
    megabytes: float = 10.0,
    fps: Rate | None = None,
    cache: CacheLike = None,
    failed: Failed | None = None,
    unread: Sequence[Exception] = (),
    command: str | None = None,
) -> Path:
    """Score videos and write what a detector finds in them as one HTML file that opens anywhere.

    Args:
        detector: a fitted one.
        videos: files, folders, patterns, opened videos.
        folder: where `report.html` goes; made where it is missing.
        run: where and how to run.
        normal: the videos that the detector learnt from, to show normal moments; unreadable ones are left out.
        truth: ground truth: a table `video,start,end` of times, or a folder with one `NAME.npy` a video.
        title: the page's heading.
        megabytes: how large the page may be.
        fps: frames a second, in place of what the files say.
        cache: where observations are stored, as in `Detector.score`.
        failed: called with each video that cannot be reported and its error; the page lists it, and the others are
            reported. None = the error is raised.
        unread: errors of videos that could not even be opened; the page lists them.
        command: listed on the page as what made it.

    Returns:
        The file.

    Raises:
        NotFitted: the detector is not fitted.
        SettingsError: `megabytes` leaves no room for pictures.
        VideoError: a video cannot be read, or none could be reported.
        SpecError: the observer does not give what the detector was fitted on.
        DataError: the truth does not fit the videos.
        StoreError: the folder cannot be written.
    """
    detector.calibration  # noqa: B018  raises NotFitted before the long work
    room, labels, place = room_of(megabytes), read_truth(None if truth is None else Path(truth)), Path(folder)
    found = [] if isinstance(videos, list) and not videos else videos_of(videos, fps)
    lines = [_line(error) for error in unread]
    with stale_once(detector):
        parts = list(_parts(detector, found, run, labels, room=room, cache=cache, failed=_told(failed, lines)))
    if not parts:
        raise VideoError("none of the videos could be reported; nothing was written")
    check_named(None if truth is None else Path(truth), {part.name: None for part in parts})
    page = page_of(detector, title or "Anomalies", with_normal(parts, normal, room, fps), lines, command)
    return write_page(place, page)


def room_of(megabytes: float) -> int:
    """Bytes that pictures and curves may take in a page of so many megabytes.

    Raises:
        SettingsError: there would be none.
    """
    room = round(megabytes * BY_MEGABYTE) - FIXED
    if not room > 0:
        raise SettingsError(f"megabytes {megabytes:g}: the page takes {FIXED / BY_MEGABYTE:.0f} before any picture")
    return round(0.95 * room)  # the rest is for words


def with_normal(
    parts: Sequence[VideoPart], normal: Sources | None, room: int, fps: Rate | None = None
) -> list[VideoPart]:
    """Add pictures of normal moments, from those of the normal videos that can be read.

    Args:
        parts: of all videos.
        normal: where the videos lie that the detector learnt from; None = nowhere.
        room: bytes that all pictures of the page may take.
        fps: frames a second of the normal videos, in place of what the files say.
    """
    missing: list[VideoError] = []
    found = [] if normal is None else find_videos(normal, fps=fps, failed=missing.append)
    at_hand = [video for video in found if opens(video, missing)]
    for error in missing:
        warnings.warn(f"normal moments of it are not shown: {error}", OddframeWarning, stacklevel=3)
    left = room - sum(part.bytes for part in parts)
    return list(with_near(parts, {video.id: video for video in at_hand}, left))


def page_of(
    detector: Detector, title: str, parts: Sequence[VideoPart], failures: Sequence[str] = (), command: str | None = None
) -> Page:
    """The page of these parts.

    Args:
        detector: that scored them.
        title: the heading.
        parts: of the videos.
        failures: a line for each video that could not be reported.
        command: what made the page.
    """
    known, now = detector.calibration, datetime.now(UTC)
    notes = [detector.stale if known.threshold is not None else None, known.doubt]
    return Page(
        title=title,
        made=f"oddframe {__version__} · preset {detector.preset} · {now:%Y-%m-%d %H:%M} UTC",
        threshold=known.threshold,
        videos=tuple(parts),
        failures=tuple(failures),
        notes=tuple(note for note in notes if note),
        facts=facts_of(detector, command),
    )


def write_page(folder: Path, page: Page) -> Path:
    """Write a page into a folder, whole or not at all.

    Returns:
        The file.

    Raises:
        StoreError: it cannot be written.
    """
    with storing(folder, "choose another folder with --output"):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        # Names of files may hold what is no text.
        replace_durably(folder / NAME, render(page).encode("utf-8", errors="replace"))
    return folder / NAME


@contextmanager
def stale_once(detector: Detector) -> Iterator[None]:
    """Warn of a stale threshold once, not for each video."""
    if detector.stale is not None and detector.calibration.threshold is not None:
        warnings.warn(detector.stale, StaleThreshold, stacklevel=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleThreshold)
        yield


def _parts(
    detector: Detector,
    videos: Sequence[Video],
    run: Run,
    truth: Labels,
    *,
    room: int,
    cache: CacheLike,
    failed: Failed | None,
) -> Iterator[VideoPart]:
    witness, left = Witness.of(detector), room
    for number, video in enumerate(videos):
        try:
            seen = watched(witness, video, run, cache=cache)
            odd, limit = truth(seen.timeline.info), left // (len(videos) - number)
            part = part_of(witness, seen, truth=odd, limit=limit, videos=len(videos))
        except (SpecError, DataError):  # the detector's fault, or the truth's
            raise
        except Exception as error:  # even a defect, met in one video, must not cost the others
            if failed is None:
                raise
            failed(video, error)
        else:
            left -= part.bytes
            yield part


def _told(failed: Failed | None, lines: list[str]) -> Failed | None:
    """Call `failed`, and note a line for the page."""
    if failed is None:
        return None

    def note(video: Video, error: Exception) -> None:
        failed(video, error)
        lines.append(_line(error, video.source))

    return note


def _line(error: Exception, about: str = "") -> str:
    return str(error) if isinstance(error, OddframeError) else f"{about}: {type(error).__name__}"
