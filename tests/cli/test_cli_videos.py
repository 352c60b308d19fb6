"""What names videos on the command line, and what happens to those that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from oddframe.errors import VideoError
from oddframe.types import Frame
from oddframe.video import find
from oddframe.video.file import FileVideo
from oddframe.video.write import write_image, write_video
from tests.cli.running import QUICK, Command, Result, album, content, film, pictures


def names(result: Result) -> list[str]:
    assert (result.code, result.errors) == (0, [])
    return [printed["video"] for printed in result.objects]


def test_a_folder_of_files_a_folder_of_frame_folders_and_a_pattern_are_many_videos(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    for number in (1, 2, 10):
        film(tmp_path / "files" / f"cam{number}.mp4", seconds=1)
        album(tmp_path / "albums" / f"{number:02d}", seconds=1)
    assert names(command("score", fitted, tmp_path / "files", "--json")) == ["cam1", "cam2", "cam10"]
    assert names(command("score", fitted, tmp_path / "albums", "--json")) == ["01", "02", "10"]
    assert names(command("score", fitted, tmp_path / "albums" / "02", "--json")) == ["02"]
    assert names(command("score", fitted, f"{tmp_path}/files/cam[12].mp4", "--json")) == ["cam1", "cam2"]
    several = tmp_path / "albums" / "10", tmp_path / "files" / "cam2.mp4", f"{tmp_path}/files/cam*0.mp4"
    assert names(command("score", fitted, *several, "--json")) == ["10", "cam2", "cam10"]
    assert names(command("score", fitted, *several[:2], several[1], "--json")) == ["10", "cam2"]


def test_what_fit_takes_is_a_list_of_videos_too(command: Command, usual: Path, tmp_path: Path) -> None:
    album(tmp_path / "albums" / "01", seconds=6)
    album(tmp_path / "albums" / "02", seconds=6)
    fit = command("fit", tmp_path / "albums", usual, "-o", tmp_path / "d", *QUICK)
    assert (fit.code, fit.errors) == (0, [])
    assert "fitted on 3 videos" in fit.err


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, Path]:
    """Files and folders without one frame, each by what is wrong with it."""
    found = {name: tmp_path / name for name in ("text.mp4", "zero.mp4", "frameless.avi", "empty", "missing.mp4", "x")}
    found["text.mp4"].write_text("Dear sir,\n")
    found["zero.mp4"].write_bytes(b"")
    with av.open(str(found["frameless.avi"]), "w") as container:
        container.add_stream("libx264", rate=10, width=64, height=48, pix_fmt="yuv420p")
        container.start_encoding()
    found["empty"].mkdir()
    found["x"].mkdir()
    (found["x"] / "1.png").write_bytes(b"not a picture")
    return found


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("text.mp4", "not a video that can be decoded"),
        ("zero.mp4", "the file is empty"),
        ("frameless.avi", "not a single frame decodes"),
        ("empty", "holds neither videos nor pictures"),
        ("missing.mp4", "nothing is there"),
        ("x", "not a readable picture"),
    ],
)
def test_what_is_no_video_is_one_line_that_names_it(
    command: Command, fitted: Path, broken: dict[str, Path], name: str, told: str
) -> None:
    path = broken[name]
    before = content(path.parent)
    for result in (
        command("score", fitted, path, "--json"),
        command("score", fitted, path),
        command("fit", path, "-o", path.parent / "d", *QUICK),
        command("info", path),
    ):
        assert result.error.startswith(str(path))
        assert told in result.error
    assert content(path.parent) == before


def test_broken_videos_cost_the_others_nothing(
    command: Command, fitted: Path, fast: Path, broken: dict[str, Path]
) -> None:
    result = command("score", fitted, *broken.values(), fast, "--json")
    assert result.code == 1
    assert [printed["video"] for printed in result.objects] == ["fast"]
    assert len(result.errors) == len(broken)
    for path in broken.values():
        assert sum(line.startswith(f"error: {path}") for line in result.errors) == 1
    table = command("score", fitted, *broken.values(), fast)
    assert table.code == 1
    assert table.out.splitlines()[1].split()[0] == "fast"


@pytest.mark.parametrize("error", [VideoError("slower.mp4: gone"), ValueError("a defect"), PermissionError(13, "No")])
def test_whatever_breaks_midway_costs_the_others_nothing(
    command: Command, fitted: Path, footage: Path, *, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    real = FileVideo._pass

    def breaking(video: FileVideo) -> object:
        for frame in real(video):
            assert isinstance(frame, Frame)
            if video.info.id == "slower" and frame.index == 20:
                raise error
            yield frame

    monkeypatch.setattr(FileVideo, "_pass", breaking)
    result = command("score", fitted, footage, "--json", "--cache", tmp_path)
    assert result.code == 1
    assert [json["video"] for json in result.objects] == ["usual"]
    (line,) = result.err.splitlines()
    assert line.startswith("error: ")
    assert "slower.mp4: " in line


def test_a_flaw_is_reported_also_where_the_observations_are_cached(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    frames = album(tmp_path / "mixed", seconds=2)
    write_image(frames / "007.png", pictures(18, seconds=0.1)[0][::2, ::2])
    for _ in range(3):
        result = command("score", fitted, frames, "--json", "--cache", tmp_path / "cache")
        assert (result.code, result.errors) == (0, [])
        (flaw,) = (line for line in result.err.splitlines() if line.startswith("warning: "))
        assert f"{frames / '007.png'}: is 64 x 48, scaled to 128 x 96" in flaw


def test_what_decodes_of_a_cut_recording_is_scored_with_a_warning(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.mkv"
    write_video(whole, pictures(18, seconds=12), 10)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = command("score", fitted, cut, "--json")
    assert (result.code, result.errors) == (0, [])
    (printed,) = result.objects
    assert 10 < printed["frames"] < 120
    assert len(printed["scores"]) == printed["frames"]
    (warning,) = result.err.splitlines()
    assert warning.startswith(f"warning: {cut}: damaged at frame ")
    assert f"{printed['frames']} frames could be read" in warning


def test_a_recording_without_its_index_says_how_to_save_it(command: Command, fitted: Path, tmp_path: Path) -> None:
    whole = film(tmp_path / "cut.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    told = command("score", fitted, tmp_path / "cut.mp4").error
    assert told.startswith(f"{tmp_path / 'cut.mp4'}: the recording was cut off")
    assert "repair it" in told


def test_a_rate_at_which_nothing_can_be_followed_is_refused_by_name(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    slow = film(tmp_path / "slow.mp4", fps=1, seconds=20)
    told = command("score", fitted, slow).error
    assert told.startswith(f"{slow}: ")
    assert "frames a second are too few" in told


def test_video_shorter_than_the_window_has_no_scores_and_teaches_nothing(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    short = film(tmp_path / "short.mp4", seconds=0.1)
    result = command("score", fitted, short, "--json")
    assert (result.code, result.errors) == (0, [])
    assert result.objects[0]["scores"] == [None]
    assert result.objects[0]["not_scorable"] == [{"start": 0, "end": 1, "reason": "too short"}]
    told = command("fit", short, "-o", tmp_path / "d", *QUICK).error
    assert "nothing to learn from in short: 1 frames in video shorter than" in told


def test_video_in_which_nothing_can_be_seen_teaches_nothing(command: Command, tmp_path: Path) -> None:
    still = film(tmp_path / "still.mp4", speed=0, seconds=6)
    write_video(tmp_path / "dark.mp4", [image // 20 for image in pictures(18, seconds=6)], 10)
    told = command("fit", still, tmp_path / "dark.mp4", "-o", tmp_path / "d", *QUICK).error
    assert told.startswith("nothing to learn from in still, dark: ")
    assert "(frozen)" in told
    assert "60 frames not scorable (dark)" in told
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("name", ["fit", "score", "report", "discover"])
def test_the_disk_is_searched_once_a_command(
    command: Command, fitted: Path, footage: Path, *, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Looking through folders takes long on a network drive."""
    searches: list[object] = []
    real = find._each

    def counted(sources: Any) -> Any:
        searches.append(sources)
        return real(sources)

    monkeypatch.setattr(find, "_each", counted)
    given = [fitted] if name in ("score", "report") else []
    more = {"fit": QUICK, "discover": ("--detector", "knn", *QUICK)}.get(name, ())
    out = ("--events" if name == "score" else "-o", tmp_path / "out")
    assert command(name, *given, footage, *out, *more).code == 0
    assert [str(source) for source in searches] == [str([str(footage)])]
