"""Videos that fail while others go on."""

from __future__ import annotations

from oddframe.cli.app import complain


class Failures:
    """Reports each at once, and counts them.

    Args:
        debug: whether to show where in the code they arose.
    """

    def __init__(self, debug: bool) -> None:
        self.count = 0
        self._debug = debug

    def __call__(self, error: Exception, about: str = "") -> None:
        complain(error, self._debug, about)
        self.count += 1
