"""`oddframe report`: a page that people want to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from oddframe.cli.app import FAILED, app, complain, saying_once, stderr, stdout
from oddframe.cli.options import Device, Fps, Videos, read_videos
from oddframe.cli.progress import reporting
from oddframe.engine.detector import Detector
from oddframe.engine.explainer import Witness
from oddframe.errors import DataError, OddframeError, SettingsError, SpecError, VideoError
from oddframe.files import replace_durably, storing
from oddframe.report import FIXED, Page, VideoPart, render, with_near
from oddframe.report.facts import facts_of
from oddframe.report.truth import check_named, read_truth
from oddframe.report.watched import part_of, watched_each
from oddframe.types import BoolArray, Run, VideoId, VideoInfo
from oddframe.version import __version__
from oddframe.video import Video, find_videos
from oddframe.video.base import Rate

NAME = "report.html"
BY_MEGABYTE = 1_000_000

Labels: TypeAlias = Callable[[VideoInfo], Mapping[VideoId, BoolArray]]


@app.command()
def report(
    context: typer.Context,
    detector: Annotated[Path, typer.Argument(help="A folder that `oddframe fit` saved.")],
    videos: Videos,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for report.html.")] = Path(
        "oddframe-report"
    ),
    normal: Annotated[
        list[str] | None,
        typer.Option("--normal", help="Where the videos lie that the detector learnt from, to picture normal moments."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", help="What is odd: a table video,start,end (times), or a folder with NAME.npy.", exists=True
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="The page's heading.", show_default=False)] = None,
    megabytes: Annotated[float, typer.Option("--megabytes", help="How large the page may be.")] = 10.0,
    fps: Fps = None,
    device: Device = "cpu",
) -> None:
    """Show what DETECTOR finds in VIDEOS: one HTML file that opens anywhere. A video that fails costs no other."""
    room = room_of(megabytes)
    loaded, failures = Detector.load(detector), _Failures(context.obj.debug)
    reader = read_truth(truth)
    found = read_videos(videos, fps, failures)
    with reporting(len(found), device) as run:
        parts = list(_parts(loaded, found, run, room, failures, reader))
        if not parts:
            raise VideoError(f"{' '.join(videos)}: none of the videos could be reported; nothing was written")
        check_named(truth, {part.name: None for part in parts})
        parts = finish(parts, normal or [], room, fps)
    page = page_of(loaded, title or f"Odd moments: {detector.resolve().stem}", parts, failures.lines, str(context.obj))
    path = write_report(output, page)
    stdout().print(str(path), soft_wrap=True)
    if failures.lines:
        raise typer.Exit(FAILED)


@dataclass
class _Failures:
    """Complains of each at once, and keeps a line of it for the page."""

    debug: bool
    lines: list[str] = field(default_factory=list)

    def __call__(self, error: Exception, about: str = "") -> None:
        complain(error, self.debug, about)
        self.lines.append(str(error) if isinstance(error, OddframeError) else f"{about}: {type(error).__name__}")


def room_of(megabytes: float) -> int:
    """Bytes that pictures and curves may take in a page of so many megabytes.

    Raises:
        SettingsError: there would be none.
    """
    room = round(megabytes * BY_MEGABYTE) - FIXED
    if not room > 0:
        raise SettingsError(f"--megabytes {megabytes:g}: the page takes {FIXED / BY_MEGABYTE:.0f} before any picture")
    return round(0.95 * room)  # the rest is for words


def _parts(
    detector: Detector, videos: Sequence[Video], run: Run, room: int, failures: _Failures, truth: Labels
) -> Iterator[VideoPart]:
    witness, left = Witness.of(detector), room
    with saying_once(detector):
        for number, video in enumerate(videos):
            try:
                (seen,) = watched_each(witness, [video], run)
                odd, limit = truth(seen.timeline.info), left // (len(videos) - number)
                part = part_of(witness, seen, truth=odd, limit=limit, videos=len(videos))
            except (SpecError, DataError):  # the detector's fault, or the truth's
                raise
            except Exception as error:  # even a defect, met in one video, must not cost the others
                failures(error, video.source)
            else:
                left -= part.bytes
                yield part


def finish(
    parts: Sequence[VideoPart], normal: Sequence[str] | Sequence[Video], room: int, fps: Rate | None = None
) -> list[VideoPart]:
    """The parts with pictures of normal moments, where their videos are named and can be read."""
    missing: list[VideoError] = []
    at_hand = find_videos(list(normal), fps=fps, failed=missing.append) if normal else []
    for error in missing:
        stderr().print(f"no pictures of it: {error}", markup=False)
    left = room - sum(part.bytes for part in parts)
    return list(with_near(parts, {video.info.id: video for video in at_hand}, left))


def page_of(
    detector: Detector, title: str, parts: Sequence[VideoPart], failures: Sequence[str] = (), command: str | None = None
) -> Page:
    """The page of these parts."""
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


def write_report(folder: Path, page: Page) -> Path:
    """Write the page into a folder, whole or not at all; where it lies now.

    Raises:
        StoreError: it cannot be written.
    """
    with storing(folder, "choose another folder with --output"):
        folder.mkdir(parents=True, exist_ok=True)
        # Names of files may hold what is no text.
        replace_durably(folder / NAME, render(page).encode("utf-8", errors="replace"))
    return folder / NAME
