"""Roles of a gateway's endpoints, and what a server's routes leave open."""

from collections.abc import Iterator, Mapping

from tcelib.gateway.config.finding import quoted
from tcelib.gateway.config.model import EndPoint, Hop, Route, Server


def clients_of(server: Server, endpoints: Mapping[str, EndPoint]) -> frozenset[str]:
    """Return the names of the endpoints that clients connect to: the server listens there, or takes calls from them.

    Any other endpoint of connections is a service that the gateway connects to.
    """
    takes_calls = {hop.source for route in server.routes for hop in route.calls}
    return frozenset(
        name for name in takes_calls | set(server.listen) if name in endpoints and not endpoints[name].type.is_queue
    )


def loose_ends(server: Server, endpoints: Mapping[str, EndPoint]) -> Iterator[str]:
    """Yield a sentence for each call that could not be answered, and each endpoint that nobody could reach."""
    clients = clients_of(server, endpoints)
    for name in sorted(clients - set(server.listen)):
        yield f"{quoted(name)} takes calls, but is not in the property listen"
    for route in server.routes:
        for hop in route.calls:
            if hop.source in clients and hop.target in clients:
                yield f"calls of {quoted(route.interface)} from clients to clients are refused"
            elif hop.source in clients and hop.target in endpoints and endpoints[hop.target].type.is_queue:
                yield from _without_answer(server, route, hop)
        for hop in route.returns:
            if hop.source in clients:
                yield f"answers of clients ({quoted(hop.source)}) are dropped: one could be for the call of another"


def _without_answer(server: Server, route: Route, call: Hop) -> Iterator[str]:
    answers = server.loopbacks.get(call.target)
    what = f"calls of {quoted(route.interface)} from {quoted(call.source)} to {quoted(call.target)}"
    if answers is None:
        yield f"{what} have no answers: the property loopback has no {call.target}#..."
    elif Hop(answers, call.source) not in route.returns:
        yield f"{what} have no answers: there is no <return in={quoted(answers)} out={quoted(call.source)}/>"
