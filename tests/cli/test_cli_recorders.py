"""Recorder folders on the command line: bad files among good ones, segments of one recording, and limits."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from oddframe.video.write import write_image
from tests.cli.running import QUICK, Command, album, content, film, pictures


def test_a_bad_picture_and_one_of_another_size_are_named_and_the_rest_is_used(
    command: Command, fitted: Path, tmp_path: Path
) -> None:
    frames = album(tmp_path / "mixed", seconds=6)
    write_image(frames / "007.png", pictures(18, seconds=0.1)[0][::2, ::2])
    (frames / "020.png").write_bytes(b"")
    score = command("score", fitted, frames, "--json")
    fit = command("fit", frames, "-o", tmp_path / "d", *QUICK)
    for result in (score, fit):
        assert (result.code, result.errors) == (0, [])
        (warning,) = [line for line in result.err.splitlines() if line.startswith(f"warning: {frames}")]
        assert "007.png: is 64 x 48, scaled to 128 x 96" in warning
        assert f"{frames / '020.png'}: the file is empty" in warning
    (printed,) = score.objects
    assert printed["frames"] == 60
    bad = next(number for number, file in enumerate(sorted(frames.iterdir())) if file.name == "020.png")
    assert [number for number, value in enumerate(printed["scores"]) if value is None] == [bad]


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A recorder's folder: two whole segments, one that is being written, and an empty one."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    for number in (1, 2):
        film(folder / f"{number}.mp4", seconds=6)
    (folder / "3.mp4").write_bytes((folder / "2.mp4").read_bytes()[:2000])
    (folder / "4.mp4").touch()
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    return folder


BAD = ("3.mp4", "4.mp4", "gone.mp4")


def test_fit_calibrate_and_absorb_name_all_bad_segments_and_use_the_rest(
    command: Command, recorder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in recorder.iterdir():
        file.rename(other / f"b{file.name}") if file.name != "2.mp4" else None
    for name in BAD:
        (other / f"b{name}").rename(recorder / name) if name != "gone.mp4" else (recorder / name).symlink_to("x.mp4")
    detector = tmp_path / "d"
    fit = command("fit", recorder, "-o", detector, *QUICK)
    assert (fit.code, fit.errors) == (0, [])
    assert "fitted on 1 videos" in fit.err
    for name in BAD:
        (warning,) = [line for line in fit.err.splitlines() if str(recorder / name) in line]
        assert warning.startswith("warning: ")
    for name in BAD[:2]:
        (other / name).write_bytes(b"")
    for result in (command("calibrate", detector, other), command("absorb", detector, other)):
        assert result.code == 0
        assert all(any(str(other / name) in line for line in result.err.splitlines()) for name in BAD[:2])


@pytest.mark.parametrize("name", ["fit", "score", "report", "discover", "absorb", "calibrate"])
def test_strict_refuses_and_names_all_bad_segments_in_one_line(
    command: Command, fitted: Path, recorder: Path, tmp_path: Path, name: str
) -> None:
    before = content(fitted)
    given = {
        "fit": (recorder, "-o", tmp_path / "d", *QUICK),
        "discover": (recorder, "-o", tmp_path / "out"),
        "report": (fitted, recorder, "-o", tmp_path / "out"),
    }.get(name, (fitted, recorder))
    result = command(name, *given, "--strict")
    assert all(str(recorder / bad) in result.error for bad in BAD)
    assert "3 of 5 videos cannot be read" in result.error
    assert content(fitted) == before
    assert not (tmp_path / "d").exists()


def test_score_names_all_bad_segments_and_scores_the_rest(command: Command, fitted: Path, recorder: Path) -> None:
    result = command("score", fitted, recorder, "--json")
    assert [printed["video"] for printed in result.objects] == ["1", "2"]
    assert len(result.errors) == len(BAD)
    assert all(any(str(recorder / name) in line for line in result.errors) for name in BAD)


def test_nothing_but_bad_segments_is_an_error_that_names_them(command: Command, recorder: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        (recorder / f"{number}.mp4").unlink()
    result = command("fit", recorder, "-o", tmp_path / "d", *QUICK)
    assert all(str(recorder / bad) in result.error for bad in BAD)


def test_segments_are_joined_to_one_recording(command: Command, fitted: Path, recorder: Path) -> None:
    result = command("score", fitted, recorder, "--json", "--join")
    assert result.code == 0 or len(result.errors) == 1  # the link that leads nowhere
    (printed,) = result.objects
    assert (printed["video"], printed["frames"]) == ("recorder", 120)
    named = command("score", fitted, recorder / "1.mp4", recorder / "2.mp4", "--json", "--join")
    assert (named.code, [one["frames"] for one in named.objects]) == (0, [120])
    assert named.objects[0]["scores"] == printed["scores"]


def test_info_names_what_is_decided_about_pictures(command: Command, tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    for number in range(3):
        cv2.imwrite(str(deep / f"{number}.png"), np.arange(7000, 7480, dtype=np.uint16).reshape(20, 24))
    bad = tmp_path / "bad.mp4"
    bad.touch()
    result = command("info", deep, bad)
    assert result.code == 1
    assert "24 x 20" in result.out
    assert re.search(r"deep: pictures of more than 8 bits: values 68\d\d to 75\d\d become black to white", result.err)
    assert "bad.mp4: the file is empty" in result.err
    small = command("info", deep, "--limit", "pixels=100")
    assert "24 x 20 pixels, over the limit of 100 pixels; if it is right, raise limit pixels" in small.error
    assert "pixels=NUMBER" in command("info", deep, "--limit", "size=3").error
