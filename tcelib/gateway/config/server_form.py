"""A ``<server>`` of services.xml: its routes, the queues beside them, and its properties.

server                     name; type and id are of C++
├── route                  if, timeout, idempotent
│   ├── call               in, out
│   └── return             in, out
├── extra_mqs              ins, outs: lists
└── properties/property    name, value
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tcelib.gateway.config.element import Element, only
from tcelib.gateway.config.endpoint_form import EndPointForm
from tcelib.gateway.config.finding import Findings, Place, quoted
from tcelib.gateway.config.limit_form import limits_of
from tcelib.gateway.config.model import DEFAULT_TIMEOUT, Hop, Route, Server
from tcelib.gateway.config.text_value import TextValues, words_of
from tcelib.gateway.config.wiring import loose_ends

LONGEST_TIMEOUT = 86_400
ROUTE, EXTRA, PROPERTIES = "route", "extra_mqs", "properties"
CHECKS, LISTEN, LOOPBACK, EVENTS = "userid_check", "listen", "loopback", "user_events"
CALL, RETURN = "call", "return"


class ServerForm:
    """Reads the servers of one file. ``checks_by_default``: user ids are checked unless a server says otherwise."""

    def __init__(
        self, interfaces: Mapping[str, int], endpoints: EndPointForm, findings: Findings, *, checks_by_default: bool
    ) -> None:
        self._interfaces = interfaces
        self._endpoints = endpoints
        self._findings = findings
        self._values = TextValues(findings)
        self._checks_by_default = checks_by_default

    def read(self, element: Element) -> Server:
        """Return the server that an element describes, without what is wrong with it."""
        name = element.fields(self._findings, required=("name",), optional=("type", "id"))["name"]
        parts = list(element.inner((ROUTE, EXTRA, PROPERTIES), self._findings))
        routes = self._routes([part for part in parts if part.name == ROUTE])
        reads, writes = self._extra(only(EXTRA, parts, self._findings))
        section = only(PROPERTIES, parts, self._findings)
        properties = self._properties(section)
        place = section.place if section is not None else element.place
        server = Server(
            name,
            routes,
            reads,
            writes,
            MappingProxyType(properties),
            self._listen(properties.get(LISTEN, ""), place),
            MappingProxyType(self._loopbacks(properties.get(LOOPBACK, ""), place)),
            self._checks(properties.get(CHECKS, ""), place),
            limits_of(properties, place, self._findings),
            self._user_events(properties.get(EVENTS, ""), place),
        )
        for text in loose_ends(server, self._endpoints.endpoints):
            self._findings.warn(element.place, text)
        return server

    # Routes.

    def _routes(self, elements: Sequence[Element]) -> tuple[Route, ...]:
        routes: dict[int, Route] = {}
        for element in elements:
            route = self._route(element)
            if route is None:
                continue
            other = routes.pop(route.index, None)
            if other is not None and other.interface != route.interface:
                text = (
                    f"{quoted(route.interface)} and {quoted(other.interface)} have one id: no way to tell them apart"
                )
                self._findings.error(element.place, text)
            elif other is not None:
                self._findings.warn(element.place, f"a second route of {quoted(route.interface)} replaces the first")
            routes[route.index] = route
        return tuple(routes.values())

    def _route(self, element: Element) -> Route | None:
        fields = element.fields(self._findings, required=("if",), optional=("timeout", "idempotent"))
        hops: dict[str, dict[str, Hop]] = {CALL: {}, RETURN: {}}
        for step in element.inner((CALL, RETURN), self._findings):
            self._add_hop(step, hops[step.name])
        name, place = fields["if"], element.place
        timeout = self._values.seconds(fields["timeout"], "timeout", place, LONGEST_TIMEOUT, DEFAULT_TIMEOUT)
        is_idempotent = self._values.flag(fields["idempotent"], "idempotent", place, otherwise=False)
        if name and name not in self._interfaces:
            self._findings.error(place, f"no interface is called {quoted(name)}")
        if name not in self._interfaces:
            return None
        if not hops[CALL]:
            self._findings.warn(place, f"the route of {quoted(name)} has no <call>: nothing can be called over it")
        calls, returns = (tuple(hops[kind].values()) for kind in (CALL, RETURN))
        return Route(name, self._interfaces[name], calls, returns, timeout, is_idempotent)

    def _add_hop(self, step: Element, hops: dict[str, Hop]) -> None:
        fields = step.fields(self._findings, required=("in", "out"))
        for key in ("in", "out"):
            self._endpoints.refer(fields[key], step.place, f"{key} of <{step.name}>")
        source = fields["in"]
        if source in hops:
            self._findings.warn(step.place, f"a second <{step.name}> in={quoted(source)} replaces the first")
        hops[source] = Hop(source, fields["out"])

    # Lists and properties.

    def _extra(self, element: Element | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if element is None:
            return (), ()
        fields = element.fields(self._findings, optional=("ins", "outs"))
        for key, text in fields.items():
            for name in words_of(text):
                self._endpoints.refer(name, element.place, f"{key} of <{EXTRA}>")
        return words_of(fields["ins"]), words_of(fields["outs"])

    def _properties(self, section: Element | None) -> dict[str, str]:
        properties: dict[str, str] = {}
        if section is None:
            return properties
        section.fields(self._findings)
        for element in section.inner(("property",), self._findings):
            fields = element.fields(self._findings, required=("name",), optional=("value",))
            if fields["name"] in properties:
                text = f"property {quoted(fields['name'])} a second time: this one counts"
                self._findings.warn(element.place, text)
            properties[fields["name"]] = fields["value"]
        return properties

    def _checks(self, text: str, place: Place) -> bool:
        if not text and self._checks_by_default:
            text = f"no {CHECKS}, which is true in files with <ServiceDef>: clients need a user id"
            self._findings.warn(place, text)
            return True
        return self._values.flag(text, f"property {CHECKS}", place, otherwise=False)

    def _listen(self, text: str, place: Place) -> tuple[str, ...]:
        names = words_of(text)
        for name in names:
            self._endpoints.refer(name, place, f"property {LISTEN}")
        return names

    def _user_events(self, text: str, place: Place) -> tuple[int, str] | None:
        """Return the index of the interface and the queue; None where nothing is said, or something is wrong."""
        if not text.strip():
            return None
        interface, hash_sign, queue = (part.strip() for part in text.partition("#"))
        where = f"property {EVENTS}"
        if not (interface and hash_sign and queue):
            self._findings.error(place, f"{where}: {quoted(text)} is no interface#queue")
            return None
        index = self._interfaces.get(interface)
        if index is None:
            self._findings.error(place, f"{where}: no interface is called {quoted(interface)}")
        endpoint = self._endpoints.refer_queue(queue, place, where)
        return None if index is None or endpoint is None else (index, queue)

    def _loopbacks(self, text: str, place: Place) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for word in words_of(text):
            calls, hash_sign, answers = (part.strip() for part in word.partition("#"))
            if not (calls and hash_sign and answers):
                self._findings.error(place, f"property {LOOPBACK}: {quoted(word)} is no callQueue#returnQueue")
                continue
            for name in (calls, answers):
                self._endpoints.refer_queue(name, place, f"property {LOOPBACK}")
            pairs[calls] = answers
        return pairs
