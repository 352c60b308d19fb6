"""`oddframe fit`: video in, a detector out; what cannot work is refused before the long work."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oddframe.engine import observed as engine_observed
from oddframe.engine.detector import Detector
from oddframe.training.contrastive import MomentumContrast
from oddframe.video.write import write_image
from tests.cli.running import QUICK, Command, album, content, film


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any observing is a failure of the test: it is the long work, and the cache is new, so nothing is spared."""

    def work(*given: Any, **named: Any) -> None:
        raise AssertionError("the long work has begun")

    monkeypatch.setattr(engine_observed, "observe_into", work)
    monkeypatch.setenv("ODDFRAME_CACHE", str(tmp_path_factory.mktemp("new-cache")))


def settings(folder: Path, part: str) -> dict[str, Any]:
    """What a saved detector says of the settings of one of its parts."""
    saved: dict[str, Any] = json.loads((folder / "detector.json").read_text())["document"][part]["settings"]
    return saved


def test_fit_then_info_then_score(command: Command, footage: Path, fast: Path, tmp_path: Path) -> None:
    saved = tmp_path / "new" / "gate.oddframe"
    fit = command("fit", footage, "-o", saved, *QUICK)
    assert (fit.code, fit.out, fit.errors) == (0, "", [])
    assert "fitted on 2 videos in " in fit.err
    assert f"saved to {saved}" in fit.err
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert [path.name for path in saved.parent.iterdir()] == ["gate.oddframe"]
    info = json.loads(command("info", saved).out)
    assert info["preset"] == "default"
    assert info["fitted"]["on"]["videos"] == ["slower", "usual"]
    assert info["fitted"]["on"]["frames"] == 240
    timeline = command("score", saved, fast, "--json").objects[0]
    assert timeline["threshold"] == info["fitted"]["calibration"]["threshold"]
    assert min(score for score in timeline["scores"] if score is not None) > timeline["threshold"]


def test_settings_reach_the_parts_that_they_name(command: Command, usual: Path, tmp_path: Path) -> None:
    given = ("--set", "model.k=2", "--set", "scoring.alarm_rate=0.05", "--set", "observer.direction=true")
    assert command("fit", usual, "-o", tmp_path / "d", *QUICK, *given).code == 0
    assert settings(tmp_path / "d", "observer")["embedding"] == 0
    assert settings(tmp_path / "d", "observer")["direction"] is True
    assert settings(tmp_path / "d", "model")["k"] == 2
    assert settings(tmp_path / "d", "scoring")["alarm_rate"] == 0.05


def test_settings_reach_into_a_backbone(command: Command, usual: Path, tmp_path: Path) -> None:
    snippet = ("--detector", "knn-snippet", "--set", "observer.backbone.size=32")
    named = ("--set", "observer.backbone=efficientnet-lite0", "--set", "observer.stride=2")
    assert "which backbone?" in command("fit", usual, "-o", tmp_path / "d", *snippet).error
    assert command("fit", usual, "-o", tmp_path / "d", *snippet, *named).code == 0
    assert settings(tmp_path / "d", "observer")["backbone"]["settings"] == {"size": 32, "head": True, "runtime": "onnx"}
    missing = ("--set", "observer.backbone.weights=nowhere.pkl")
    told = command("fit", usual, "-o", tmp_path / "e", "--detector", "paper-llsh-avenue", *missing).error
    assert told.endswith(
        "nowhere.pkl: No such file or directory; give the path of a downloaded checkpoint, or put it there"
    )


def test_another_preset_and_another_model_are_chosen_by_name(
    command: Command, footage: Path, fast: Path, usual: Path, tmp_path: Path
) -> None:
    assert command("fit", footage, "-o", tmp_path / "llsh", "--detector", "llsh", *QUICK).code == 0
    assert command("fit", footage, "-o", tmp_path / "lsh", "--model", "lsh", *QUICK).code == 0
    for name in ("llsh", "lsh"):
        assert json.loads(command("info", tmp_path / name).out)["model"]["name"] == name
    odd, normal = command("score", tmp_path / "llsh", fast, usual, "--json").objects
    assert np.median(odd["scores"]) > np.median(normal["scores"])


def test_training_that_is_interrupted_goes_on_where_it_was(
    command: Command, footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("fit", footage, "--detector", "llsh", *QUICK)
    kept = ("--checkpoints", tmp_path / "kept", "--log", tmp_path / "log", "--precision", "float32")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with monkeypatch.context() as once:
        once.setattr(MomentumContrast, "after_step", lambda learner: os.kill(os.getpid(), signal.SIGINT))
        stopped = command(*arguments, "-o", tmp_path / "d", *kept)
    signal.signal(signal.SIGINT, before)
    assert (stopped.code, stopped.out) == (130, "")
    assert stopped.errors == [
        "error: training the hash functions: stopped by Ctrl-C after step 1 of 4; "
        f"run the same again to go on from {tmp_path / 'kept'}"
    ]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["kept", "log"]
    told = command(*arguments, "-o", tmp_path / "d", *kept)
    assert (told.code, told.errors) == (0, [])
    assert len(list((tmp_path / "log").iterdir())) == 2
    assert "another training" in command(*arguments, "-o", tmp_path / "e", *kept, "--set", "model.queue=7").error
    assert command(*arguments, "-o", tmp_path / "d", "--precision", "half").code == 2


def test_the_frame_rate_of_pictures_is_given(command: Command, tmp_path: Path) -> None:
    frames = album(tmp_path / "frames")
    assert command("fit", frames, "-o", tmp_path / "d", "--fps", "30000/1001", *QUICK).code == 0
    assert json.loads(command("info", tmp_path / "d").out)["fitted"]["on"]["fps"] == ["30000/1001"]
    assert command("score", tmp_path / "d", frames, "--fps", "12.5", "--json").objects[0]["fps"] == 12.5
    assert command("score", tmp_path / "d", frames, "--json").objects[0]["fps"] == 25


def test_what_the_mask_blackens_is_not_seen(command: Command, footage: Path, fast: Path, tmp_path: Path) -> None:
    look = np.full((96, 128), 255, np.uint8)
    look[:, 64:] = 0
    write_image(tmp_path / "mask.png", look)
    assert command("fit", footage, "-o", tmp_path / "d", "--mask", tmp_path / "mask.png", *QUICK).code == 0
    assert json.loads(command("info", tmp_path / "d").out)["mask"] is not None
    boxes = [event["box"] for event in command("score", tmp_path / "d", fast, "--json").objects[0]["events"]]
    assert boxes
    assert all(box is None or box[2] <= 70 for box in boxes)


def test_a_detector_is_replaced(command: Command, usual: Path, detector: Path) -> None:
    def files() -> list[str]:
        return [path.name.partition("-")[0] for path in sorted(detector.iterdir()) if path.suffix != ".lock"]

    before = files()
    assert command("fit", usual, "-o", detector, *QUICK, "--set", "model.k=4").code == 0
    assert Detector.load(detector).model.settings()["k"] == 4
    assert files() == before


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--detector", "lsh2"), "no preset 'lsh2': did you mean 'lsh'?"),
        (("--observer", "object"), "did you mean 'objects'?"),
        (("--model", "kn"), "did you mean 'knn'?"),
        (("--set", "observer.embeding=0"), "no setting 'embeding': did you mean 'embedding'?"),
        (("--set", "observer.embedding=lots"), "objects.embedding: 'lots' does not fit"),
        (("--set", "embedding=0"), "no setting 'embedding': did you mean 'observer.embedding'?"),
        (("--set", "model.k"), "--set model.k: write"),
        (("--set", "scoring.alarm_rate=5"), "alarm_rate 5.0: give a share"),
        (("--fps", "fast"), "not 'fast'"),
        (("--fps", "0"), "fps must be over 0"),
        (("--holdout", "2"), "holdout 2.0: give a share"),
        (("--seed", "-1"), "seed -1: give a whole number"),
        (("--device", "gpu"), "--device gpu: cannot be used here"),
        (("--device", "cuda:77"), "--device cuda:77: cannot be used here"),
        (("--mask", "no-such.png"), "no-such.png: no such file"),
    ],
)
def test_what_cannot_work_is_refused_before_the_long_work(
    command: Command, usual: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert told in command("fit", usual, "-o", tmp_path / "d", *arguments).error
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("idle")
def test_one_video_that_cannot_be_watched_is_found_before_the_long_work(
    command: Command, usual: Path, tmp_path: Path
) -> None:
    slow = film(tmp_path / "slow.mp4", fps=1, seconds=20)
    told = command("fit", usual, slow, "-o", tmp_path / "d", *QUICK).error
    assert told.startswith(f"{slow}: 1 frames a second are too few")  # the file in place of the video's name
    write_image(tmp_path / "square.png", np.full((64, 64), 255, np.uint8))
    told = command("fit", usual, "-o", tmp_path / "d", "--mask", tmp_path / "square.png", *QUICK).error
    assert told.startswith(f"{usual}: the mask is for pictures 1.00 times as wide as high")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("place", ["file", "file/below", "full"])
def test_a_place_that_is_no_detectors_is_refused_before_the_long_work(
    command: Command, usual: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")
    before = content(tmp_path)
    told = command("fit", usual, "-o", tmp_path / place).error
    assert told.startswith(f"{tmp_path / place}: ")
    assert "save to another place" in told
    assert content(tmp_path) == before


@pytest.mark.parametrize("missing", ["videos", "--output"])
def test_a_command_line_that_makes_no_sense_says_what_is_missing(command: Command, missing: str) -> None:
    given = ("fit", "-o", "d") if missing == "videos" else ("fit", "x.mp4")
    result = command(*given)
    assert (result.code, result.out) == (2, "")
    assert "oddframe fit [OPTIONS]" in result.err
    assert missing in result.err


def test_an_assumed_frame_rate_is_told_and_a_given_one_is_not(tmp_path: Path, command: Command) -> None:
    for name in ("a", "b"):
        album(tmp_path / "pictures" / name, seconds=8)
    arguments = ("fit", tmp_path / "pictures", "-o", tmp_path / "d", *QUICK)
    said = "the frame rate is not stated, 25 fps assumed"
    assumed, given = command(*arguments), command(*arguments, "--fps", "10")
    assert (assumed.code, given.code) == (0, 0)
    assert said in assumed.err
    assert said not in given.err
