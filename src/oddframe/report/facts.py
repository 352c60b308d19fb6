"""The tables at the end of a report: the detector, what its scores mean, and how they became events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oddframe.engine.detector import Detector
from oddframe.report.parts import Facts
from oddframe.types import Json

WORDS = {
    "alarm_rate": "normal frames over the threshold",
    "floor": "score of an empty frame",
    "low": "events end below",
    "map_level": "hot spots of maps above",
    "normal_frames": "held-out normal frames",
    "normal_seconds": "length of held-out video",
    "enough": "enough video for the rate asked for",
}
"""Words for the values of a calibration; others are shown by their own names."""


def facts_of(detector: Detector, command: str | None = None) -> tuple[Facts, ...]:
    """Return the tables of a detector: its settings, its calibration, and the way from scores to events.

    Args:
        detector: a fitted one.
        command: the command line that made the report; None = not shown.
    """
    on, parts = detector.fitted_on, (("observer", detector.observer), ("model", detector.model))
    fitted = (
        ("preset", detector.preset),
        ("fitted", f"{on.when}, oddframe {on.oddframe}"),
        ("on", f"{len(on.videos)} videos, {on.seconds / 60:.1f} minutes, {on.observations} observations"),
    )
    settings = tuple((f"{name}: {part.name}", _settings(part.settings())) for name, part in parts)
    made = () if command is None else (("command", command),)
    return (
        Facts("Detector", fitted + settings + made),
        Facts("Calibration", tuple(_calibration(detector))),
        Facts("From scores to events", tuple(_flat(detector.scoring.settings()))),
    )


def _calibration(detector: Detector) -> Iterator[tuple[str, str]]:
    known = dict(detector.calibration.to_json())
    threshold, alarms = known.pop("threshold"), detector.calibration.alarms
    known.pop("alarms")
    yield "threshold", "none: no normal video was held out" if threshold is None else _value(threshold)
    if alarms is not None:
        interval = f"95 % interval {alarms.at_least:.3g} to {alarms.at_most:.3g}"
        yield "expected false alarms", f"{alarms.per_hour:.3g} an hour ({interval})"
        yield "estimated from", f"{alarms.hours:.3g} hours of held-out video ({alarms.basis})"
    for name, value in known.items():
        if value is not None:
            shown = f"{value:.1%}" if name == "alarm_rate" and isinstance(value, float) else _value(value)
            yield WORDS.get(name, name.replace("_", " ")), shown + (" s" if name == "normal_seconds" else "")
    if detector.stale is not None:
        yield "stale", detector.stale


def _settings(settings: Mapping[str, Json]) -> str:
    return ", ".join(f"{name} {value}" for name, value in _flat(settings)) or "no settings"


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The settings of all parts in one list: a part is shown by its name, and its settings by their path."""
    for name, value in settings.items():
        path = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping) and "settings" in value:
            if value["name"] != path:
                yield path, str(value["name"])
            yield from _flat(value["settings"], f"{path} ")
        else:
            yield path, _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)
