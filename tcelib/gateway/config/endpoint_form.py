"""An endpoint as both kinds of files write it: texts by name in, ``EndPoint`` and findings out."""

import re
from collections.abc import Mapping

from tcelib.gateway.config.finding import Findings, Place, quoted
from tcelib.gateway.config.model import EndPoint, EndPointType
from tcelib.gateway.config.text_value import TextValues
from tcelib.queue.address import Address, NodeType, parse_address
from tcelib.queue.error import AddressError, MessageError
from tcelib.queue.name import checked_name

REQUIRED = ("name", "type")
OPTIONAL = ("host", "port", "address", "keyfile", "certfile", "compress", "errors")
HIGHEST_PORT = 65_535
BROKER_SCHEMES = ("amqp://", "amqps://")
NO_PORT_NEEDED = (EndPointType.MQ, EndPointType.STREAM)  # Redis has one, and `host` may be a whole URL

TYPES: Mapping[str, EndPointType] = {**{kind.value: kind for kind in EndPointType}, "easymq": EndPointType.MQ}
OF_OTHER_PROGRAMS = ("user", "auto")
"""Types of endpoints that only gateways in C++ open."""
INSTEAD_OF_ZMQ = "zmq cannot be opened: use stream (Redis streams), mq (a list in Redis) or qpid (AMQP 1.0)"
JAVA_HOST = re.compile(r"amqp://.*brokerlist", re.IGNORECASE)
_IN_BRACES = re.compile(r"\{[^{}]*\}")
_LIST_PREFIX, _TOPIC_PREFIX = "queue:", "topic:"


class EndPointForm:
    """Makes the endpoints of one file."""

    def __init__(self, findings: Findings) -> None:
        self.endpoints: dict[str, EndPoint] = {}
        self._others: set[str] = set()  # that only other programs open
        self._broken: set[str] = set()  # a mistake is told once, not with each reference
        self._findings = findings
        self._values = TextValues(findings)
        self._count = 0

    def add(self, fields: Mapping[str, str], place: Place) -> None:
        """Enter the endpoint that has these fields; empty ones are missing."""
        self._count += 1
        name = fields["name"]
        if name in self.endpoints or name in self._others or name in self._broken:
            self._findings.error(place, f"a second endpoint {quoted(name)}")
            return
        kind = self._type_of(fields["type"], name, place)
        if not self._is_name(name, place):
            self._broken.add(name)
        elif kind is not None:
            self.endpoints[name] = self._endpoint(kind, fields, place)

    def refer(self, name: str, place: Place, where: str) -> EndPoint | None:
        """Return the endpoint that ``where`` names; None, and an error, if there is none."""
        if name in self._others:
            self._findings.error(place, f"{where}: endpoint {quoted(name)} is of a type that only C++ opens")
        elif name and name not in self.endpoints and name not in self._broken:
            self._findings.error(place, f"{where}: no endpoint is called {quoted(name)}")
        return self.endpoints.get(name)

    def refer_queue(self, name: str, place: Place, where: str) -> EndPoint | None:
        """Return the queue that ``where`` names; None, and an error, if there is none."""
        endpoint = self.refer(name, place, where)
        if endpoint is not None and not endpoint.type.is_queue:
            self._findings.error(place, f"{where}: {quoted(name)} is a {endpoint.type}, not a queue")
            return None
        return endpoint

    def _is_name(self, name: str, place: Place) -> bool:
        if not name:
            return False  # which was told already
        if set(name) & set(",#") or not name.isprintable():
            self._findings.error(place, f"{quoted(name)} is no name: commas and # part the names of lists")
            return False
        if not name.isascii():
            self._findings.warn(place, f"{quoted(name)} travels with calls, and Java reads only ASCII there")
        return True

    def _type_of(self, text: str, name: str, place: Place) -> EndPointType | None:
        if text in TYPES:
            return TYPES[text]
        if text in OF_OTHER_PROGRAMS:
            self._findings.warn(
                place, f"type {quoted(text)} is of gateways in C++: nothing here opens {quoted(name)}"
            )
            self._others.add(name)
            return None
        self._broken.add(name)
        if text == "zmq":
            self._findings.error(place, INSTEAD_OF_ZMQ)
        elif text:
            self._findings.error(place, f"type is one of {', '.join(TYPES)}, not {quoted(text)}")
        return None

    def _endpoint(self, kind: EndPointType, fields: Mapping[str, str], place: Place) -> EndPoint:
        self._look_for_variables(fields, place)
        node = self._node(kind, fields, place) if kind.is_queue else None
        self._check_host(kind, fields["host"], place)
        return EndPoint(
            fields["name"],
            kind,
            fields["host"],
            0 if _is_broker(kind, fields["host"]) and not fields["port"] else self._port(kind, fields["port"], place),
            fields["address"],
            node,
            *self._tls_files(kind, fields, place),
            compress=self._compresses(fields["compress"], place),
            is_silent=self._is_silent(fields["errors"], place),
            number=self._count,
        )

    def _look_for_variables(self, fields: Mapping[str, str], place: Place) -> None:
        for name in ("host", "port"):
            for word in _IN_BRACES.findall(fields[name]):
                self._findings.error(place, f"{name}: no variable is called {quoted(word[1:-1])}")

    def _port(self, kind: EndPointType, text: str, place: Place) -> int:
        if not text and kind not in NO_PORT_NEEDED:
            self._findings.error(place, f"a {kind} needs a port")
        if _IN_BRACES.search(text):
            return 0
        port = self._values.whole(text, "port", place, HIGHEST_PORT)
        if text == "0" and kind is EndPointType.QPID:
            self._findings.error(place, "port 0 is no port of a broker")
        return port

    def _check_host(self, kind: EndPointType, host: str, place: Place) -> None:
        if JAVA_HOST.match(host):
            self._findings.error(place, f"host {quoted(host)} is for Java's client: write the broker's name and port")
        elif "://" in host and kind not in NO_PORT_NEEDED and not _is_broker(kind, host):
            self._findings.error(place, f"host is a name or an address, not the URL {quoted(host)}")

    def _tls_files(self, kind: EndPointType, fields: Mapping[str, str], place: Place) -> tuple[str, str]:
        keyfile, certfile = fields["keyfile"], fields["certfile"]
        if kind in NO_PORT_NEEDED and (keyfile or certfile):
            self._findings.error(place, "TLS with Redis is a host that is a rediss:// URL, not keyfile and certfile")
        elif keyfile and not certfile:
            self._findings.error(place, "a keyfile without a certfile: nothing would be encrypted")
        elif kind is EndPointType.QPID and keyfile:
            self._findings.error(
                place, "a broker is shown no certificate: certfile is the one to trust, keyfile nothing"
            )
        elif certfile and _is_broker(kind, fields["host"]):
            self._findings.error(place, "a broker's URL says by itself whether TLS is spoken and who is trusted")
        return keyfile, certfile

    def _compresses(self, text: str, place: Place) -> bool:
        if text not in ("", "0", "1"):
            self._findings.warn(place, f"compress is 0 or 1, not {quoted(text)}, which counts as 1")
        return text != "0"

    def _is_silent(self, text: str, place: Place) -> bool:
        if text not in ("", "answer", "silence"):
            self._findings.error(place, f"errors is answer or silence, not {quoted(text)}")
        return text == "silence"

    def _node(self, kind: EndPointType, fields: Mapping[str, str], place: Place) -> Address | None:
        """Return the queue or topic; the endpoint's own name is that of a queue without an address."""
        text = fields["address"] or fields["name"]
        if kind is EndPointType.MQ and ";" not in text:
            return self._list_in_redis(text, fields["name"], place)
        try:
            node = parse_address(text)
            if kind is not EndPointType.QPID:
                checked_name(node.name)
        except (AddressError, MessageError) as error:
            self._findings.error(place, f"address: {error}")
            return None
        for option in node.not_read:
            self._findings.warn(place, f"address: the option {option} is not read")
        if node.subject and kind is not EndPointType.QPID:
            self._findings.error(place, f"address: {quoted(node.subject)} is a subject, which only qpid has")
        if node.type is NodeType.TOPIC and kind is EndPointType.MQ:
            self._findings.error(place, "a list in Redis is no topic: use type stream or qpid")
        return node

    def _list_in_redis(self, text: str, name: str, place: Place) -> Address:
        if text.startswith(_TOPIC_PREFIX):
            self._findings.error(place, "a list in Redis is no topic: use type stream or qpid")
        return Address(text.removeprefix(_LIST_PREFIX) or name)


def _is_broker(kind: EndPointType, host: str) -> bool:
    """Return whether ``host`` is the URL of a broker."""
    return kind is EndPointType.QPID and host.startswith(BROKER_SCHEMES)
