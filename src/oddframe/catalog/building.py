"""How a name and settings become an object: classes are found, settings checked against constructors."""

from __future__ import annotations

import importlib
import inspect
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from oddframe.backbones.base import Backbone
from oddframe.catalog.reach import Reach
from oddframe.catalog.tables import Kind, closest, names
from oddframe.datasets.base import DataSet
from oddframe.errors import SettingsError
from oddframe.models.base import Model
from oddframe.observers.base import Observer
from oddframe.observers.detectors.base import ObjectDetector
from oddframe.observers.foreground.base import Foreground
from oddframe.types import Configured

T = TypeVar("T", bound=Configured)

_BASES: Mapping[Kind, type[Configured]] = {
    "observer": Observer,
    "model": Model,
    "backbone": Backbone,
    "dataset": DataSet,
    "foreground": Foreground,
    "object-detector": ObjectDetector,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One name of the catalog.

    Args:
        name, where: what it is called, and "module:Class".
        summary: the first line of its docstring.
        settings: the constructor's arguments, each with its type and default in words.
    """

    name: str
    where: str
    summary: str
    settings: Mapping[str, str]


def merged(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others in their place; a dot in a name reaches into a nested part.

    >>> merged({"backbone": "slowfast", "crops": 3}, {"backbone.weights": "r50.pkl"})
    {'backbone': {'name': 'slowfast', 'settings': {'weights': 'r50.pkl'}}, 'crops': 3}

    Raises:
        SettingsError: it reaches into a part that has no name yet.
    """
    found = dict(settings)
    for name in sorted(given):  # a part comes before what reaches into it
        part, dot, inside = name.partition(".")
        held = found.get(part)
        held = {"name": held} if isinstance(held, str) else held
        if not dot:
            found[name] = given[name]
        elif isinstance(held, Mapping) and "name" in held:
            found[part] = {"name": held["name"], "settings": merged(held.get("settings", {}), {inside: given[name]})}
        else:
            raise SettingsError(f"{name}: which {part}? set {part} to a name as well")
    return found


def find(kind: Kind, name: str) -> type[Configured]:
    """The class behind a name.

    Raises:
        SettingsError: nobody has that name, or its package does not import.
    """
    table = names(kind)
    if name not in table:
        raise SettingsError(f"no {kind} {name!r}{closest(name, table)}")
    module, _, attribute = table[name].partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{kind} {name!r} cannot be loaded from {table[name]}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, _BASES[kind])):
        raise SettingsError(f"{kind} {name!r}: {table[name]} is not a subclass of {_BASES[kind].__name__}")
    return found


@overload
def build(
    kind: Literal["observer"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> Observer: ...


@overload
def build(
    kind: Literal["model"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> Model: ...


@overload
def build(
    kind: Literal["backbone"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> Backbone: ...


@overload
def build(
    kind: Literal["dataset"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> DataSet: ...


@overload
def build(
    kind: Literal["foreground"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> Foreground: ...


@overload
def build(
    kind: Literal["object-detector"], name: str, settings: Mapping[str, Any] | None = None, reach: Reach = ...
) -> ObjectDetector: ...


def build(kind: Kind, name: str, settings: Mapping[str, Any] | None = None, reach: Reach = Reach()) -> Configured:
    """Build an object by name.

    Args:
        kind, name: what it is.
        settings: its constructor's arguments; values may be text from a command line, nested parts are
            `{"name": ..., "settings": ...}`.
        reach: what it may read: any file that the settings name, and nothing from the network.

    Raises:
        SettingsError: an unknown name or setting (the closest known one is suggested), a value that does not fit, or
            settings that reach further than is allowed.
        WeightsError: weights cannot be fetched.
    """
    return construct(find(kind, name), settings or {}, reach)


def construct(cls: type[T], settings: Mapping[str, Any], reach: Reach = Reach()) -> T:
    """Call a constructor with settings checked against its annotations; arguments and errors as in `build`."""
    parameters = _parameters(cls)
    for name in settings:
        if name not in parameters:
            raise SettingsError(f"{_called(cls)} has no setting {name!r}{closest(name, parameters)}")
    checked = {
        name: _value(f"{_called(cls)}.{name}", parameters[name][0], value, reach) for name, value in settings.items()
    }
    reach.admit(cls, checked)
    try:
        return cls(**checked)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{_called(cls)}: {error}") from error


def settings_of(cls: type[Configured]) -> tuple[str, ...]:
    """The names of a class's settings: its constructor's arguments."""
    return tuple(_parameters(cls))


def describe(kind: Kind) -> tuple[Listed, ...]:
    """Describe all names of one kind; raises like `find`."""
    return tuple(described(kind, name) for name in names(kind))


def described(kind: Kind, name: str) -> Listed:
    """Describe one name, with its settings; raises like `find`."""
    cls = find(kind, name)
    summary = (inspect.getdoc(cls) or "").partition("\n")[0]
    settings = {key: _in_words(*both) for key, both in _parameters(cls).items()}
    return Listed(name, names(kind)[name], summary, settings)


def _called(cls: type[Configured]) -> str:
    return str(getattr(cls, "name", cls.__name__))


def _parameters(cls: type[Configured]) -> dict[str, tuple[Any, Any]]:
    """Constructor argument -> (annotation, default)."""
    hints = typing.get_type_hints(cls.__init__)
    given = inspect.signature(cls.__init__).parameters
    return {name: (hints.get(name, Any), p.default) for name, p in given.items() if name != "self"}


def _in_words(annotation: Any, default: Any) -> str:
    kind = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    return kind if default is inspect.Parameter.empty else f"{kind} = {default!r}"


def _value(where: str, annotation: Any, value: Any, reach: Reach) -> Any:
    part = _part(annotation)
    if part is not None and isinstance(value, str | Mapping):
        return _nested(where, part, {"name": value} if isinstance(value, str) else value, reach)
    try:
        check = TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True)).validate_python
    except PydanticUserError as error:
        raise SettingsError(f"{where}: {annotation} cannot be set by value: {error}") from error
    try:
        return check(value)
    except ValidationError as error:
        if isinstance(value, str):
            # "[1, 2]" and "null" come from a command line as text.
            try:
                return check(json.loads(value))
            except (ValueError, RecursionError):
                pass
        raise SettingsError(f"{where}: {value!r} does not fit: {error.errors()[0]['msg']}") from error


def _part(annotation: Any) -> type[Configured] | None:
    """The nested part that an annotation (`Backbone`, `Backbone | None`) asks for."""
    wanted = typing.get_args(annotation) or (annotation,)
    return next((t for t in wanted if isinstance(t, type) and issubclass(t, Configured)), None)


def _nested(where: str, part: type[Configured], value: Mapping[str, Any], reach: Reach) -> Configured:
    name, settings = value.get("name"), value.get("settings", {})
    if not isinstance(name, str) or not isinstance(settings, Mapping):
        raise SettingsError(f'{where}: give {{"name": ..., "settings": {{...}}}}, not {value!r}')
    cls = part if getattr(part, "name", None) == name else find(_kind_of(part), name)
    if not issubclass(cls, part):
        raise SettingsError(f"{where}: {name!r} is not a {part.__name__}")
    # Only identities, which are saved, state a version; what a user writes takes the constructor's defaults.
    return construct(cls, {**cls.implied, **settings} if "version" in value else settings, reach)


def _kind_of(part: type[Configured]) -> Kind:
    found = next((kind for kind, base in _BASES.items() if issubclass(part, base)), None)
    if found is None:
        raise SettingsError(f"{part.__name__} has no table of names: its name is {getattr(part, 'name', 'unknown')!r}")
    return found
