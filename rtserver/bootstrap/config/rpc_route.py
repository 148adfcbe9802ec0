"""The tables ``[rpc_routes.NAME]`` of the configuration: which calls of users go to services, and on which queue.

``rtserver/rpc/route_reader.py`` defines the fields of a table. It brings the compiler of IDLs along, so it is
imported only where there is a table; a supervisor reads the configuration, too, and needs little else.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import ConfigError, PluginError
from tcelib.core.servant import Servant, interfaces_of

if TYPE_CHECKING:
    from rtserver.bootstrap.config.plugin import Handler
    from rtserver.rpc.route import RpcRoute

RPC_ROUTES = "rpc_routes"


def read_rpc_routes(source: str, raw: object) -> "tuple[RpcRoute, ...]":
    """Return the routes. Raises ``ConfigError``, which names the table and the field, or the place in the IDL."""
    from rtserver.rpc.route import RouteError
    from rtserver.rpc.route_reader import read_routes

    try:
        return read_routes(raw)
    except RouteError as error:
        raise ConfigError(
            source, ".".join(filter(None, (RPC_ROUTES, error.route, error.field))), error.problem
        ) from None


def rpc_routes(config: Config) -> "tuple[RpcRoute, ...]":
    """Return the routes of a configuration. Raises ``ConfigError``."""
    return read_rpc_routes("configuration", config.rpc_routes) if config.rpc_routes else ()


def check_owners(
    routes: "Iterable[RpcRoute]", handlers: "Iterable[type[Handler]]", servants: Iterable[type[Servant]]
) -> None:
    """Refuse a type of messages that a handler has, too, and an interface that a servant of this server serves.

    Raises ``PluginError``.
    """
    types = {handler.msg_type: handler for handler in handlers}
    owners = {interface.ifidx: servant for servant in servants for interface in interfaces_of(servant)}
    for route in routes:
        for operation in route.operations:
            handler = types.get(operation.msg_type)
            if handler is not None:
                raise PluginError(
                    f"{RPC_ROUTES}.{route.name} and {handler.__module__}.{handler.__qualname__} both handle messages "
                    f"of type {operation.msg_type!r}"
                )
        for index, name in route.interfaces.items():
            owner = owners.get(index)
            if owner is not None:
                raise PluginError(
                    f"{RPC_ROUTES}.{route.name} and {owner.__module__}.{owner.__qualname__} both serve an interface "
                    f"of index {index} ({name}): give one of them another [index=N]"
                )
