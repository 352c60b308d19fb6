"""`oddframe bench`: one command from a folder to tables, files and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oddframe.video.write import write_video
from tests.cli.running import QUICK, Command, film, pictures


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the `folder` data set wants it: the square is too fast from second 4 to 8 of the test video."""
    root = tmp_path_factory.mktemp("data") / "mine"
    (root / "normal").mkdir(parents=True)
    (root / "test").mkdir()
    for number in range(5):
        film(root / "normal" / f"n{number}.mp4", 16 + number, seconds=8)
    write_video(root / "test" / "a.mp4", pictures(18) + pictures(70) + pictures(18), 10)
    film(root / "test" / "b.mp4", 18, seconds=8)
    (root / "labels.csv").write_text("video,start,end\na,4,8\n")
    return root


def test_a_folder_of_ones_own_is_measured(command: Command, mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command(
        "bench", "folder", "--root", mine, "-d", "knn", "-d", "lsh", "-o", out, "--protocol", "paper-lbr-spr", *QUICK,
        "--set", "scoring.alarm_rate=0.1",
    )  # fmt: skip
    assert (result.code, result.errors) == (0, [])
    for word in ("paper-lbr-spr", "causal", "no look-ahead", "knn", "lsh", "seed 0", "multiplications"):
        assert word in result.out
    written = {path.name for path in out.iterdir()}
    assert {"results.json", "results.md", "roc-paper-lbr-spr.png", "roc-causal.png", "scores-knn.png"} <= written
    stored = json.loads((out / "results.json").read_text())
    micro = {
        (f["detector"], f["protocol"]): f["value"] for f in stored["figures"] if f["figure"] == "micro auroc"
    }  # fmt: skip
    assert set(micro) == {(d, p) for d in ("knn", "lsh") for p in ("paper-lbr-spr", "causal")}
    assert micro["knn", "paper-lbr-spr"] > 0.9
    assert stored["circumstances"]["command"].startswith(f"oddframe bench folder --root {mine} -d knn")


def test_each_detector_trains_in_folders_of_its_own(command: Command, mine: Path, tmp_path: Path) -> None:
    models = ("-d", "objects+llsh", "-d", "llsh", *QUICK)
    folders = ("--checkpoints", tmp_path / "kept", "--log", tmp_path / "log", "-o", tmp_path / "out")
    result = command("bench", "folder", "--root", mine, *models, *folders)
    assert (result.code, result.errors) == (0, [])
    for folder, pattern in (("kept", "*/training.safetensors"), ("log", "*/events.*")):
        assert {path.parent.name for path in (tmp_path / folder).glob(pattern)} == {"objects+llsh", "llsh"}


def test_a_name_or_a_folder_that_is_not_there_is_one_line(command: Command, tmp_path: Path, mine: Path) -> None:
    assert "did you mean 'ped2'" in command("bench", "ped22").error
    assert "expected" in command("bench", "ped2", "--root", tmp_path / "nowhere", "-o", tmp_path / "o").error
    assert "leave out root" in command("bench", "walkway", "--root", tmp_path).error
    told = command("bench", "folder", "--root", mine, "--protocol", "papers", "-o", tmp_path / "o").error
    assert "no protocol 'papers'" in told


def test_settings_of_the_data_set_are_checked(command: Command) -> None:
    assert "sizes" in command("bench", "walkway", "--set", "dataset.sizes=full").error
    assert "--set dataset.size: write NAME=VALUE" in command("bench", "walkway", "--set", "dataset.size").error
    assert "which dataset?" in command("bench", "unlabelled", "--set", "dataset.dataset.root=here").error


@pytest.mark.parametrize("around", ["unlabelled", "weak-split"])
def test_settings_reach_the_data_set_inside_another(command: Command, tmp_path: Path, around: str) -> None:
    told = command("bench", around, "--set", "dataset.dataset=ped2", "--set", f"dataset.dataset.root={tmp_path}").error
    assert told.startswith(str(tmp_path)), "it is Ped2's own folder that does not look as it should"
