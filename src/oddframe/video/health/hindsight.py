"""Judging a run of frames once it has lasted long enough, and then from its first frame on."""

from __future__ import annotations


class Hindsight:
    """Runs of suspect frames: one that lasts is confirmed as a whole, a shorter one is let off.

    Args:
        needed: how many suspect frames in a row confirm the run; no frame waits longer than this for its verdict.

    >>> run = Hindsight(needed=3)
    >>> [run.push(suspect) for suspect in (True, False, True, True, True, True)]
    [[], [False, False], [], [], [True, True, True], [True]]
    """

    def __init__(self, needed: int) -> None:
        self._needed, self._waiting, self._confirmed = needed, 0, False

    @property
    def confirmed(self) -> bool:
        """Whether the run that is going on has lasted long enough."""
        return self._confirmed

    def push(self, suspect: bool) -> list[bool]:
        """Take the next frame; the verdicts that this brings, oldest first."""
        if not suspect:
            verdicts = [False] * (self._waiting + 1)
            self._waiting, self._confirmed = 0, False
            return verdicts
        self._waiting += 1
        if not self._confirmed and self._waiting < self._needed:
            return []
        self._confirmed = True
        return self.close(verdict=True)

    def close(self, verdict: bool = False) -> list[bool]:
        """The frames that still wait, all judged the same."""
        verdicts, self._waiting = [verdict] * self._waiting, 0
        return verdicts
