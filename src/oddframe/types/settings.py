"""The identity of everything that can be chosen by name: its constructor's arguments."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from oddframe.types.arrays import Json


class Configured:
    """Something whose constructor arguments are its whole identity.

    A subclass sets `name`, and stores every constructor argument under the argument's own name. Then `settings()`
    is enough to build an equal one, and `identity()` is the cache key. Bump `version` when the same settings
    begin to mean something else.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1

    def settings(self) -> dict[str, Json]:
        """The constructor's arguments as JSON values; nested parts as `{"name": ..., "settings": ...}`."""
        parameters = inspect.signature(type(self)).parameters
        return {name: _as_json(getattr(self, name)) for name in parameters}

    def identity(self) -> dict[str, Json]:
        """Name, version and settings: equal identities behave alike."""
        return {"name": self.name, "version": self.version, "settings": self.settings()}

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
