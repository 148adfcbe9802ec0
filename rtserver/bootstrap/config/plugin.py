"""Plug-ins: classes named by dotted paths in the configuration, or offered by installed packages as entry points.

It decides how a name becomes a class, and that no two handle the same message type, serve the same interface, are
subscribed to by one name or are indicators of one name.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import ClassVar, Protocol, TypeVar, cast

from rtserver.base.tce.gateway import UserGateway
from rtserver.bootstrap.config.error import PluginError
from rtserver.feed.port import Feed
from rtserver.history.plugin_source import Prices
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.indicator.registry import IndicatorClassError, IndicatorRegistry
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.user.policy import Policy
from tcelib.core.servant import Servant, interfaces_of


class Handler(Protocol):
    """The common part of handlers of both threads."""

    msg_type: ClassVar[str]


QUOTES = "quotes"
"""Service of the quotes' feeds, which no plug-in may be."""

DELIVERIES = frozenset({"every", "once"})

T = TypeVar("T")
H = TypeVar("H", bound=Handler)


def load_plugins(paths: Iterable[str], group: str, base: type[H]) -> list[type[H]]:
    """Return the classes at ``paths`` ("package.module:Class") and those of the entry-point group, in that order.

    Raises ``PluginError`` for a name that leads nowhere, or to a class that is no subclass of ``base``, or names no
    message type.
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
    """Return the servants at ``paths`` and of the entry-point group ``rtserver.rpc_servants``.

    Raises ``PluginError``, also for a servant without an interface, and for two that serve the same one.
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


def load_indicators(paths: Iterable[str]) -> IndicatorRegistry:
    """Return the built-in indicators with those at ``paths`` and of the entry-point group ``rtserver.indicators``.

    Raises ``PluginError``, also for a class that cannot be an indicator, and for two of one name.
    """
    try:
        classes = _load_all(paths, "rtserver.indicators", IndicatorLine)  # type: ignore[type-abstract]  # makes none
        return IndicatorRegistry(classes.values())
    except IndicatorClassError as error:
        raise PluginError(str(error)) from error


def load_policy(path: str) -> Policy:
    """Return an object of the policy at ``path``, the built-in one for an empty path. Raises ``PluginError``."""
    return (_load(path, Policy) if path else Policy)()


def load_history(path: str) -> Prices:
    """Return an object of the source of history at ``path``. Raises ``PluginError``."""
    loaded = _load(path, object)
    if not callable(getattr(loaded, "read", None)):
        raise PluginError(f"plug-in {path!r} has no method read(wanted), which a source of history needs")
    try:
        return cast(Prices, loaded())
    except Exception as error:
        raise PluginError(f"plug-in {path!r} cannot be made: {type(error).__name__}: {error}") from error


def load_feed(path: str) -> Callable[..., Feed]:
    """Return the class of the feed at ``path``. Raises ``PluginError``."""
    return _load(path, Feed)  # type: ignore[type-abstract]  # _load makes no object of it


def build_servant(cls: Callable[..., Servant], users: object) -> Servant:
    """Return an object of a class. If its ``__init__`` takes an argument, it gets ``users``, as handlers do."""
    return cls(users) if inspect.signature(cls).parameters else cls()


def by_type(classes: Iterable[type[H]]) -> Mapping[str, type[H]]:
    """Return the classes by message type. Raises ``PluginError`` that names two classes of one type."""
    found: dict[str, type[H]] = {}
    for cls in classes:
        other = found.setdefault(cls.msg_type, cls)
        if other is not cls:
            raise PluginError(f"{_name(other)} and {_name(cls)} both handle messages of type {cls.msg_type!r}")
    return found


def by_service(classes: Iterable[type[ServiceMsgHandler]]) -> Mapping[str, type[SubscribableMsgHandler]]:
    """Return those classes that agents may subscribe to, by the name that they use.

    Raises ``PluginError`` for two of one name, for the name of the quotes, and for a name with a slash: that could be
    another service's topic. Also for a class whose messages go to one server, or to one object for each queue:
    clients of the others would miss them.
    """
    found: dict[str, type[SubscribableMsgHandler]] = {}
    for cls in classes:
        if not issubclass(cls, SubscribableMsgHandler):
            continue
        name = cls.service_name()
        if name == QUOTES:
            raise PluginError(f"{_name(cls)} is subscribed to as {name!r}, which is the service of rtserver's own")
        if "/" in name:
            raise PluginError(f"{_name(cls)} is subscribed to as {name!r}: such a name has no slash")
        other = found.setdefault(name, cls)
        if other is not cls:
            raise PluginError(f"{_name(other)} and {_name(cls)} are both subscribed to as {name!r}")
        if cls.delivery != "every":
            raise PluginError(f"{_name(cls)} is subscribed to on every server, so its delivery must be 'every'")
        if cls.is_sharded:
            raise PluginError(f"{_name(cls)} is subscribed to, so it has one object, and cannot be is_sharded")
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
