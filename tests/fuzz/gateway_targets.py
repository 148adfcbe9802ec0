"""Gateways: their files, the addresses of queues in them, and the core that routes messages."""

from pathlib import Path
from typing import Any

from tcelib.gateway.action import Action
from tcelib.gateway.config.finding import Reading, Severity
from tcelib.gateway.config.picture import picture_of, picture_of_queues
from tcelib.gateway.config.queue_file import read_queue_file
from tcelib.gateway.config.services import read_services
from tcelib.gateway.verb import Verb
from tcelib.queue.address import parse_address
from tcelib.queue.error import AddressError
from tcelib.wire.extra_map import pair
from tcelib.wire.message import MESSAGE_BYTES, parse_body
from tests.fuzz.target import Target, always
from tests.tcelib.gateway.rig import body, small

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "docs" / "tce" / "cluster"
SEPARATOR = b"|"


def check(reading: Reading[Any]) -> None:
    """There is a model, or there are errors; every finding has a place."""
    assert (reading.model is None) is any(each.severity is Severity.ERROR for each in reading.findings)
    assert all(min(each.place) >= 1 and str(each).isprintable() for each in reading.findings)


def try_services(data: bytes) -> None:
    """A file is routes that can be drawn, or errors with places."""
    reading = read_services(data)
    check(reading)
    if reading.model is not None:
        assert all(line.isprintable() for line in picture_of(reading.model))


def try_queue_file(data: bytes) -> None:
    """A file is queues that can be drawn, or errors with places."""
    reading = read_queue_file(data)
    check(reading)
    if reading.model is not None:
        assert all(line.isprintable() for line in picture_of_queues(reading.model))


def try_routing(data: bytes) -> None:
    """Any messages of two clients and three sources lead to actions of the right form, and no call waits for ever."""
    router = small(most_waiting=4)
    clients = [router.clients.connect("clients"), router.clients.connect("quiet")]
    router.clients.name(clients[0], "scott")
    for number, message in enumerate(data.split(SEPARATOR)):
        now = number * 0.7
        for client in clients if len(message) >= MESSAGE_BYTES else ():
            check_action(router.clients.receive(client, parse_body(message), now))
        for name in ("answers", "topic", "back"):
            action = router.services.receive(router.services.source(name), message)
            check_action(action)
            if action[1] is not None:
                check_action(router.services.undelivered(action[1], action[3]))
        for action in router.clients.expire(now):
            check_action(action)
    assert all(len(client.waiting) <= 4 for client in clients)
    for action in router.clients.expire(1e9):
        check_action(action)
    assert not any(client.waiting for client in clients)


def check_action(action: Action) -> None:
    """A body goes to the one place that the verb says, and begins with a whole head."""
    verb, client, name, body = action
    assert (client is not None) is (verb in (Verb.DELIVER, Verb.ANSWER))
    assert bool(name) is (verb in (Verb.WRITE, Verb.CALL, Verb.DROP))
    assert (len(body) >= MESSAGE_BYTES) is (verb in (Verb.DELIVER, Verb.ANSWER, Verb.WRITE, Verb.CALL))


def try_address(data: bytes) -> None:
    """A text is an address with a name, or an error with a place in it."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        assert parse_address(text).name
    except AddressError as error:
        assert 0 <= error.at <= len(text)


_SERVICES = (
    (CLUSTER / "services.xml").read_bytes(),
    b'<a><InterfaceDef><if id="1" name="b"/></InterfaceDef><EndPoints/><servers/></a>',
)
_SERVICES_WORDS = (
    b"<", b"/>", b"</", b"&amp;", b"&#0;", b"<!DOCTYPE a>", b"<![CDATA[", b"<?xml ", b"encoding='", b"utf-16",
    b"idna", b"hex", b"{mq-host}", b"{", b"}", b"<ServiceDef/>", b"<route if=''>", b' timeout="',
    b' idempotent="true"', b' errors="silence"', b"stream", b"mq", b"zmq", b"user", b"redis://",
    b"#", b",", b"\xef\xbb\xbf", b"<a>" * 500, b"9" * 30,
)  # fmt: skip
_QUEUES = (
    (CLUSTER / "config.yml").read_bytes(),
    b"common_defs: {endpoints: [&a {name: a, type: mq}, {<<: *a, name: b}]}\nc:\n  endpoint_pairs: []\n",
)
_QUEUES_WORDS = (
    b": ", b"- ", b"\n  ", b"&a ", b"*a", b"<<: *a", b"!!python/object:x ", b"!x ", b"[", b"]", b"{", b"}", b"|\n",
    b">-\n", b"'", b'"', b"? ", b"---\n", b"...\n", b"%YAML 9.9\n", b"~", b"\t", b"\xff\xfe", b"[" * 900,
    b"endpoint_pairs:", b"AF_WRITE",
)  # fmt: skip
_ADDRESSES = (
    b"mq_server;{create:always,node:{type:queue,durable:true}}",
    b"'a/b'/s;{link:{x:[1,-2.5,'y',{}]},mode:browse}",
)
_ADDRESS_WORDS = (
    b";{", b"}", b"[", b"]", b",", b":", b"'", b'"', b"\\", b"/", b"node:", b"type:", b"topic", b"durable:",
    b"create:", b"True", b"None", b"1e9", b"9" * 40, b"[" * 30, b"{a:" * 30, b" ", b"\n", b"\xff",
)  # fmt: skip

_USER = {"__user_id__": "scott"}
_MESSAGES = (
    SEPARATOR.join((body(2, 1, 1), body(2, 1, 2, call_id=0x8001, extra={"__mq_return__": "answers", **_USER}))),
    SEPARATOR.join((body(3, 1, 0x21, extra=_USER), body(3, 2, 1, extra={"__mq_return__": "back", **_USER}))),
    SEPARATOR.join((body(2, 7, 1, extra={"__user_id__": "1", "a": "b"}), body(4, 1, 1), body(9, 9, 1))),
)
_MESSAGE_WORDS = (
    SEPARATOR, pair("__user_id__", "2"), pair("__user_id__", "scott"), pair("__mq_return__", "back"), pair("a", ""),
    b"\0\2\0\0", b"\0\3\0\0", b"\x80\x01", b"\x80\x00", b"\xff\xff\xff\xff", b"\0\0\0\1", b"\1", b"\2", b"\x21",
)  # fmt: skip

GATEWAY_TARGETS = (
    Target("gateway-core", always(try_routing), _MESSAGES, _MESSAGE_WORDS),
    Target("services-xml", always(try_services), _SERVICES, _SERVICES_WORDS, max_bytes=16_384),
    Target("config-yml", always(try_queue_file), _QUEUES, _QUEUES_WORDS, max_bytes=8_192),
    Target("queue-address", always(try_address), _ADDRESSES, _ADDRESS_WORDS),
)
