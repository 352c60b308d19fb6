"""Any one value in a saved detector's description may be anything: loading works, or says why in one typed line."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from oddframe.engine import Detector
from oddframe.engine.store import INDEX
from oddframe.errors import OddframeError

Place: TypeAlias = tuple[str | int, ...]

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.oddframe"))
GONE = object()
VALUES = [
    *(None, True, -1, 0, 10**12, 10**30, 1e308, float("inf"), float("nan")),
    *("", "x" * 50, "../x", "1/0", [], [[]], {}, {"name": "knn"}, GONE),
]
KNOWN: list[tuple[Place, Any]] = [
    (("document", "fitted", "on", "videos", 0), []),
    (("document", "fitted", "on", "seconds"), {}),
    (("document", "fitted", "on", "rates", 0), "1/0"),
    (("document", "fitted", "on", "rates", 0), "9" * 5000),
    (("document", "fitted", "on", "rates"), {"name": "knn"}),
    (("document", "fitted", "calibration", "threshold"), {}),
    (("document", "fitted", "changes"), [{"kind": "taught"}]),
    (("document", "scoring", "settings", "smoothing"), True),
    (("document", "observer", "settings"), "x"),
    (("document", "mask"), "x"),
    (("files",), {"model": {"name": 3}}),
]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where values stand in a description; of lists the first three, of camera views nothing."""
    if at:
        yield at
    if isinstance(value, dict):
        for key in value.keys() - {"levels"}:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for number, one in enumerate(value[:3]):
            yield from places(one, (*at, number))


def changed(index: Any, place: Place, value: Any) -> Any:
    index = copy.deepcopy(index)
    held = index
    for key in place[:-1]:
        held = held[key]
    if value is GONE:
        del held[place[-1]]
    else:
        held[place[-1]] = value
    return index


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda folder: folder.stem)
def test_any_value_may_be_anything(golden: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(golden, tmp_path / "d.oddframe"))
    index = json.loads((golden / INDEX).read_bytes())
    draw = random.Random(golden.name)
    there = sorted(places(index), key=str)
    for place, value in [*KNOWN, *((draw.choice(there), draw.choice(VALUES)) for _ in range(25))]:
        try:
            altered = changed(index, place, value)
        except (KeyError, IndexError):  # this detector has no such place
            continue
        (folder / INDEX).write_text(json.dumps(altered))
        try:
            detector = Detector.load(folder)
            json.dumps(detector.info())
            repr(detector)
        except OddframeError as error:
            assert "\n" not in str(error), (place, value)  # noqa: PT017  an error is allowed, none is needed
            assert len(str(error)) < 1000, (place, value)  # noqa: PT017
