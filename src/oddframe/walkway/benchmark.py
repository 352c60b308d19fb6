"""The standard splits of the walkway: clips to fit on, and clips to test on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from oddframe.errors import SettingsError
from oddframe.walkway.clip import SyntheticClip
from oddframe.walkway.painter import Painter
from oddframe.walkway.scene import Walkway

FIT_SEED, TEST_SEED = 1000, 2000  # of the first clip; the others follow
_NORMAL: tuple[str, ...] = ()
_ROUND = (  # each kind twice, never alone with its like
    ("cyclist", "loiterer"),
    ("runner", "dropped object"),
    ("loiterer", "runner"),
    ("cyclist", "dropped object"),
)


@dataclass(frozen=True, slots=True)
class Split:
    """Clips to fit on, all of them normal, and clips to test on, with their ground truth."""

    name: str
    fit: tuple[SyntheticClip, ...]
    test: tuple[SyntheticClip, ...]


@dataclass(frozen=True, slots=True)
class _Size:
    seconds: float  # of each clip
    fit: int  # clips
    rounds: int  # of test clips with events
    normal: int  # test clips without


SIZES: Mapping[str, _Size] = MappingProxyType(
    {"quick": _Size(24.0, fit=5, rounds=1, normal=2), "full": _Size(48.0, fit=10, rounds=3, normal=3)}
)


def benchmark(size: str = "quick") -> Split:
    """Return the standard split of a size. Nothing is drawn until the clips are read.

    Args:
        size: "quick" (4.4 minutes of video) or "full" (20 minutes).

    Raises:
        SettingsError: an unknown size.

    >>> split = benchmark("quick")
    >>> len(split.fit), len(split.test), split.test[2].events
    (5, 6, ('cyclist', 'loiterer'))
    """
    if size not in SIZES:
        raise SettingsError(f"unknown size {size!r} of the walkway benchmark: choose among {', '.join(SIZES)}")
    chosen = SIZES[size]
    painter = Painter(Walkway(seconds=chosen.seconds))
    staged = [_NORMAL] * chosen.normal + list(_ROUND) * chosen.rounds
    return Split(
        name=f"walkway-{size}",
        fit=tuple(SyntheticClip(painter, FIT_SEED + i, (), f"fit-{i:02}") for i in range(chosen.fit)),
        test=tuple(SyntheticClip(painter, TEST_SEED + i, kinds, f"test-{i:02}") for i, kinds in enumerate(staged)),
    )
