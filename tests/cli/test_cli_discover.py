"""`oddframe discover`: a ranked list of moments, on the terminal and in a folder that is replaced cleanly."""

from __future__ import annotations

import csv
import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from oddframe.engine import observed as engine_observed
from oddframe.engine.detector import Detector
from oddframe.report import discovery_files
from oddframe.video import open_video
from oddframe.video.write import write_video
from tests.cli.running import QUICK, Command, content, film, pictures

FAST = ("--detector", "knn", *QUICK)


@pytest.fixture(scope="session")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three videos; in the third, the square hurries for a second and a half."""
    folder = tmp_path_factory.mktemp("pile")
    film(folder / "one.mp4", 18, seconds=5)
    film(folder / "two.mp4", 16, seconds=5)
    write_video(folder / "three.mp4", [*pictures(18, 2), *pictures(70, 1.5), *pictures(18, 2)], Fraction(10))
    return folder


def listed(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "moments.json").read_text())
    return found


def test_the_oddest_moments_are_listed_and_pictured(command: Command, pile: Path, tmp_path: Path) -> None:
    out, saved = tmp_path / "out", tmp_path / "pile.oddframe"
    result = command("discover", pile, "-o", out, "--save", saved, "--moments", "3", *FAST)
    assert (result.code, result.errors) == (0, [])
    assert "learnt from 3 videos" in result.err
    assert "took the pile for normal" in result.err
    told = listed(out)
    assert (told["setting"], told["learnt_from_as_well"]) == ("test", [])
    assert told["detector"]["model"]["settings"]["seed"] == 0
    assert [video["video"] for video in told["videos"]] == ["one", "three", "two"]
    first = told["moments"][0]
    assert (first["rank"], first["video"]) == (1, "three")
    assert 2 <= first["peak_time"] <= 3.5
    head, row, *_ = result.out.splitlines()
    assert head.split() == ["rank", "video", "from", "to", "peak", "score", "box"]
    assert row.split()[:2] == ["1", "three"]
    assert row.split()[4] == f"0:{first['peak_time']:04.1f}"
    with (out / "moments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == [str(moment["rank"]) for moment in told["moments"]]
    assert float(rows[0]["peak_time"]) == first["peak_time"]
    assert float(rows[0]["x1"]) == first["box"][2]
    for moment in told["moments"]:
        assert open_video(out / moment["thumbnail"]).info.width == 640
    assert open_video(out / "moments.png").info.width > 640
    assert Detector.load(saved).fitted_on.videos == ("one", "three", "two")


def test_json_is_what_the_file_holds(command: Command, pile: Path, tmp_path: Path) -> None:
    result = command("discover", pile, "-o", tmp_path / "out", "--json", *FAST)
    assert result.code == 0
    assert json.loads(result.out) == listed(tmp_path / "out")


def test_another_run_replaces_the_list_and_leaves_strangers_alone(command: Command, pile: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("discover", pile, "-o", out, *FAST).code == 0
    many = content(out)
    (out / "thumbnails" / "mine.jpg").write_bytes(b"precious")
    assert command("discover", pile, "-o", out, "--moments", "1", *FAST).code == 0
    fewer = listed(out)["moments"]
    assert len(fewer) == 1
    assert {path.name for path in (out / "thumbnails").iterdir()} == {"mine.jpg", Path(fewer[0]["thumbnail"]).name}
    assert command("discover", pile, "-o", out, *FAST).code == 0
    again = content(out)
    assert again.pop("thumbnails/mine.jpg") == b"precious"
    assert {name: held for name, held in again.items() if name != "moments.json"} == {
        name: held for name, held in many.items() if name != "moments.json"
    }
    assert listed(out)["moments"] == json.loads(many["moments.json"])["moments"]


def test_a_kill_on_the_way_leaves_the_old_list_whole(
    command: Command, pile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is written before the list itself, all that the old one names is still there."""
    out = tmp_path / "out"
    assert command("discover", pile, "-o", out, "--moments", "2", *FAST).code == 0
    before, old = listed(out), content(out)
    with monkeypatch.context() as once:

        def full(path: Path, held: bytes) -> None:
            raise OSError(28, os.strerror(28), str(path))

        once.setattr(discovery_files, "replace_durably", full)
        told = command("discover", pile, "-o", out, "--moments", "1", *FAST, "--set", "model.k=2")
    assert told.code == 1
    assert "No space left" in told.errors[0]
    assert listed(out) == before
    assert {moment["thumbnail"] for moment in before["moments"]} <= content(out).keys()
    assert content(out)["moments.csv"] == old["moments.csv"]
    assert not [name for name in content(out) if Path(name).name.startswith(".")]


def test_other_video_is_learnt_from_and_not_listed(command: Command, pile: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    film(tmp_path / "more" / "one.mp4", 17, seconds=4)
    result = command("discover", pile, "--with", tmp_path / "more", "-o", tmp_path / "out", *FAST)
    told = listed(tmp_path / "out")
    assert "learnt from 3 videos and 1 beside them" in result.err
    assert (told["setting"], told["learnt_from_as_well"]) == ("merge", ["more/one"])
    assert {moment["video"] for moment in told["moments"]} <= {"one", "two", "three"}


def test_a_video_that_cannot_be_read_is_reported_and_the_others_go_on(
    command: Command, pile: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    result = command("discover", pile, broken, "-o", tmp_path / "out", *FAST)
    assert result.code == 1
    assert len(result.errors) == 1
    assert str(broken) in result.errors[0]
    assert [video["video"] for video in listed(tmp_path / "out")["videos"]] == ["one", "three", "two"]
    assert str(broken) in command("discover", broken, "-o", tmp_path / "none", *FAST).error


def test_a_pile_in_which_nothing_moves_is_one_line(command: Command, tmp_path: Path) -> None:
    still = film(tmp_path / "still.mp4", speed=0, seconds=5)
    told = command("discover", still, "-o", tmp_path / "out").error
    assert told.startswith("nothing to learn from in still: ")
    assert "observer.foreground" in told


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Any observing is a failure of the test. A folder that is no detector lies where the command runs."""

    def work(*given: Any, **named: Any) -> None:
        raise AssertionError("the long work has begun")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine_observed, "observe_into", work)
    monkeypatch.setenv("ODDFRAME_CACHE", str(tmp_path / "cache"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--detector", "cbcg"), "'cbcg' learns from labels, and a pile has none"),
        (("--detector", "lbr-sp"), "did you mean 'lbr-spr'?"),
        (("--set", "model.epoch=1"), "no setting 'epoch': did you mean 'epochs'?"),
        (("--set", "observer.object_detector=onnx", "--set", "observer.object_detector.file=no.onnx"), "no such file"),
        (("--save", "full"), "is not a detector, so it is left alone"),
    ],
)
def test_what_cannot_work_is_refused_before_the_long_work(
    command: Command, pile: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = command("discover", pile, "-o", tmp_path / "out", *arguments)
    assert result.code == 1
    assert any(told in line for line in result.errors)
    assert not (tmp_path / "out" / "moments.json").exists()


def test_a_place_that_cannot_be_written_is_told(command: Command, pile: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    told = command("discover", pile, "-o", tmp_path / "file" / "out", *FAST).error
    assert "choose another folder with --output" in told
