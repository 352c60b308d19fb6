"""Every observer that has a name does what every observer must."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oddframe import catalog
from oddframe.observers.base import Observer
from oddframe.testing.observers import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", catalog.OBSERVERS)
def test_observer(name: str, check: Callable[[Observer], None]) -> None:
    check(catalog.build("observer", name))
