"""The safe form of each defect of the original gateways that the routing core decides about.

The numbers are those of a list of ten. What the shell has to do with the fifth (a connection that ends while its
packets wait), the sixth (a table printed with each delivery), the seventh (an adapter that stops) and the tenth
(bodies without a limit) is in ``tests/tcelib/runtime``.
"""

from tcelib.gateway.action import SERVE
from tcelib.gateway.config.services import read_services
from tcelib.gateway.verb import Reason, Verb
from tcelib.wire.message import RETURN, RpcMessage
from tests.tcelib.gateway.rig import (
    ONE_WAY,
    SERVER,
    TERMINAL,
    UNKNOWN,
    answer,
    answered,
    body,
    delivered,
    dropped,
    forwarded,
    packet,
    small,
)


def test_1_forwarded_calls_leave_no_table_and_equal_numbers_do_not_meet() -> None:
    router = small(most_waiting=10_000)
    first, second = router.clients.connect("clients"), router.clients.connect("clients")
    source = router.services.source("answers")
    for sequence in range(1_000):
        calls = [forwarded(router.clients.receive(each, packet(SERVER, sequence), 0.0)) for each in (first, second)]
        for client, call in zip((second, first), reversed(calls), strict=True):
            delivered(router.services.receive(source, answer(call)), client)
    assert not first.waiting
    assert not second.waiting


def test_2_an_error_says_whose_it_is_whoever_sends_it() -> None:
    router = small()
    client = router.clients.connect("clients")
    ours = answered(router.clients.receive(client, packet(UNKNOWN, 7, call_id=0x11), 0.0), client)
    assert (ours.ifidx, ours.call_id, ours.user_id) == (UNKNOWN, 0x11, "1")
    call = forwarded(router.clients.receive(client, packet(SERVER, 8), 0.0))
    theirs = answer(call, b"", errcode=6, keeps=("__user_id__",))
    assert delivered(router.services.receive(router.services.source("answers"), theirs), client).errcode == 6


def test_3_answers_that_are_empty_false_or_0_arrive() -> None:
    router = small()
    client = router.clients.connect("clients")
    source = router.services.source("answers")
    for result in (b"", b"\0", b"\0\0\0\0"):
        call = forwarded(router.clients.receive(client, packet(), 0.0))
        assert delivered(router.services.receive(source, answer(call, result)), client).paramstream == result


def test_4_a_client_without_a_user_id_cannot_take_one_and_ids_of_gateways_do_not_meet() -> None:
    ones, others = small(gateway=1), small(gateway=2)
    ids = set()
    for router in (ones, others):
        client = router.clients.connect("clients")
        sent = forwarded(router.clients.receive(client, packet(extra={"__user_id__": "admin"}), 0.0))
        assert RpcMessage.parse(sent).user_id == client.user_id
        ids.add(client.user_id)
    assert len(ids) == 2
    checking = small(checks=True)
    client = checking.clients.connect("clients")
    refused = checking.clients.receive(client, packet(extra={"__user_id__": "admin"}), 0.0)
    assert answered(refused, client).errcode == 103


def test_5_a_connection_that_ends_takes_its_calls_along_and_nothing_else() -> None:
    router = small()
    client, other = router.clients.connect("clients"), router.clients.connect("clients")
    calls = [forwarded(router.clients.receive(each, packet(), 0.0)) for each in (client, other)]
    router.clients.disconnect(client)
    router.clients.disconnect(client)
    source = router.services.source("answers")
    assert dropped(router.services.receive(source, answer(calls[0]))) == "late"
    assert delivered(router.services.receive(source, answer(calls[1])), other)


def test_7_a_client_keeps_its_id_from_call_to_call() -> None:
    router = small()
    client = router.clients.connect("clients")
    sent = [forwarded(router.clients.receive(client, packet(SERVER, number), 0.0)) for number in (1, 2, 3)]
    assert {RpcMessage.parse(each).user_id for each in sent} == {client.user_id}


def test_8_an_answer_is_local_by_bit_15_alone() -> None:
    router = small()
    source = router.services.source("answers")
    for call_id in (0, 1, 0x7FFF):
        assert router.services.receive(source, body(SERVER, 1, RETURN, call_id=call_id))[0] is Verb.SERVE
        late = body(SERVER, 1, RETURN, call_id=call_id | 0x8000)
        assert router.services.receive(source, late)[0] is Verb.DROP


def test_9_interfaces_that_are_alike_in_eight_bits_are_not_taken_for_each_other() -> None:
    router = small()
    router.state.local |= {SERVER + 256}
    client = router.clients.connect("clients")
    call = forwarded(router.clients.receive(client, packet(SERVER), 0.0))
    assert router.clients.receive(client, packet(SERVER + 256), 0.0) is SERVE
    assert answered(router.clients.receive(client, packet(SERVER + 512), 0.0), client).errcode == 4
    source = router.services.source("answers")
    assert dropped(router.services.receive(source, body(SERVER + 256, 7, RETURN, call_id=0x8000))) == "no_route"
    delivered(router.services.receive(source, answer(call)), client)


def test_10_what_leads_nowhere_is_answered_and_counted() -> None:
    router = small()
    client = router.clients.connect("clients")
    assert answered(router.clients.receive(client, packet(UNKNOWN), 0.0), client).errcode == 4
    dropped(router.clients.receive(client, packet(UNKNOWN, 1, ONE_WAY), 0.0))
    push = body(TERMINAL, 1, ONE_WAY, extra={"__user_id__": "77"})
    dropped(router.services.receive(router.services.source("answers"), push))
    assert router.state.refused == {Reason.NO_ROUTE: 1}
    assert router.state.dropped == {Reason.NO_ROUTE: 1, Reason.NOT_HERE: 1}


def test_tls_is_what_a_file_with_keyfile_and_certfile_means() -> None:
    text = b"""<a><InterfaceDef/><EndPoints>
    <ep name="s" type="socket" port="1" keyfile="k.pem" certfile="c.pem"/></EndPoints><servers/></a>"""
    services = read_services(text).model
    assert services is not None
    assert services.endpoints["s"].has_tls
