"""Files of gateways and services, and the addresses of queues in them."""

from pathlib import Path
from typing import Any

from tcelib.gateway.config.finding import Reading, Severity
from tcelib.gateway.config.picture import picture_of, picture_of_queues
from tcelib.gateway.config.queue_file import read_queue_file
from tcelib.gateway.config.services import read_services
from tcelib.queue.address import parse_address
from tcelib.queue.error import AddressError
from tests.fuzz.target import Target, always

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "docs" / "tce" / "cluster"


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

GATEWAY_TARGETS = (
    Target("services-xml", always(try_services), _SERVICES, _SERVICES_WORDS, max_bytes=16_384),
    Target("config-yml", always(try_queue_file), _QUEUES, _QUEUES_WORDS, max_bytes=8_192),
    Target("queue-address", always(try_address), _ADDRESSES, _ADDRESS_WORDS),
)
