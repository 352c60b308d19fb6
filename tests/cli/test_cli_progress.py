"""One line a stage: how far, how fast, and what is lost."""

from __future__ import annotations

from rich.progress import Progress as Bars

from oddframe.cli.progress import LossColumn, RateColumn, _Board
from oddframe.types import Progress


def test_the_loss_is_shown_while_something_is_trained() -> None:
    bars = Bars(disable=True)
    board = _Board(bars, None)
    board(Progress("observing", 1, 2))
    assert LossColumn().render(bars.tasks[0]).plain == ""
    board(Progress("training", 1, 9, "steps", 0.123456))
    assert LossColumn().render(bars.tasks[0]).plain == "loss 0.1235"
    board(Progress("training", 2, 9, "steps", 12.0))
    assert LossColumn().render(bars.tasks[0]).plain == "loss 12"
    assert len(bars.tasks) == 1


def test_slow_steps_are_told_in_fractions() -> None:
    bars = Bars(disable=True)
    _Board(bars, None)(Progress("training", 1, 9, "steps"))
    task = bars.tasks[0]
    for speed, told in ((0.252, "0.25 steps/s"), (1234.5, "1,234 steps/s")):
        task.finished_speed = speed
        assert RateColumn().render(task).plain == told


def test_videos_observed_at_once_have_a_line_each() -> None:
    """And are counted once, however often their lines are written in turns."""
    bars = Bars(disable=True)
    board = _Board(bars, 3, lines=2)
    for done in (1, 2):
        board(Progress("observing a", done, 2))
        board(Progress("observing b", done, 9))
    board(Progress("observing c", 1, 2))
    assert [task.description for task in bars.tasks] == ["observing b (2 of 3)", "observing c (3 of 3)"]
    board(Progress("training", 1, 2, "steps"))
    assert [task.description for task in bars.tasks] == ["training"]
