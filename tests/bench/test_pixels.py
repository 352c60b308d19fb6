"""A bench of a model that sees pixels: where it looks, parts fused by the protocol, and what it carries on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import oddframe as odd
from oddframe.bench import Bench, Protocol, protocol
from oddframe.bench.contestant import Contestant
from oddframe.bench.protocol import fused, min_max
from oddframe.bench.runner import Outcome
from oddframe.datasets.base import DataSet, LabelledBoxes, LabelledVideo, Split
from oddframe.datasets.formats.labels import from_ranges
from oddframe.models.abilities import Carrying, Fused, fusion_of
from oddframe.models.knn import KNN
from oddframe.scoring import Scoring
from oddframe.types import FloatArray, Observations, Progress, Run, Scored, VideoInfo
from tests.engine.glow import OBSERVER, Box, Glow, glow_video, in_catalog

PAPER, PLAIN = protocol("paper-lgn"), Protocol("plain", odd.Smoothing("none"), edges="left out")
FRAMES = 30


@dataclass(frozen=True, repr=False)
class Lamps(DataSet):
    """Five normal videos; in the test videos, but for "dull", a bright square moves for ten frames."""

    name = "lamps"
    citation = "nobody"

    tests: Sequence[str] = ("a", "b", "c")

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        if split == "training":
            return tuple(LabelledVideo(f"n{n}", split, partial(glow_video, f"n{n}", FRAMES, n)) for n in range(5))
        return tuple(_lit(name, number) for number, name in enumerate(self.tests))


def _lit(name: str, number: int) -> LabelledVideo:
    lit = range(10 + number, 20 + number) if name != "dull" else range(0)
    squares: dict[int, Box] = {f: (5 + 2 * f, 20, 21 + 2 * f, 36) for f in lit}

    def boxes(_: VideoInfo) -> LabelledBoxes:
        box = np.array(list(squares.values()), np.float32).reshape(-1, 4)
        return LabelledBoxes(np.array(list(squares)), box, np.zeros(len(box), np.int64))

    labeller = from_ranges(Path("labels.csv"), [(lit.start, lit.stop)] if lit else [])
    opener = partial(glow_video, name, FRAMES, 50 + ord(name[0]), squares)
    return LabelledVideo(name, "testing", opener, labeller, boxer=boxes)


def glow(carry: float = 0.1) -> Contestant:
    made = odd.Detector(observer=OBSERVER, model=Glow(carry), scoring=Scoring(alarm_rate=0.1))
    return Contestant("glow", made, None, "paper-lgn")


def measured(folder: Path, *protocols: Protocol, one: Contestant | None = None, run: Run = Run()) -> Outcome:
    bench = Bench(Lamps(), [one or glow()], protocols or (PLAIN, PAPER), folder, folder.parent / "cache")
    return bench.run(run)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    in_catalog(monkeypatch)


def scores(outcome: Outcome, title: str) -> list[FloatArray]:
    return [timeline.scores for timeline in outcome.timelines["glow", title]]


def parts_of(outcome: Outcome, title: str) -> list[Scored]:
    return [timeline.scored for timeline in outcome.timelines["glow", title]]


def kill(progress: Progress) -> None:
    """Ctrl-C when the first video is kept."""
    if progress.stage == "scoring in turn" and progress.done == 1:
        raise KeyboardInterrupt


def test_parts_are_normalised_within_each_video_and_then_fused(tmp_path: Path) -> None:
    outcome = measured(tmp_path / "bench")
    for timeline in outcome.timelines["glow", "paper-lgn"]:
        difference, likeness = (min_max(timeline.scored.parts[name]) for name in ("difference", "likeness"))
        np.testing.assert_allclose(timeline.scores[1:], 0.75 * difference + 0.25 * (1 - likeness), rtol=1e-5)
        assert np.isnan(timeline.scores[0])


def test_parts_of_frames_that_do_not_count_are_no_extremes() -> None:
    rows = np.arange(4)
    seen = Observations("v", rows, np.stack([rows, rows + 1], 1), rows, np.zeros((4, 4), np.float32))
    scored = Scored(seen, np.zeros(4, np.float32), {"x": np.array([1, 3, 99, 2], np.float32)})
    found = fused(scored, {"x": 2.0}, np.array([True, True, False, True]))
    assert found[[0, 1, 3]].tolist() == [0, 2, 1]
    assert np.isfinite(found).all()


def test_models_without_parts_are_normalised_as_a_whole() -> None:
    assert fusion_of(KNN()) is None  # which has a setting of that name
    assert isinstance(Glow(), Fused)
    assert isinstance(Glow(), Carrying)
    assert not isinstance(KNN(), Carrying)


def test_only_a_protocol_that_says_so_carries_on_and_in_the_splits_order(tmp_path: Path) -> None:
    outcome = measured(tmp_path / "bench")
    alone, carried = parts_of(outcome, "plain"), parts_of(outcome, "paper-lgn")
    for number, (one, other) in enumerate(zip(alone, carried, strict=True)):
        np.testing.assert_allclose(other.parts["difference"] - one.parts["difference"], number, atol=1e-5)
    detector = odd.Detector.load(tmp_path / "bench" / "glow.oddframe")
    own = [timeline.scored.score for timeline in detector.score_each([one.video for one in Lamps().videos("testing")])]
    for one, theirs in zip(alone, own, strict=True):
        np.testing.assert_array_equal(one.score, theirs)


def test_nothing_is_carried_where_no_protocol_asks(tmp_path: Path) -> None:
    measured(tmp_path / "bench", PLAIN)
    assert not (tmp_path / "bench" / "glow.carried").exists()


def test_a_second_run_scores_nothing_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path / "bench").results.to_json()
    monkeypatch.setattr("oddframe.bench.runner.judge_source", None)
    monkeypatch.setattr("oddframe.bench.runner.judge_with", None)
    second = measured(tmp_path / "bench").results.to_json()
    assert second["figures"] == first["figures"]


def test_a_run_that_was_killed_carries_on_what_it_must(tmp_path: Path) -> None:
    """The first of three videos is kept, but not what the model took from it: all are scored again, and right."""
    whole = scores(measured(tmp_path / "whole"), "paper-lgn")
    raw = [one.parts["difference"] for one in parts_of(measured(tmp_path / "whole"), "paper-lgn")]
    folder = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        measured(folder, run=Run(progress=kill))
    assert [path.name for path in (folder / "glow.carried").iterdir()] == ["0000.safetensors"]
    again = measured(folder)
    for one, other in zip(whole, scores(again, "paper-lgn"), strict=True):
        np.testing.assert_array_equal(one, other)
    (folder / "glow.carried" / "0001.safetensors").unlink()
    for difference, scored in zip(raw, parts_of(measured(folder), "paper-lgn"), strict=True):
        np.testing.assert_array_equal(difference, scored.parts["difference"])


def test_what_was_carried_from_other_videos_is_never_taken_for_this(tmp_path: Path) -> None:
    """A killed run leaves its first file beside those of an earlier run, whose videos came after another one."""
    measured(tmp_path / "bench")

    def turned(folder: Path, run: Run = Run()) -> list[Scored]:
        data = Lamps(("dull", "b", "c"))
        return parts_of(Bench(data, [glow()], [PAPER], folder, tmp_path / "cache").run(run), "paper-lgn")

    with pytest.raises(KeyboardInterrupt):
        turned(tmp_path / "bench", Run(progress=kill))
    for one, other in zip(turned(tmp_path / "bench"), turned(tmp_path / "alone"), strict=True):
        np.testing.assert_array_equal(one.parts["difference"], other.parts["difference"])


def test_what_stands_out_is_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path / "bench", PLAIN).results.rows[0].regions
    assert first.rbdc.value is not None
    assert first.rbdc.value > 0.9
    monkeypatch.setattr("oddframe.bench.runner.judge_source", None)
    assert measured(tmp_path / "bench", PLAIN).results.rows[0].regions == first
