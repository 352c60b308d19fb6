"""The demo, on clips of a few seconds: what it prints, and the pictures that it leaves."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from oddframe.demo import truth_runs
from oddframe.engine.detector import Detector
from oddframe.walkway import Painter, Split, SyntheticClip, Walkway
from tests.cli.running import Command


def short_split() -> Split:
    """Three normal clips, a cyclist with a runner, and a loiterer with a dropped object: half a minute in all."""
    painter = Painter(Walkway(seconds=4))
    fit = tuple(SyntheticClip(painter, 3000 + i, (), f"fit-{i}") for i in range(3))
    staged = [("cyclist", "runner"), ("loiterer", "dropped object")]
    longer = Painter(Walkway(seconds=12))
    test = tuple(SyntheticClip(longer, 3100 + i, kinds, f"test-{i}") for i, kinds in enumerate(staged))
    return Split("short", fit, test)


def test_the_demo_prints_figures_and_leaves_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.setattr("oddframe.demo.benchmark", lambda _: short_split())
    out = tmp_path / "made" / "here"
    found = command("demo", "-o", out, "--cache", tmp_path / "cache")
    assert found.code == 0, found.err
    for word in ("oddframe (default)", "cyclist", "dropped object", "strongest motion", "anomalies were found"):
        assert word in found.out
    for name in ("scores.png", "demo.png"):
        picture = cv2.imread(str(out / name))
        assert picture is not None, name
        assert picture.shape[1] >= 1000
    assert list((out / "events").glob("*.png"))
    page = (out / "report.html").read_text("utf-8")
    for word in ("test-0", "test-1", "ground truth", "a normal moment of fit-"):
        assert word in page
    assert Detector.load(out / "walkway.oddframe").calibration.threshold is not None


def test_truth_has_one_run_an_event() -> None:
    clip = short_split().test[0]
    runs = truth_runs(clip)
    assert sorted(kind for _, _, kind in runs) == ["cyclist", "runner"]
    for start, end, kind in runs:
        assert any(box.kind == kind for box in clip.boxes[start])
        assert any(box.kind == kind for box in clip.boxes[end - 1])
    assert sum(clip.labels) <= sum(end - start for start, end, _ in runs)


def test_an_unknown_size_is_refused_before_anything_is_made(tmp_path: Path, command: Command) -> None:
    found = command("demo", "--size", "huge", "-o", tmp_path / "out")
    assert found.code == 1
    assert "quick" in found.err
    assert not (tmp_path / "out").exists()
