"""Lists of labels: what is understood, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from oddframe.datasets.formats.label_list import read_label_list
from oddframe.errors import DataError


def listed(folder: Path, *rows: str) -> Path:
    file = folder / "labels.csv"
    file.write_text("\n".join(("video,label", *rows)), "utf-8")
    return file


def test_names_lose_folder_and_suffix_and_labels_are_words_or_numbers(tmp_path: Path) -> None:
    file = listed(tmp_path, "day/gate.mp4,normal", "v=1.2__a.npy,Abnormal", "03,1", "04.part,0")
    assert read_label_list(file) == {"gate": False, "v=1.2__a": True, "03": True, "04.part": False}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("a,normal", "b,odd"), r"labels.csv:3: a label is .*, not 'odd'"),
        (("a,normal", "x/a.mp4,abnormal"), r"labels.csv:3: 'a' has a label already"),
        (("a,",), r"labels.csv:2: a value is missing"),
    ],
    ids=["word", "twice", "empty"],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_label_list(listed(tmp_path, *rows))


def test_a_missing_list_is_told_with_its_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a table with the columns video,label"):
        read_label_list(tmp_path / "none.csv")
