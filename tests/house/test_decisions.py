"""Decision records: dated, numbered without gaps, listed, each with context, decision and consequence on one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_says_when_what_and_why(record: Path) -> None:
    text = record.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]
    assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 50


def test_records_are_numbered_without_gaps_and_listed() -> None:
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))
    listed = re.findall(r"\]\((0\d{3}-[\w-]+\.md)\)", (FOLDER / "README.md").read_text("utf-8"))
    assert listed == [record.name for record in RECORDS]
    for record in RECORDS:
        title = record.read_text("utf-8").splitlines()[0]
        assert f"| {int(record.name[:4])} | [{title.partition('. ')[2]}]" in (FOLDER / "README.md").read_text("utf-8")


def test_links_between_documents_lead_somewhere() -> None:
    """Relative links only: what is elsewhere may go away without our doing."""
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for document in documents:
        for link in re.findall(r"\]\(([^)#\s:]+)(?:#[\w-]*)?\)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), f"{document.relative_to(ROOT)} links to {link}"
