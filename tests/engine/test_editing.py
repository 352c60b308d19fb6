"""Nobody's change to a saved detector is undone by somebody else's, unless they replace it on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from oddframe.engine import Detector
from oddframe.engine.editing import editing
from oddframe.errors import SavedMeanwhile, SettingsError, StoreError
from oddframe.models.knn import KNN
from tests.engine.walks import detector, normal, today


def taught_too_long(edited: Detector) -> None:
    """One change that can be made, and one that cannot."""
    edited.teach(today(), 4.0, 6.0)
    edited.teach(today(), 4.0, 60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a detector is saved."""
    place = tmp_path / "gate.oddframe"
    detector(KNN()).save(place)
    return place


def ranges(folder: Path) -> list[list[int]]:
    """Which frames of today the detector there was taught, in order."""
    fitted: Any = Detector.load(folder).info()["fitted"]
    return [list(change["frames"]) for change in fitted["changes"]]


def test_a_save_that_would_undo_another_is_refused(folder: Path, tmp_path: Path) -> None:
    mine, theirs = Detector.load(folder), Detector.load(folder)
    theirs.teach(today(), 4.0, 6.0)
    theirs.save(folder)
    mine.teach(today(), 8.0, 9.0)
    (tmp_path / "link").symlink_to(folder)
    for place in (folder, tmp_path / "link"):
        with pytest.raises(SavedMeanwhile, match="somebody else saved it since it was loaded"):
            mine.save(place)
    assert ranges(folder) == [[40, 60]]
    mine.save(tmp_path / "mine")
    assert ranges(tmp_path / "mine") == [[80, 90]]
    again = Detector.load(folder)
    again.teach(today(), 8.0, 9.0)
    again.save(folder)
    assert ranges(folder) == [[40, 60], [80, 90]]


def test_ones_own_saves_and_what_was_fitted_anew_are_in_nobodys_way(folder: Path, tmp_path: Path) -> None:
    mine = Detector.load(folder)
    for start in (4.0, 8.0):
        mine.teach(today(), start, start + 1)
        mine.save(folder)
        mine.save(tmp_path / "copy")
    assert ranges(folder) == ranges(tmp_path / "copy") == [[40, 50], [80, 90]]
    other = Detector.load(folder)
    other.forget("today")
    other.save(folder)
    detector(KNN()).save(folder)  # a detector that came from nowhere replaces what is there
    with pytest.raises(SavedMeanwhile):
        other.save(folder)
    other.fit(normal()).save(folder)  # and so does one that forgot where it came from
    shutil.rmtree(folder)
    mine.save(folder)  # where nothing is, nothing can be lost
    (folder / "detector.json").write_text("damaged")
    mine.save(folder)
    assert ranges(folder) == [[40, 50], [80, 90]]


def test_who_edits_second_waits_and_both_changes_stay(folder: Path) -> None:
    waits = Event()

    def second() -> None:
        with editing(folder, waits.set) as other:
            other.teach(today(), 8.0, 9.0)

    thread = Thread(target=second)
    with editing(folder) as first:
        thread.start()
        assert waits.wait(20)
        first.teach(today(), 4.0, 6.0)
        assert thread.is_alive()
    thread.join(20)
    assert ranges(folder) == [[40, 60], [80, 90]]


def test_an_error_while_editing_saves_nothing_and_lets_others_in(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError), editing(folder) as edited:
        taught_too_long(edited)
    with editing(folder, lambda: pytest.fail("nobody else is at it")):
        pass
    assert ranges(folder) == []
    with pytest.raises(StoreError, match="nothing is there"), editing(tmp_path / "gone"):
        pass
    assert not (tmp_path / "gone").exists()
