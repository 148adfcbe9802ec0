"""The original gateway's messages, byte for byte (TCE protocol, sections 6.4 and 8): the same in, the same out."""

import pytest

from tcelib.gateway.client import Client
from tcelib.gateway.router import Router
from tcelib.gateway.verb import Verb
from tcelib.wire.message import CALL, CALL_ID, ENVELOPE_BYTES, Packet, RpcMessage, parse_body
from tcelib.wire.packet import PacketReader, inflate, wrap
from tests.tcelib.gateway.rig import delivered, dropped, example
from tests.tcelib.vectors import VECTORS

CALLS = [name for name in VECTORS if name.startswith("gw.") and "gateway->mq" in name]
SERVERS = {"gw.gateway": ("gwserver", "socket_gateway"), "gw.ws-gateway": ("gwserver_ws", "websocket_gateway")}
RETURNS = {"gw.gateway->client RETURN seq 3": 3, "gw.ws-gateway->tce.js RETURN": 0}
NOT_THEIRS = ("__mq_return__", "__user_id__")


def gateway_of(name: str) -> tuple[Router, Client]:
    server, door = SERVERS[name.partition("->")[0]]
    router = example(server)
    return router, router.clients.connect(door)


def as_the_client_sent_it(body: bytes) -> Packet:
    """The call before the original gateway had it: without bit 15, and without what it added."""
    message = RpcMessage.parse(body)
    message.call_id &= 0x7FFF
    for name in NOT_THEIRS:
        message.extra.props.pop(name)
    return parse_body(message.pack())


def test_there_are_nine_forwarded_calls() -> None:
    assert len(CALLS) == 9


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_written_to_the_queue_as_the_original_wrote_it(name: str) -> None:
    router, client = gateway_of(name)
    packet = as_the_client_sent_it(VECTORS[name].data)
    assert router.clients.receive(client, packet, 0.0) == (Verb.WRITE, None, "mq_server", VECTORS[name].data)


@pytest.mark.parametrize("name", RETURNS)
def test_an_answer_is_delivered_as_the_original_delivered_it(name: str) -> None:
    vector = VECTORS[name]
    body = vector.data[ENVELOPE_BYTES:]
    if vector.is_compressed:
        body = inflate(body, 1_000)
    router, client = gateway_of(name)
    [call] = [
        each for each in CALLS if VECTORS[each].messages[0]["sequence"] == RETURNS[name] and name[:8] == each[:8]
    ]
    router.clients.receive(client, as_the_client_sent_it(VECTORS[call].data), 0.0)
    queue = "mq_gateway" if name.startswith("gw.gateway") else "mq_gateway_ws"
    verb, to, _, sent = router.services.receive(router.services.source(queue), body)
    assert (verb, to, sent) == (Verb.DELIVER, client, body)
    assert vector.is_compressed or wrap(sent) == vector.data


def test_an_answer_whose_call_waits_no_more_is_dropped_where_the_original_delivered_it_late() -> None:
    router, client = gateway_of("gw.gateway->client")
    late = VECTORS["gw.server->mq RETURN void (late)"].data
    source = router.services.source("mq_gateway")
    assert dropped(router.services.receive(source, late)) == "late"
    router.clients.receive(client, as_the_client_sent_it(VECTORS["gw.gateway->mq CALL timeout(2)"].data), 0.0)
    assert router.services.receive(source, late) == (Verb.DELIVER, client, "", late)


@pytest.mark.parametrize("queue", ["mq_gateway", "mq_gateway_broadcast"])
def test_a_push_is_delivered_to_its_user_with_bit_15(queue: str) -> None:
    router, client = gateway_of("gw.gateway->client")
    name = "gw.server->mq CALL|ONEWAY ITerminal.onMessage (reverse push, CALL_USER_ID)"
    body = VECTORS[name].data
    message = delivered(router.services.receive(router.services.source(queue), body), client)
    assert message.call_id == 0x8000
    message.call_id = 0
    assert message.pack() == body


def test_a_push_to_a_page_is_the_bytes_that_the_page_of_the_original_got() -> None:
    router, client = gateway_of("gw.ws-gateway->tce.js")
    vector = VECTORS["gw.ws-gateway->tce.js push"]
    message = RpcMessage.parse(vector.data[ENVELOPE_BYTES:])
    message.call_id = 0
    verb, to, _, sent = router.services.receive(router.services.source("mq_gateway_ws"), message.pack())
    assert (verb, to, wrap(sent)) == (Verb.DELIVER, client, vector.data)


def test_a_call_of_an_unknown_interface_is_refused_where_the_original_was_silent() -> None:
    router, client = gateway_of("gw.gateway->client")
    packets: list[Packet] = []
    PacketReader(1_000, pytest.fail).feed(VECTORS["gw.client CALL BaseServer.datetime"].data, packets)
    [(fields, _)] = packets
    assert (fields[CALL_ID], fields[6] & CALL) == (0, CALL)
    verb, to, _, sent = router.clients.receive(client, packets[0], 0.0)
    error = RpcMessage.parse(sent)
    assert (verb, to) == (Verb.ANSWER, client)
    assert (error.sequence, error.errcode, error.ifidx, error.call_id, error.user_id) == (9, 4, 11, 0, "1")
