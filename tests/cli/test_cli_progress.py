"""One line a stage: how far, how fast, and what is lost."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from threading import Event

import pytest
from rich.progress import Progress as Bars

from oddframe.cli.bars import Board, LossColumn, RateColumn
from oddframe.cli.progress import Lines, Stages, rate
from oddframe.types import Progress
from tests.cli.running import Command


def test_the_loss_is_shown_while_something_is_trained() -> None:
    bars = Bars(disable=True)
    board = Board(bars, Stages(None).named)
    board(Progress("observing", 1, 2))
    assert LossColumn().render(bars.tasks[0]).plain == ""
    board(Progress("training", 1, 9, "steps", 0.123456))
    assert LossColumn().render(bars.tasks[0]).plain == "loss 0.1235"
    board(Progress("training", 2, 9, "steps", 12.0))
    assert LossColumn().render(bars.tasks[0]).plain == "loss 12"
    assert len(bars.tasks) == 1


def test_slow_steps_are_told_in_fractions() -> None:
    bars = Bars(disable=True)
    Board(bars, Stages(None).named)(Progress("training", 1, 9, "steps"))
    task = bars.tasks[0]
    for speed, told in ((0.252, "0.25 steps/s"), (1234.5, "1,234 steps/s")):
        task.finished_speed = speed
        assert RateColumn(rate).render(task).plain == told


def test_videos_observed_at_once_have_a_line_each() -> None:
    """And are counted once, however often their lines are written in turns."""
    bars = Bars(disable=True)
    board = Board(bars, Stages(3).named, lines=2)
    for done in (1, 2):
        board(Progress("observing a", done, 2))
        board(Progress("observing b", done, 9))
    board(Progress("observing c", 1, 2))
    assert [task.description for task in bars.tasks] == ["observing b (2 of 3)", "observing c (3 of 3)"]
    board(Progress("training", 1, 2, "steps"))
    assert [task.description for task in bars.tasks] == ["training"]


def test_without_a_terminal_a_line_says_share_rate_and_remaining_time() -> None:
    """The time is ours: a line is what `Lines` would print at that moment."""
    times = [100.0]
    lines = Lines(lambda _: None, videos=3, now=lambda: times[0])
    times[0] = 130.0
    assert lines.line() == "at work for 0:30"
    lines(Progress("observing a", 0, 400))
    times[0] = 160.0
    lines(Progress("observing a", 300, 400))
    assert lines.line() == "observing a (1 of 3): 75% of 400 frames, 10 frames/s, 0:10 left"
    times[0] = 190.0
    assert lines.line() == "observing a (1 of 3): 75% of 400 frames, 5.00 frames/s, 0:20 left"
    lines(Progress("observing b", 1, None))
    assert lines.line() == "observing b (2 of 3): 1 frames"
    lines(Progress("training", 10, 100, "steps", 0.5))
    times[0] = 200.0
    lines(Progress("training", 20, 100, "steps", 0.25))
    assert lines.line() == "training: 20% of 100 steps, 1.00 steps/s, 1:20 left, loss 0.25"


def test_a_stage_that_goes_on_is_told_by_what_it_did_now() -> None:
    """A training that goes on from a checkpoint has not done all of it in these seconds."""
    times = [0.0]
    lines = Lines(lambda _: None, now=lambda: times[0])
    lines(Progress("training", 900, 1000, "steps"))
    times[0] = 10.0
    lines(Progress("training", 950, 1000, "steps"))
    assert lines.line() == "training: 95% of 1000 steps, 5.00 steps/s, 0:10 left"


def test_lines_come_by_themselves_and_end_with_the_work() -> None:
    """Also while nobody says anything: a silent step may last."""
    said, enough = [], Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            enough.set()

    with Lines(say, every=0.001):
        assert enough.wait(60)
    count = len(said)
    assert all(line.startswith("at work for") for line in said)
    assert len(said) == count
    assert not [thread for thread in threading.enumerate() if thread.name == "progress"]


def test_a_pipe_gets_lines_and_no_bars(
    fitted: Path, usual: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oddframe.cli.progress.EVERY", 0.001)
    result = command("score", fitted, usual, "--json")
    assert result.code == 0
    assert len(result.objects) == 1
    lines = result.err.splitlines()
    assert lines
    stages = r"at work for|observing usual \(1 of 1\): |checking the camera of usual: |scoring usual: "
    assert all(re.match(stages, line) for line in lines), lines
