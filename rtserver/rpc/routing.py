"""Routing table of the core (``tcelib.gateway``) for the routes of one server."""

from collections.abc import Mapping, Sequence

from rtserver.rpc.route import RpcRoute
from tcelib.gateway.config.model import EndPoint, EndPointType, Hop, Route, Server, Services
from tcelib.gateway.table import RoutingTable, build_table

DOOR = "clients"
"""Endpoint at which all clients of this server come in."""


def answer_queue(queue: str, reader: str) -> str:
    """Return the queue for the answers that ``reader`` waits for. Services write to it because it is below."""
    return f"{queue}/{reader}"


def routing_table(routes: Sequence[RpcRoute], answers: Mapping[str, str]) -> RoutingTable:
    """Return the table. ``answers`` maps each queue of calls to the one on which this server reads the answers."""
    types = {route.queue: EndPointType(route.type.value) for route in routes}
    endpoints = {DOOR: EndPoint(DOOR, EndPointType.WEBSOCKET)}
    for queue, type_ in types.items():
        endpoints[queue] = EndPoint(queue, type_)
        endpoints[answers[queue]] = EndPoint(answers[queue], type_)
    server = Server(
        "rtserver",
        tuple(_core_route(route, index, answers) for route in routes for index in route.interfaces),
        listen=(DOOR,),
        loopbacks=answers,
        checks_user_ids=True,
    )
    return build_table(Services({}, endpoints, {server.name: server}), server)


def _core_route(route: RpcRoute, index: int, answers: Mapping[str, str]) -> Route:
    return Route(
        route.interfaces[index],
        index,
        (Hop(DOOR, route.queue),),
        (Hop(answers[route.queue], DOOR),),
        route.timeout,
        route.is_idempotent,
    )
