"""Plug-ins: classes named by dotted paths in the config, or offered by installed packages as entry points.

Decides how a name becomes a class, and that no two handle the same message type or serve the same interface.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar, Protocol, TypeVar

from rtserver.base.tce.gateway import UserGateway
from rtserver.bootstrap.config.error import PluginError
from rtserver.user.policy import Policy
from tcelib.core.servant import Servant, interfaces_of


class Handler(Protocol):
    """What handlers of both threads have in common."""

    msg_type: ClassVar[str]


DELIVERIES = frozenset({"every", "once"})

T = TypeVar("T")
H = TypeVar("H", bound=Handler)


def load_plugins(paths: Iterable[str], group: str, base: type[H]) -> list[type[H]]:
    """The classes at ``paths`` ("package.module:Class") and those of the entry-point group, in that order.

    Raises ``PluginError`` for a name that leads nowhere, or to something that is no subclass of ``base``, or does not
    say what it handles or how.
    """
    found = _load_all(paths, group, base)
    for path, cls in found.items():
        if not isinstance(getattr(cls, "msg_type", None), str):
            raise PluginError(f"plug-in {path!r} does not say which msg_type it handles")
        delivery = getattr(cls, "delivery", "every")
        if delivery not in DELIVERIES:
            raise PluginError(f"plug-in {path!r} has the delivery {delivery!r}; it may be 'every' or 'once'")
    return list(found.values())


def load_servants(paths: Iterable[str]) -> list[type[Servant]]:
    """The same for servants, of the entry-point group ``rtserver.rpc_servants``.

    Raises ``PluginError``, too, if one serves no interface, or two serve the same one.
    """
    classes = list(dict.fromkeys(_load_all(paths, "rtserver.rpc_servants", Servant).values()))
    owners: dict[int, type[Servant]] = {interface.ifidx: UserGateway for interface in interfaces_of(UserGateway)}
    for cls in classes:
        interfaces = list(interfaces_of(cls))
        if not interfaces:
            raise PluginError(f"{_name(cls)} serves no interface: derive it from a class that tce2py has made")
        for interface in interfaces:
            other = owners.setdefault(interface.ifidx, cls)
            if other is not cls:
                raise PluginError(
                    f"{_name(other)} and {_name(cls)} both serve an interface of index {interface.ifidx}"
                    f" ({interface.name}): give one of them another [index=N]"
                )
    return classes


def load_policy(path: str) -> Policy:
    """An object of the policy at ``path``, the built-in one for an empty path. Raises ``PluginError``."""
    return (_load(path, Policy) if path else Policy)()


def build_servant(cls: Callable[..., Servant], users: Any) -> Servant:
    """One object of a class; one whose ``__init__`` takes something gets ``users``, as handlers do."""
    return cls(users) if inspect.signature(cls).parameters else cls()


def by_type(classes: Iterable[type[H]]) -> Mapping[str, type[H]]:
    """The classes by the message type that they handle. Raises ``PluginError`` that names two for one type."""
    found: dict[str, type[H]] = {}
    for cls in classes:
        other = found.setdefault(cls.msg_type, cls)
        if other is not cls:
            raise PluginError(f"{_name(other)} and {_name(cls)} both handle messages of type {cls.msg_type!r}")
    return found


def _load_all(paths: Iterable[str], group: str, base: type[T]) -> dict[str, type[T]]:
    names = [*paths, *(point.value for point in entry_points(group=group))]
    return {name: _load(name, base) for name in names}


def _load(path: str, base: type[T]) -> type[T]:
    module_name, _, class_name = path.rpartition(":" if ":" in path else ".")
    try:
        loaded = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PluginError(f"plug-in {path!r} cannot be loaded: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise PluginError(f"plug-in {path!r} is no subclass of {_name(base)}")
    return loaded


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
