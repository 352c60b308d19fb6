"""A real browser, where the machine has one: Debian's `chromium-headless-shell` or any Chromium, headless."""

from __future__ import annotations

import importlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium from ODDFRAME_CHROMIUM or the path; without one it skips, and in CI fails. Nothing is downloaded."""
    found = os.environ.get("ODDFRAME_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        _missing("no Chromium: apt-get install chromium-headless-shell, or name one in ODDFRAME_CHROMIUM")
    try:
        sync_api = importlib.import_module("playwright.sync_api")
    except ImportError:
        _missing("no Playwright: pip install playwright")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def until(page: Page, holds: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait until something holds, asking again and again from here.

    The page's own `wait_for_function` would make the page evaluate a string whenever the first look finds it wanting,
    and the policy of our pages forbids that.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        page.wait_for_timeout(20)


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(why)
    pytest.fail(f"{why} (CI is set, where every test has to run)")
