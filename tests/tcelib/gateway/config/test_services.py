"""services.xml is read in both dialects, and everything that is wrong with it is told at once, with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcelib.gateway.config.element import MOST_BYTES, MOST_ELEMENTS
from tcelib.gateway.config.finding import MOST_FINDINGS, Severity
from tcelib.gateway.config.model import EndPoint, EndPointType, Hop, Route, Server
from tcelib.gateway.config.services import read_services
from tcelib.queue.address import Address, Create, NodeType
from tests.tcelib.gateway.config.services_text import (
    EXAMPLE,
    QUEUE,
    SOCKET,
    good,
    route,
    services,
    told,
)


def test_the_example_of_the_documents_is_read_without_a_word() -> None:
    reading = read_services((EXAMPLE / "services.xml").read_bytes())
    assert (reading.findings, reading.model is not None) == ((), True)
    found = reading.model
    assert found is not None
    assert dict(found.interfaces) == {
        "test.BaseServer": 0,
        "test.ITerminalGatewayServer": 1,
        "test.Server": 2,
        "test.ITerminal": 3,
    }
    assert found.endpoints["socket_gateway"] == EndPoint(
        "socket_gateway", EndPointType.SOCKET, "localhost", 12002, number=2
    )
    text = "mq_server;{create:always,node:{type:queue,durable:true}}"
    node = Address("mq_server", durable=True, create=Create.ALWAYS)
    assert found.endpoints["mq_server"] == EndPoint(
        "mq_server", EndPointType.QPID, "localhost", 5672, text, node, number=5
    )
    topic = found.endpoints["mq_gateway_broadcast"].node
    assert topic is not None
    assert topic.type is NodeType.TOPIC
    assert found.servers["gwserver"] == Server(
        "gwserver",
        (
            Route("test.Server", 2, (Hop("socket_gateway", "mq_server"),), (Hop("mq_gateway", "socket_gateway"),)),
            Route(
                "test.ITerminal",
                3,
                (Hop("mq_gateway_broadcast", "socket_gateway"), Hop("mq_gateway", "socket_gateway")),
            ),
        ),
        ("mq_gateway_broadcast",),
        ("mq_user_event_listener",),
        {
            "userid_check": "false",
            "listen": "socket_gateway,mq_gateway,mq_gateway_broadcast",
            "loopback": "mq_server#mq_gateway",
        },
        ("socket_gateway", "mq_gateway", "mq_gateway_broadcast"),
        {"mq_server": "mq_gateway"},
        checks_user_ids=False,
    )
    assert found.servers["gwserver"].reads == ("socket_gateway", "mq_gateway", "mq_gateway_broadcast")
    assert found.servers["gwserver"].writes == ("mq_server", "socket_gateway", "mq_user_event_listener")


def test_a_file_of_the_gateway_in_c_plus_plus_is_read_and_checks_user_ids() -> None:
    data = services(
        f'{SOCKET}{QUEUE}<ep name="u" type="user" host="" address="" port=""/>',
        more='<ServiceDef><service id="1" name="gws" mq_pattern="mq_%d"><interfaces><if name="test.Server"/>'
        "</interfaces></service></ServiceDef>\n",
    ).replace(b'<server name="gw">', b'<server id="1" type="gws" name="gw">')
    data = data.replace(b"<VariantDef></VariantDef>", b"")
    reading = read_services(data)
    assert [str(finding) for finding in reading.findings] == [
        "4:90: warning: type 'user' is of gateways in C++: nothing here opens 'u'",
        "5:10: warning: no userid_check, which is true in files with <ServiceDef>: clients need a user id",
    ]
    assert reading.model is not None
    assert reading.model.servers["gw"].checks_user_ids


def test_all_mistakes_are_told_at_once() -> None:
    data = services(
        '<ep name="s" type="socket"/><ep name="z" type="zmq" port="1"/><ep type="mq"/>',
        route('<call in="s" out="x"/>', 'timeout="soon"') + '<route if="test.Other"/><extra_mqs ins="a, b"/>',
        interfaces='<if name="test.Server"/>',
    )
    assert told(data) == [
        "2:15: error: <if> has no id",
        "4:12: error: a socket needs a port",
        "4:40: error: zmq cannot be opened: use stream (Redis streams), mq (a list in Redis) or qpid (AMQP 1.0)",
        "4:74: error: <ep> has no name",
        "5:10: warning: 's' takes calls, but is not in the property listen",
        "5:28: error: timeout is more than 0 and at most 86400 seconds, not 'soon'",
        "5:67: error: out of <call>: no endpoint is called 'x'",
        "5:97: error: no interface is called 'test.Other'",
        "5:121: error: ins of <extra_mqs>: no endpoint is called 'a'",
        "5:121: error: ins of <extra_mqs>: no endpoint is called 'b'",
    ]


def test_unknown_elements_and_attributes_are_warnings_and_what_is_inside_is_read() -> None:
    data = services('<group><ep name="e" type="socket" port="1" color="red"/></group>')
    assert told(data) == [
        "4:12: warning: unknown element <group> in <EndPoints>",
        "4:19: warning: unknown attribute color of <ep>",
    ]
    assert "e" in good(data).endpoints


def test_a_section_that_is_needed_is_missed() -> None:
    assert told(b"<any/>") == [
        "1:1: error: <any> has no <EndPoints>",
        "1:1: error: <any> has no <InterfaceDef>",
        "1:1: error: <any> has no <servers>",
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "1:1: error: no XML: no element found"),
        (b"<a>\n  <b></a>", "2:8: error: no XML: mismatched tag"),
        (
            b'<!DOCTYPE a [<!ENTITY x "y">]>\n<a/>',
            "1:13: error: document type declarations (<!DOCTYPE>) are refused",
        ),
        (
            b'<?xml version="1.0" encoding="no-such"?><a/>',
            "1:1: error: an encoding that cannot be read: 'unknown encoding: no-such'",
        ),
        (b'<?xml version="1.0" encoding="gb2312"?><a/>', "1:1: error: an encoding that cannot be read: "),
        (b"<a>" + b"<b/>" * MOST_ELEMENTS + b"</a>", f"error: more than {MOST_ELEMENTS} elements"),
        (b" " * (MOST_BYTES + 1), f"1:1: error: {MOST_BYTES + 1} bytes; at most {MOST_BYTES} are read"),
    ],
    ids=["empty", "cut", "doctype", "unknown", "multi-byte", "many", "long"],
)
def test_what_is_no_document_is_one_error_with_a_place(data: bytes, text: str) -> None:
    found = told(data)
    assert len(found) == 1
    assert text in found[0]


def test_endless_findings_are_counted() -> None:
    found = read_services(services("<x/>" * (MOST_FINDINGS + 5) + '<ep name="e" type="mq"/>')).findings
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].text == "and 5 findings more"


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reading = read_services(data)
    assert (reading.model is None) is any(each.severity is Severity.ERROR for each in reading.findings)


PIECES = st.sampled_from(
    [
        *("<SNS>", "</SNS>", "<InterfaceDef>", "</InterfaceDef>", "<EndPoints>", "</EndPoints>", "<servers>"),
        *("</servers>", "<VariantDef>", "</VariantDef>", "</server>", "</route>", "<properties>", "</properties>"),
        *('<if id="1" name="a"/>', '<var name="v" value="{v}"/>', '<ep name="{v}" type="mq" address="a;{b:"/>'),
        *('<ep name="s" type="socket" port="{v}"/>', '<server name="g">', '<route if="a">', '<call in="s" out="s"/>'),
        *('<return in="s" out=""/>', '<extra_mqs ins=",s,"/>', '<property name="listen" value="s,"/>'),
    ]
)


@given(st.lists(PIECES, max_size=40))
def test_any_order_of_pieces_is_read_or_refused(pieces: list[str]) -> None:
    reading = read_services("".join(pieces).encode())
    assert (reading.model is None) is any(each.severity is Severity.ERROR for each in reading.findings)
    assert all(each.place.line >= 1 and each.place.column >= 1 for each in reading.findings)
