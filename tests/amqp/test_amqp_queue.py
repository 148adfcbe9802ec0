"""Queues and topics at a broker, beyond the contracts: who waits, what breaks, what comes back."""

import threading
import time
from collections.abc import Callable, Iterator

import proton
import pytest

from tcelib.queue.address import Address, NodeType
from tcelib.queue.amqp.amqp_queue import AmqpQueue
from tcelib.queue.amqp.broker_place import Broker, read_broker
from tcelib.queue.amqp.link import Inlet
from tcelib.queue.amqp.live import Live
from tcelib.queue.amqp.node import AmqpNode, _Taking
from tcelib.queue.amqp.open import open_bare_queue, open_node, open_queue
from tcelib.queue.bare import never
from tcelib.queue.broker.limit import Limits
from tcelib.queue.error import QueueAwayError, QueueRefusedError
from tcelib.queue.message import Message
from tests.amqp.broker_j_process import BrokerJProcess
from tests.amqp.broker_thread import BrokerThread
from tests.amqp.rig import THREADS, AmqpRig, bare, durable, node
from tests.conftest import unused_port
from tests.tcelib.queue.rig import put, taken
from tests.until import until

HEALED_SECONDS = 10.0


@pytest.fixture
def own_broker() -> Iterator[BrokerThread]:
    """One that may be stopped."""
    with BrokerThread() as broker:
        yield broker


def break_off(at: AmqpNode) -> None:
    """Break a connection as a network does: without a word."""
    with at.client.inside() as live:
        assert live is not None
        live.sock.shutdown(2)


def beside(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def is_waiting(at: AmqpNode, reader: str) -> bool:
    return reader in at._waiting


def test_a_reader_that_waits_gets_what_comes(broker_url: str, unused_name: str) -> None:
    reading, writing = bare(broker_url, unused_name), bare(broker_url, unused_name)
    found: list[bytes] = []
    thread = beside(lambda: found.extend(taken(reading, timeout=20.0)))
    put(writing, b"now")
    thread.join()
    assert found == [b"now"]
    reading.close()
    writing.close()


def test_a_waiting_reader_is_woken_and_loses_nothing(broker_url: str, unused_name: str) -> None:
    at = node(broker_url, unused_name)
    queue = AmqpQueue(at)
    at.wake("nobody")
    thread = beside(lambda: taken(queue, "a", 1, 60.0))
    until(lambda: is_waiting(at, "a"), "the reader waits")
    at.wake("a")
    thread.join(5.0)
    assert not thread.is_alive()
    put(queue, b"a")
    assert taken(queue, timeout=5.0) == [b"a"]
    queue.close()


def test_what_came_to_a_reader_that_leaves_and_was_not_taken_counts_no_try(broker_url: str, unused_name: str) -> None:
    leaving, staying = node(broker_url, unused_name), AmqpQueue(node(broker_url, unused_name))
    leaving.client.run(lambda live: live.inlet(leaving.node_address).ask(10) or True, 5.0)
    put(staying, b"1", b"2", b"3")
    with leaving.client.inside() as live:
        assert live is not None
        inlet = live.inlet(leaving.node_address)
        inlet.takers += 1  # so that nothing goes back by itself
    until(lambda: len(inlet.arrived) == 3, "they have come")
    leaving.client.close()
    assert [(each.body, each.tries) for each in staying.take("b", 10, 5.0)] == [(b"1", 1), (b"2", 1), (b"3", 1)]
    staying.close()


def test_a_topic_reaches_every_reader_that_is_there(broker_url: str, unused_name: str) -> None:
    name = f"{unused_name}-broadcast"
    readers = [bare(broker_url, name, NodeType.TOPIC) for _ in range(2)]
    writer = bare(broker_url, name, NodeType.TOPIC)
    put(writer, b"nobody is there")
    assert [taken(reader) for reader in readers] == [[], []]
    put(writer, b"1", b"2")
    assert [taken(reader, count=2, timeout=5.0) for reader in readers] == [[b"1", b"2"]] * 2
    readers[0].close()
    put(writer, b"3")
    assert taken(readers[1], timeout=5.0) == [b"3"]
    for each in (*readers, writer):
        each.close()


def test_what_a_reader_held_when_its_connection_broke_goes_to_others_as_a_further_try(
    broker_url: str, unused_name: str
) -> None:
    rig = AmqpRig(broker_url, unused_name)
    put(rig.queue, b"1", b"2")
    one, two = rig.queue.take("a", 2, 0)
    rig.queue.acknowledge([two.id])
    break_off(rig.queue._node)
    [again] = rig.another().take("b", 9, 5.0)
    assert (again.id, again.body, again.tries) == (one.id, b"1", 2)
    until(lambda: not rig.queue.held("a", 9), "the reader has heard of it")
    assert rig.queue.extend("a", [one.id]) == set()
    assert rig.queue.acknowledge([one.id]) == 0
    rig.close()


def test_what_was_given_back_goes_to_another_connection_without_counting(broker_url: str, unused_name: str) -> None:
    rig = AmqpRig(broker_url, unused_name)
    put(rig.queue, b"1")
    [one] = rig.queue.take("a", 1, 0)
    rig.queue.release("a", [one.id])
    [again] = rig.another().take("b", 1, 5.0)
    assert (again.body, again.tries) == (b"1", 1)
    rig.close()


def test_what_came_for_a_reader_that_went_on_without_it_goes_back(broker_url: str, unused_name: str) -> None:
    rig = AmqpRig(broker_url, unused_name)
    put(rig.queue, b"1")
    at = rig.queue._node
    at.client.run(lambda live: live.inlet(at.node_address).ask(1) or True, 5.0)  # and nobody takes it
    assert taken(rig.another(), "b", 1, HEALED_SECONDS) == [b"1"]
    rig.close()


def test_a_backlog_that_is_longer_than_the_window_of_a_connection_is_read_and_what_follows(
    broker_url: str, unused_name: str
) -> None:
    queue = AmqpQueue(node(broker_url, unused_name))
    put(queue, *[bytes(200)] * 700)
    found: list[bytes] = []
    until(lambda: found.extend(taken(queue, "a", 1_000, 0.1)) or len(found) == 700, "all are read")
    put(queue, b"next")
    assert taken(queue, "a", 1_000, 5.0) == [b"next"]
    queue.close()


def test_a_reader_whose_connection_broke_in_the_middle_of_a_take_reads_from_the_next_one(
    own_broker: BrokerThread,
) -> None:
    at, writing = node(own_broker.url, "q"), AmqpQueue(node(own_broker.url, "q"))
    taking = _Taking(at, "a", 10)
    assert at.client.run(taking.drain, 5.0) == []
    break_off(at)
    until(lambda: at.client._live is None or at.client._live.failure, "it is noticed")
    put(writing, b"1")
    arrived = at.client.run(taking.wait, 5.0)
    assert arrived is not None
    assert len(arrived) == 1
    at.client.close()
    writing.close()


def test_a_connection_whose_broker_does_not_answer_any_more_is_given_up(
    own_broker: BrokerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = node(own_broker.url, "q")
    queue = AmqpQueue(at)
    put(queue, b"1")
    before = at.client._live
    with monkeypatch.context() as silent:
        silent.setattr("tcelib.queue.amqp.node.PATIENCE", 0.2)
        silent.setattr(Inlet, "is_draining", property(lambda _: True))
        with pytest.raises(QueueAwayError, match="has not answered"):
            taken(queue, "a", 1, 0.0)
    until(lambda: taken(queue, "a", 1, 0.1) == [b"1"], "another one works")
    assert at.client._live is not before
    queue.close()


def test_a_connection_that_breaks_costs_one_error(own_broker: BrokerThread) -> None:
    at = node(own_broker.url, "q")
    queue = AmqpQueue(at)
    errors: list[Exception] = []

    def wait() -> None:
        try:
            taken(queue, "a", 1, 60.0)
        except QueueAwayError as error:
            errors.append(error)

    thread = beside(wait)
    until(lambda: is_waiting(at, "a"), "the reader waits")
    break_off(at)
    thread.join()
    assert len(errors) == 1
    put(queue, b"a")
    assert taken(queue, timeout=5.0) == [b"a"]
    queue.close()


def test_while_the_broker_is_away_calls_fail_at_once_and_afterwards_all_works(own_broker: BrokerThread) -> None:
    queue = bare(own_broker.url, "q")
    put(queue, b"1")
    own_broker.stop()
    begun = time.monotonic()
    for act in (lambda: put(queue, b"2"), lambda: taken(queue, timeout=30.0), queue.length):
        with pytest.raises(QueueAwayError, match=r"127\.0\.0\.1"):
            act()
    with pytest.raises(QueueAwayError, match="the next attempt follows in"):
        put(queue, b"2")
    assert time.monotonic() - begun < 5.0
    own_broker.start()

    def is_back() -> bool:
        try:
            put(queue, b"3")
        except QueueAwayError:
            return False
        return True

    until(is_back, "the broker is found again", HEALED_SECONDS)
    assert taken(queue, timeout=5.0) == [b"3"]
    queue.close()


def test_a_broker_that_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("tcelib.queue.amqp.connection.PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = bare(f"amqp://127.0.0.1:{silent.getsockname()[1]}", "q")
        with pytest.raises(QueueAwayError, match="does not answer"):
            put(queue, b"1")
        queue.close()


def test_a_peer_that_speaks_something_else_is_away(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcelib.queue.amqp.connection.PATIENCE", 0.5)
    queue = bare(f"amqp://127.0.0.1:{redis_url.rpartition(':')[2].partition('/')[0]}", "q")
    with pytest.raises(QueueAwayError):
        put(queue, b"1")
    queue.close()


def test_a_node_of_another_kind_is_refused_and_named(own_broker: BrokerThread) -> None:
    queue, topic = bare(own_broker.url, "q"), bare(own_broker.url, "q", NodeType.TOPIC)
    put(queue, b"1")
    for act in (lambda: put(topic, b"2"), lambda: taken(topic)):
        with pytest.raises(QueueRefusedError, match="q is a queue, not a topic"):
            act()
    assert taken(queue) == [b"1"]
    queue.close()
    topic.close()


def test_a_full_queue_and_a_large_message_are_refused_with_the_bound() -> None:
    with BrokerThread(Limits(queue_messages=2, message_bytes=20_000)) as broker:
        queue = bare(broker.url, "q")
        put(queue, b"1", b"2")
        with pytest.raises(QueueRefusedError, match="the queue q is full: it holds 2 messages at most"):
            put(queue, b"3")
        assert taken(queue) == [b"1", b"2"]
        with pytest.raises(QueueRefusedError, match="larger than the 20000 bytes"):
            put(queue, b"x" * 30_000)
        put(queue, b"3")
        assert taken(queue) == [b"3"]
        queue.close()


def test_a_broker_that_has_taken_a_part_leaves_no_certainty_that_nothing_was_put() -> None:
    with BrokerThread(Limits(queue_messages=2)) as broker:
        queue = bare(broker.url, "q")
        with pytest.raises(QueueRefusedError) as caught:
            put(queue, b"1", b"2", b"3")
        assert not caught.value.is_certain
        with pytest.raises(QueueRefusedError) as caught:
            put(queue, b"4")
        assert caught.value.is_certain
        assert taken(queue) == [b"1", b"2"]
        queue.close()


def test_a_message_that_a_connection_broke_off_with_was_perhaps_put(
    own_broker: BrokerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = node(own_broker.url, "q")
    at.send([b"before"])
    flush = at.client._flush

    def break_off_behind(live: Live, *, waits: bool = True) -> None:
        flush(live, waits=waits)
        at.client.give_up("reset")

    monkeypatch.setattr(at.client, "_flush", break_off_behind)
    with pytest.raises(QueueAwayError) as caught:
        at.send([b"perhaps"])
    assert not caught.value.is_certain
    at.client.close()


def test_more_messages_than_the_broker_takes_at_once_arrive_in_order() -> None:
    with BrokerThread(Limits(window=3)) as broker:
        queue = bare(broker.url, "q")
        bodies = [b"%d" % number for number in range(50)]
        put(queue, *bodies)
        assert taken(queue, count=100) == bodies
        queue.close()


def test_the_body_is_one_data_section_behind_durable_id_and_moment(own_broker: BrokerThread) -> None:
    at = node(own_broker.url, "q")
    queue = AmqpQueue(at, now=lambda: 1_700_000_000.0)
    queue.put([Message(b"abc", {"to": "x"}, expires=1_900_000_000.0)])
    [payload] = at.look(5)
    assert payload.endswith(b"\x00\x53\x75\xa0\x03abc")
    message = proton.Message()
    message.decode(payload)
    assert message.durable
    assert (message.creation_time, message.expiry_time) == (1_700_000_000.0, 1_900_000_000.0)
    assert message.properties == {"to": "x"}
    queue.close()


@pytest.mark.parametrize("body", ["text", b"", b"binary"])
def test_bodies_of_other_programs_are_read_if_they_are_bytes_or_text(own_broker: BrokerThread, body: object) -> None:
    at = node(own_broker.url, "q")
    at.send([proton.Message(body=body).encode()])
    queue = AmqpQueue(at)
    assert taken(queue) == [body.encode() if isinstance(body, str) else body]
    queue.close()


def test_what_is_no_message_becomes_a_dead_letter_and_holds_up_nobody(own_broker: BrokerThread) -> None:
    rig = AmqpRig(own_broker.url, "q")
    at = rig.queue._node
    at.send([proton.Message(body=[1, 2]).encode(), b"rubbish"])
    put(rig.queue, b"good")
    assert taken(rig.queue) == [b"good"]
    assert [reason for reason, _, _ in rig.letters()] == ["malformed", "malformed"]
    drops = bare(own_broker.url, "bare")
    AmqpNode(at.client, durable("bare")).send([b"rubbish", proton.Message(body=b"good", inferred=True).encode()])
    assert taken(drops) == [b"good"]
    assert drops.malformed == 1
    drops.close()
    rig.close()


def test_bytes_go_to_and_come_from_a_client_of_amqp_0_10(broker_j: BrokerJProcess, unused_name: str) -> None:
    queue = bare(broker_j.url, unused_name)
    bodies = [bytes(range(256)), b"\x01" + b"x" * 5_000]
    for body in bodies:
        broker_j.send_by_0_10(unused_name, body)
    assert taken(queue, count=2, timeout=5.0) == bodies
    for body in bodies:
        put(queue, body)
        assert broker_j.receive_by_0_10(unused_name) == body
    queue.close()


def test_the_ways_in_open_both_kinds(own_broker: BrokerThread) -> None:
    kept, gone = (
        open_queue(own_broker.url, Address("a"), THREADS),
        open_bare_queue(own_broker.url, Address("a"), THREADS, never),
    )
    put(gone, b"1")
    [one] = kept.take("a", 1, 0)
    assert kept.acknowledge([one.id]) == 1
    kept.close()
    gone.close()


def test_an_url_says_where_the_broker_is_and_who_we_are() -> None:
    assert read_broker("", 0) == Broker("localhost", 5672)
    assert read_broker("amqp://me:p%40ss@host:99") == Broker("host", 99, "me", "p@ss")
    assert "p@ss" not in read_broker("amqp://me:p%40ss@host:99").address
    with pytest.raises(ValueError, match="amqp://host:port"):
        read_broker("http://host")


def test_nobody_listening_is_an_error_of_the_queue() -> None:
    at = open_node(f"amqp://127.0.0.1:{unused_port()}", Address("q"), THREADS)
    with pytest.raises(QueueAwayError, match="refused") as caught:
        at.send([b"x"])
    assert caught.value.is_certain
