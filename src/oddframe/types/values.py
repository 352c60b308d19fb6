"""What makes value objects travel: mappings and arrays that are still read-only after pickling or copying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

K = TypeVar("K")
V_co = TypeVar("V_co", covariant=True)


class FrozenMapping(Mapping[K, V_co]):
    """A read-only mapping that can be pickled and deep-copied, which `types.MappingProxyType` cannot.

    Args:
        items: any mapping; it is copied, its values are not.

    >>> FrozenMapping({"psnr": 1.0})
    FrozenMapping({'psnr': 1.0})
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V_co]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: K) -> V_co:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"FrozenMapping({self._items!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _mapping, (self._items,)


class Value:
    """Base of frozen dataclasses with arrays: what is unpickled or deep-copied is equal to the bit and read-only.

    NumPy gives the copy of a read-only array back writable. The constructor does not run again, so that a value which
    it rounds or normalises is not changed by the way. Fields that the constructor does not take start anew.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        known: Any = self
        given = {field.name: getattr(self, field.name) for field in fields(known) if field.init}
        return _value, (type(self), given)


def _mapping(items: dict[Any, Any]) -> FrozenMapping[Any, Any]:
    return FrozenMapping({key: _read_only(value) for key, value in items.items()})


def _value(kind: type[Any], given: dict[str, Any]) -> Any:
    made = object.__new__(kind)
    for field in fields(kind):
        if field.init:
            object.__setattr__(made, field.name, _read_only(given[field.name]))
        elif callable(field.default_factory):
            object.__setattr__(made, field.name, field.default_factory())
    return made


def _read_only(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view
