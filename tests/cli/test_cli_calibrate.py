"""`oddframe calibrate`: another threshold for a saved detector, what is said of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oddframe.engine.detector import Detector
from tests.cli.running import QUICK, Command, content, film


def test_unseen_normal_video_gives_a_threshold_for_a_rate(command: Command, detector: Path, tmp_path: Path) -> None:
    monday, before = film(tmp_path / "monday.mp4", 20, seconds=60), Detector.load(detector).calibration
    result = command("calibrate", detector, monday, "--false-alarms-per-hour", "1")
    after = Detector.load(detector)
    assert result.code == 0
    assert after.scoring.false_alarms_per_hour == 1
    first, second, third = result.out.splitlines()
    assert first.startswith(f"threshold {after.calibration.threshold:.4g} (was {before.threshold:.4g}); an event lasts")
    assert second.startswith("expect ")
    assert "(95 %: " in second
    assert third.startswith("from 60 s of normal video of 1 video, by ")
    (warning,) = result.err.splitlines()
    assert "60 s of held-out normal video cannot show 1 false alarm an hour" in warning
    assert "10 h would be enough to count on" in warning
    (told,) = json.loads(command("info", detector).out)["fitted"]["changes"]
    assert (told["kind"], told["video"]) == ("calibrated", "monday")


def test_what_was_held_out_serves_again_without_any_video(command: Command, detector: Path, fast: Path) -> None:
    one = command("calibrate", detector, "--per-day", "24000")
    assert one.code == 0
    assert Detector.load(detector).scoring.false_alarms_per_hour == 1000
    assert "of normal video that the detector held out" in one.out
    assert (
        command("calibrate", detector, "--false-alarms-per-hour", "1000").out.splitlines()[1:]
        == one.out.splitlines()[1:]
    )
    (event,) = command("score", detector, fast, "--json").objects[0]["events"]
    assert 0 < event["p_value"] < 0.1
    assert len(event["id"]) == 12
    assert command("calibrate", detector, "--alarm-rate", "0.1").code == 0
    assert Detector.load(detector).scoring.false_alarms_per_hour is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--per-day", "1", "--alarm-rate", "0.1"), "give one of --false-alarms-per-hour, --per-day and --alarm-rate"),
        (("--false-alarms-per-hour", "0"), "false_alarms_per_hour 0.0: give a number over 0"),
        (("--per-day", "nan"), "false_alarms_per_hour nan: give a number over 0"),
        (("--alarm-rate", "2"), "alarm_rate 2.0: give a share between 0 and 1"),
        (("USUAL",), "'usual': it was learnt from, so it scores too low to calibrate on; give other video"),
        (("gone.mp4",), "gone.mp4: nothing is there"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    command: Command, detector: Path, usual: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = content(detector)
    given = [str(usual) if argument == "USUAL" else argument for argument in arguments]
    assert message in command("calibrate", detector, *given).error
    assert content(detector) == before


def test_a_detector_without_held_out_video_says_how_to_get_some(
    command: Command, footage: Path, tmp_path: Path
) -> None:
    assert command("fit", footage, "-o", tmp_path / "d", "--holdout", "0", *QUICK).code == 0
    assert command("calibrate", tmp_path / "d", "--per-day", "1").error.startswith("no held-out normal video is known")
