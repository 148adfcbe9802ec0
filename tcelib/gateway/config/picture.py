"""Routes of a gateway as a picture in text: clients at the left, services at the right."""

from collections.abc import Iterator, Mapping, Sequence

from tcelib.gateway.config.finding import quoted
from tcelib.gateway.config.model import EndPoint, Hop, QueueFile, Route, Section, Server, Services
from tcelib.gateway.config.wiring import clients_of

NOBODY = "(nothing)"


def picture_of(services: Services) -> Iterator[str]:
    """Yield the lines of the picture of all servers of services.xml."""
    if not services.servers:
        yield "no server"
    for number, server in enumerate(services.servers.values()):
        if number:
            yield ""
        yield from _server(server, services.endpoints)


def picture_of_queues(queues: QueueFile) -> Iterator[str]:
    """Yield the lines of the picture of all programs of config.yml."""
    if not queues.sections:
        yield "no program"
    for number, section in enumerate(queues.sections.values()):
        if number:
            yield ""
        yield from _section(section, queues.endpoints)


def _server(server: Server, endpoints: Mapping[str, EndPoint]) -> Iterator[str]:
    users = "clients need a user id" if server.checks_user_ids else "clients without a user id are given one"
    yield f"server {_name(server.name)}: {users}"
    clients = clients_of(server, endpoints)
    for route in server.routes:
        yield f"  {_name(route.interface)} = {route.index}, {route.timeout:g} s{_repeats(route)}"
        yield from (f"    {line}" for line in _hops(route, clients))
    beside = {
        "reads": [name for name in server.extra_reads if name not in _routed(server, "source")],
        "writes": [name for name in server.extra_writes if name not in _routed(server, "target")],
    }
    yield from (f"  also {way} {', '.join(map(_name, names))}" for way, names in beside.items() if names)
    names = dict.fromkeys((*server.listen, *server.reads, *server.writes))
    yield from _endpoints([endpoints[name] for name in names], clients)


def _repeats(route: Route) -> str:
    return ", idempotent: a call may run twice" if route.is_idempotent else ""


def _routed(server: Server, side: str) -> set[str]:
    hops = (hop for route in server.routes for hop in (*route.calls, *route.returns))
    return {hop.source if side == "source" else hop.target for hop in hops}


def _hops(route: Route, clients: frozenset[str]) -> Iterator[str]:
    """Yield one line for each hop, its client's side at the left whatever its direction."""
    hops = [("call", hop) for hop in route.calls] + [("return", hop) for hop in route.returns]
    rows = [_row(word, hop, is_outward=hop.target in clients and hop.source not in clients) for word, hop in hops]
    width = max((len(left) for left, _, _ in rows), default=0)
    yield from (f"{left.ljust(width)} {arrow} {right}" for left, arrow, right in rows) if rows else (NOBODY,)


def _row(word: str, hop: Hop, *, is_outward: bool) -> tuple[str, str, str]:
    line = f"-- {word} ".ljust(11, "-")
    if is_outward:
        return _name(hop.target), f"<{line}-", _name(hop.source)
    return _name(hop.source), f"-{line}>", _name(hop.target)


def _section(section: Section, endpoints: Mapping[str, EndPoint]) -> Iterator[str]:
    yield f"program {_name(section.name)}"
    for name in section.reads:
        yield f"    reads  <-- {_name(name)}"
    for name in section.writes:
        answers = section.pairs.get(name)
        yield f"    writes --> {_name(name)}{f', answers come on {_name(answers)}' if answers else ''}"
    yield from _endpoints([endpoints[name] for name in (*section.reads, *section.writes)], frozenset())


def _endpoints(endpoints: Sequence[EndPoint], clients: frozenset[str]) -> Iterator[str]:
    if endpoints:
        yield "  endpoints"
    width = max((len(_name(endpoint.name)) for endpoint in endpoints), default=0)
    for endpoint in endpoints:
        yield f"    {_name(endpoint.name).ljust(width)}  {_kind(endpoint, endpoint.name in clients)}"


def _kind(endpoint: EndPoint, is_for_clients: bool) -> str:
    at = _name(endpoint.host) if "://" in endpoint.host else f"{_name(endpoint.host or '*')}:{endpoint.port or '?'}"
    words = [str(endpoint.type)]
    if endpoint.node is not None:
        words.append(f"{endpoint.node.type} {_name(endpoint.node.name)}")
        words += ["durable"] if endpoint.node.durable else []
    words.append(f"listens at {at}" if is_for_clients else f"at {at}")
    words += ["TLS"] if endpoint.has_tls else []
    words += ["errors are not sent"] if endpoint.is_silent else []
    return ", ".join(words)


def _name(text: str) -> str:
    """Return a name as the picture shows it: bare where it is plain."""
    return text if text.isascii() and text.isprintable() and text == text.strip() and text else quoted(text)
