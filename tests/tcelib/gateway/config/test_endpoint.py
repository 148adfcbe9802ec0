"""Endpoints of services.xml: kinds, addresses, TLS, and variables in them."""

import pytest

from tcelib.gateway.config.model import EndPoint, EndPointType
from tcelib.queue.address import Address, NodeType
from tests.tcelib.gateway.config.services_text import (
    SOCKET,
    good,
    properties,
    services,
    told,
)


def endpoint(attributes: str, variables: str = "") -> EndPoint:
    return good(services(f'<ep name="e" {attributes}/>', variables=variables)).endpoints["e"]


def complaints_about(attributes: str) -> list[str]:
    return [text.partition(": ")[2] for text in told(services(f'<ep name="e" {attributes}/>'))]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            'type="easymq" address="queue:calls"',
            EndPoint("e", EndPointType.MQ, "", 0, "queue:calls", Address("calls")),
        ),
        ('type="mq" host="redis://r:1/2"', EndPoint("e", EndPointType.MQ, "redis://r:1/2", 0, "", Address("e"))),
        (
            'type="stream" address="c;{node:{type:topic}}"',
            EndPoint("e", EndPointType.STREAM, "", 0, "c;{node:{type:topic}}", Address("c", type=NodeType.TOPIC)),
        ),
        (
            'type="socket" port="1" keyfile="k.pem" certfile="c.pem" compress="0" errors="silence"',
            EndPoint("e", EndPointType.SOCKET, "", 1, "", None, "k.pem", "c.pem", False, True),
        ),
        ('type="websocket" port="0" address="/tce"', EndPoint("e", EndPointType.WEBSOCKET, "", 0, "/tce")),
    ],
)
def test_an_endpoint_is_read(attributes: str, expected: EndPoint) -> None:
    found = endpoint(attributes)
    assert found == EndPoint(**{**fields_of(expected), "number": 1})
    assert found.has_tls is ("certfile" in attributes)


def fields_of(endpoint: EndPoint) -> dict[str, object]:
    return {name: getattr(endpoint, name) for name in EndPoint.__dataclass_fields__}


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ('type="tcp" port="1"', "error: type is one of socket, websocket, qpid, mq, stream, easymq, not 'tcp'"),
        ('type="qpid" port=""', "error: a qpid needs a port"),
        ('type="qpid" port="0"', "error: port 0 is no port of a broker"),
        ('type="socket" port="65536"', "error: port is a number from 0 to 65535, not '65536'"),
        ('type="socket" port="1_0"', "error: port is a number from 0 to 65535, not '1_0'"),
        ('type="socket" port="{p}" host="{h}.x"', "error: host: no variable is called 'h'"),
        ('type="socket" port="1" host="tcp://x"', "error: host is a name or an address, not the URL 'tcp://x'"),
        (
            'type="qpid" port="1" address="e;{create:often}"',
            "error: address: 'e;{create:often}', character 4: create",
        ),
        ('type="qpid" port="1" address="e;{mode:browse}"', "warning: address: the option mode is not read"),
        ('type="stream" address="a b"', "error: address: the name of a queue: 'a b'"),
        ('type="stream" address="a/b"', "error: address: 'b' is a subject, which only qpid has"),
        ('type="mq" address="topic:a"', "error: a list in Redis is no topic: use type stream or qpid"),
        ('type="mq" address="a;{node:{type:topic}}"', "error: a list in Redis is no topic"),
        ('type="socket" port="1" keyfile="k"', "error: a keyfile without a certfile: nothing would be encrypted"),
        (
            'type="mq" certfile="c"',
            "error: TLS with Redis is a host that is a rediss:// URL, not keyfile and certfile",
        ),
        (
            'type="qpid" port="1" keyfile="k" certfile="c"',
            "error: a broker is shown no certificate: certfile is the one",
        ),
        ('type="qpid" host="amqps://h" certfile="c"', "error: a broker's URL says by itself whether TLS is spoken"),
        ('type="qpid" host="https://h" port="1"', "error: host is a name or an address, not the URL 'https://h'"),
        ('type="socket" port="1" compress="yes"', "warning: compress is 0 or 1, not 'yes', which counts as 1"),
        ('type="socket" port="1" errors="none"', "error: errors is answer or silence, not 'none'"),
        (
            "type=\"qpid\" port='1' host=\"amqp://g:g@t/?brokerlist='tcp://h:5672'\"",
            "error: host \"amqp://g:g@t/?brokerlist='tcp://h:5672'\" is for Java's client",
        ),
    ],
)
def test_a_mistake_in_an_endpoint_is_a_sentence(attributes: str, complaint: str) -> None:
    assert any(text.startswith(complaint) for text in complaints_about(attributes)), complaints_about(attributes)


def test_a_broker_may_be_named_by_its_url() -> None:
    found = endpoint('type="qpid" host="amqps://me:secret@host:5671?ssl_ca_certs=/etc/ca.pem"')
    assert (found.host, found.port, found.has_tls) == (
        "amqps://me:secret@host:5671?ssl_ca_certs=/etc/ca.pem",
        0,
        False,
    )


@pytest.mark.parametrize("name", ["a,b", "a#b", "a\u200eb"])
def test_a_name_that_would_break_a_list_is_refused(name: str) -> None:
    assert "is no name" in told(services(f'<ep name="{name}" type="mq"/>'))[0]


def test_a_broken_endpoint_is_told_once_and_not_with_each_reference() -> None:
    data = services('<ep name="s" type="carrier-pigeon"/>', properties(listen="s"))
    assert len(told(data)) == 1


def test_an_endpoint_of_c_plus_plus_may_be_there_but_not_be_used() -> None:
    data = services('<ep name="s" type="auto"/>', properties(listen="s"))
    assert "property listen: endpoint 's' is of a type that only C++ opens" in told(data)[1]


def test_names_are_there_once() -> None:
    found = told(services(SOCKET + SOCKET, interfaces='<if id="1" name="a"/><if id="2" name="a"/>'))
    assert [text.partition("error: ")[2] for text in found] == ["a second interface 'a'", "a second endpoint 's'"]
    two = services().replace(b"</servers>", b'<server name="gw"/></servers>')
    assert [text.partition("error: ")[2] for text in told(two)] == ["a second server 'gw'"]


def test_variables_are_replaced_in_host_port_and_address_only() -> None:
    found = endpoint(
        'type="qpid" host="{h}.{h}" port="{p}" address="{h};{create:always}" certfile="{h}"',
        '<var name="h" value="x"/><var name="p" value="5672"/>',
    )
    assert (found.host, found.port, found.address) == ("x.x", 5672, "x;{create:always}")
    assert found.certfile == "{h}"


def test_a_variable_in_a_variable_is_an_error() -> None:
    data = services(variables='<var name="a" value="{b}"/><var name="b" value="x"/>')
    assert told(data) == ["3:13: error: the value of 'a' has the variable 'b', which is not replaced there"]


def test_a_value_is_never_repeated_without_end() -> None:
    data = services(
        f'<ep name="e" type="socket" port="1" host="{"{v}" * 10_000}"/>',
        variables=f'<var name="v" value="{"x" * 4_000}"/>',
    )
    assert "with its variables longer than 4096 characters" in told(data)[0]
