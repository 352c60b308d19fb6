"""The identity of everything that can be chosen by name: its constructor's arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from oddframe.types.arrays import Json
from oddframe.types.run import Run


@dataclass(frozen=True, slots=True)
class Outside:
    """Something outside a detector that one of its parts reads: a file, or what has to be fetched from the network.

    Args:
        kind: a "file" (or a folder), or something on the "network".
        place: its absolute path; or the URL or name that it is fetched by.
        checksum: of its content, where the settings state one.
        here: whether it is on this machine, so that nothing has to be fetched.
    """

    kind: Literal["file", "network"]
    place: str
    checksum: str | None = None
    here: bool = True


class Configured:
    """Something whose constructor arguments are its whole identity.

    A subclass sets `name`, and stores every constructor argument under the argument's own name. Then `settings()`
    is enough to build an equal one, and `identity()` is the cache key. Bump `version` when the same settings
    begin to mean something else.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1

    implied: ClassVar[Mapping[str, Json]] = {}
    """Settings that were added later: name -> what detectors that were saved without them did."""

    def settings(self) -> dict[str, Json]:
        """The constructor's arguments as JSON values; nested parts as `{"name": ..., "settings": ...}`."""
        parameters = inspect.signature(type(self)).parameters
        return {name: _as_json(getattr(self, name)) for name in parameters}

    def identity(self) -> dict[str, Json]:
        """Name, version and settings: equal identities behave alike."""
        return {"name": self.name, "version": self.version, "settings": self.settings()}

    @classmethod
    def outside(cls, settings: Mapping[str, Any]) -> tuple[Outside, ...]:  # noqa: ARG003
        """What an object of these settings would read outside of a detector, nested parts apart; by default nothing.

        A class that reads files or the network names all of it here, and reads nothing to find that out.

        Args:
            settings: constructor arguments, perhaps written by a stranger.
        """
        return ()

    @classmethod
    def fetch(cls, settings: Mapping[str, Any], run: Run = Run()) -> None:
        """Fetch from the network what `outside` names and what is not on this machine; by default nothing.

        Args:
            settings: constructor arguments.
            run: its progress is told of the download.
        """

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({given})"


def _as_json(value: Any) -> Json:
    if isinstance(value, Configured):
        return value.identity()
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"settings are JSON values or nested parts, not {type(value).__name__}")
