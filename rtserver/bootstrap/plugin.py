"""Plug-ins: classes named by dotted paths in the config, or offered by installed packages as entry points.

Decides how a name becomes a class and that no two plug-ins handle the same message type. It builds no objects.
"""

import importlib
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import ClassVar, Protocol, TypeVar

from rtserver.bootstrap.error import PluginError


class Handler(Protocol):
    """What handlers of both threads have in common."""

    msg_type: ClassVar[str]


H = TypeVar("H", bound=Handler)


def load_plugins(paths: Iterable[str], group: str, base: type[H]) -> list[type[H]]:
    """The classes at ``paths`` ("package.module:Class") and those of the entry-point group, in that order.

    Raises ``PluginError`` for a name that leads nowhere, or to something that is no subclass of ``base``.
    """
    names = [*paths, *(point.value for point in entry_points(group=group))]
    return [_load(name, base) for name in dict.fromkeys(names)]


def by_type(classes: Iterable[type[H]]) -> Mapping[str, type[H]]:
    """The classes by the message type that they handle. Raises ``PluginError`` that names two for one type."""
    found: dict[str, type[H]] = {}
    for cls in classes:
        other = found.setdefault(cls.msg_type, cls)
        if other is not cls:
            raise PluginError(f"{_name(other)} and {_name(cls)} both handle messages of type {cls.msg_type!r}")
    return found


def _load(path: str, base: type[H]) -> type[H]:
    module_name, _, class_name = path.rpartition(":" if ":" in path else ".")
    try:
        loaded = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PluginError(f"plug-in {path!r} cannot be loaded: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise PluginError(f"plug-in {path!r} is no subclass of {_name(base)}")
    if not isinstance(getattr(loaded, "msg_type", None), str):
        raise PluginError(f"plug-in {path!r} does not say which msg_type it handles")
    return loaded


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
