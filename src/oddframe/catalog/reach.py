"""What a part that is built from somebody's settings may read outside of the detector that it belongs to.

Parts say themselves what that would be (`Configured.outside`). The settings that a user writes may name any file. Those
in a saved detector, which may come from a stranger, may name what lies in the weights folder, and files that detectors
were saved with on this machine, as long as their content is the same. For all else the user is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oddframe.errors import SettingsError
from oddframe.files import within, write_durably
from oddframe.types import Configured, Outside, Run
from oddframe.weights.store import folder


@dataclass(frozen=True, slots=True)
class Reach:
    """Permission to read outside of a detector.

    Args:
        fetch: whether weights that are not on this machine may be fetched from the network.
        files: the files and folders from which weights may be read, besides the weights folder; None = any.
        run: its progress is told of downloads.
    """

    fetch: bool = False
    files: tuple[Path, ...] | None = None
    run: Run = field(default_factory=Run)

    def admit(self, cls: type[Configured], settings: Mapping[str, Any]) -> None:
        """Fetch what is missing, if that is allowed; done before anything of the class runs.

        Args:
            cls: what is to be built.
            settings: its constructor's arguments.

        Raises:
            SettingsError: the settings reach further than is allowed.
            WeightsError: something cannot be fetched.
        """
        for one in cls.outside(settings):
            if one.kind == "network" and not one.here:
                self._fetch(cls, settings, one)
            elif one.kind == "file" and not self._may_read(one):
                raise SettingsError(
                    f"{cls.name}: reads {one.place}, which is not in the weights folder ({folder()}) and which"
                    f" nobody has used on this machine; where you trust it, allow it: --allow-files {one.place}"
                )

    def _fetch(self, cls: type[Configured], settings: Mapping[str, Any], one: Outside) -> None:
        if not self.fetch:
            raise SettingsError(
                f"{cls.name}: {one.place} is not on this machine, and nothing is fetched unasked: --allow-fetch"
            )
        cls.fetch(settings, self.run)

    def _may_read(self, one: Outside) -> bool:
        if self.files is None or _note_of(one).is_file():
            return True
        return any(within(allowed, Path(one.place)) for allowed in (folder(), *self.files))


def remember(part: Configured) -> None:
    """Note which files outside a part reads, and their checksums: saved detectors may name them on this machine.

    Where the weights folder cannot be written to, nothing is noted, and the user is asked later.
    """
    for one in _outside_of(part):
        if one.kind == "file" and one.checksum is not None:
            with suppress(OSError):
                _note_of(one).parent.mkdir(parents=True, exist_ok=True)
                write_durably(_note_of(one), one.place.encode(errors="surrogateescape"))


def _note_of(one: Outside) -> Path:
    content = f"{one.place}\0{one.checksum}".encode(errors="surrogateescape")
    return folder() / "named" / hashlib.sha256(content).hexdigest()


def _outside_of(part: Configured) -> Iterator[Outside]:
    """What a part reads outside, the parts inside of it included."""
    yield from type(part).outside(part.settings())
    for name in part.settings():
        inner = getattr(part, name)
        if isinstance(inner, Configured):
            yield from _outside_of(inner)
