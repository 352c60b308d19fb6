"""Tests in a browser run wherever they must, and wait in ways that a page cannot forbid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.browser import chromium, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRICT = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'unsafe-inline'\">"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


def test_without_a_browser_tests_are_skipped_and_in_ci_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ODDFRAME_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    for value in ("", "false", "0"):
        monkeypatch.setenv("CI", value)
        with pytest.raises(pytest.skip.Exception, match="no Chromium"), chromium():
            pass
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"), chromium():
        pass


def test_waiting_goes_on_where_a_page_may_not_evaluate_strings(page: Page) -> None:
    page.set_content(f"{STRICT}<p>early</p><script>setTimeout(() => {{ document.body.title = 'late'; }}, 200)</script>")
    until(page, lambda: page.locator("body").get_attribute("title") == "late")
    with pytest.raises(AssertionError, match="in vain"):
        until(page, lambda: False, seconds=0.1)


def test_no_test_makes_a_page_evaluate_a_string_while_it_waits() -> None:
    """It works for as long as the first look finds what is waited for, so a slow machine fails."""
    tests = Path(__file__).resolve().parent.parent
    call = "." + "wait_for_function("
    assert [path.name for path in tests.rglob("*.py") if call in path.read_text(encoding="utf-8")] == []
