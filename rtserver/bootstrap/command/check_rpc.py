"""The part of ``rtserver check`` about calls of users to services: what each route offers, and on which queue."""

from collections.abc import Iterator

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.rpc_route import RPC_ROUTES, rpc_routes
from rtserver.bootstrap.site.finding import Finding, Severity


def check_rpc(config: Config) -> Iterator[Finding]:
    """Tell the routes. What is wrong with one was told when the configuration was read."""
    for route in rpc_routes(config):
        names = ", ".join(dict.fromkeys(operation.msg_type for operation in route.operations))
        text = f"{route.name}: {names} to {route.queue} ({route.type}), answered within {route.timeout:g} s"
        yield Finding(Severity.OK, RPC_ROUTES, text)
