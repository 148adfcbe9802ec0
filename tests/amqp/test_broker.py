"""The broker in memory: bounds, redelivery, and its process."""

import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import proton
import pytest
from proton import Link
from proton.utils import BlockingConnection, LinkDetached, SendException

from tcelib.queue.broker.limit import Limits
from tcelib.queue.broker.node import Entry, Kind, NodeError, NodeTable, QueueNode
from tests.amqp.broker_thread import BrokerThread
from tests.conftest import unused_port
from tests.until import until

COMMAND = [sys.executable, "-m", "tcelib.queue.broker"]
STOP_SECONDS = 10.0
SMALL = Limits(nodes=3, connections=4, links=3, message_bytes=50_000, open_seconds=0.3, idle_seconds=2.0)


class Reader:
    """A consumer that keeps what it gets."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.got: list[Entry] = []

    def has_room(self) -> bool:
        return len(self.got) < self.room

    def give(self, entry: Entry) -> None:
        self.got.append(entry)

    @property
    def bodies(self) -> list[bytes]:
        return [entry.payload for entry in self.got]


@pytest.fixture
def broker() -> Iterator[BrokerThread]:
    with BrokerThread() as broker:
        yield broker


def connect(broker: BrokerThread) -> BlockingConnection:
    """A client that is not ours."""
    return BlockingConnection(broker.url, timeout=5, allowed_mechs="ANONYMOUS")


def test_messages_go_to_readers_in_turn_as_long_as_they_have_room() -> None:
    queue = QueueNode("q", Limits())
    one, two = Reader(2), Reader(1)
    queue.join(one)
    queue.join(two)
    for number in range(5):
        queue.put(b"%d" % number)
    assert (one.bodies, two.bodies, queue.waiting) == ([b"0", b"2"], [b"1"], 2)
    queue.leave(two)
    queue.restore(two.got[0], has_failed=True)
    one.room = 9
    queue.hand_over()
    assert one.bodies == [b"0", b"2", b"1", b"3", b"4"]
    assert [entry.failures for entry in one.got] == [0, 0, 1, 0, 0]


def test_a_bound_counts_what_readers_hold() -> None:
    queue = QueueNode("q", Limits(queue_messages=2, queue_bytes=10))
    reader = Reader(9)
    queue.join(reader)
    queue.put(b"123456")
    with pytest.raises(NodeError, match="10 bytes"):
        queue.put(b"12345")
    queue.put(b"1")
    with pytest.raises(NodeError, match="2 messages"):
        queue.put(b"1")
    queue.remove(reader.got[0])
    queue.put(b"12345")


def test_a_subscriber_that_does_not_read_is_ended_and_the_others_go_on() -> None:
    topic = NodeTable(Limits(queue_messages=1)).find("t", Kind.TOPIC)
    ends: list[NodeError] = []
    slow, quick = topic.subscribe(ends.append), topic.subscribe(ends.append)  # type: ignore[union-attr]
    reader = Reader(9)
    quick.join(reader)
    for body in (b"1", b"2"):
        topic.put(body)
        if reader.got:
            quick.remove(reader.got[-1])
    assert reader.bodies == [b"1", b"2"]
    assert slow.waiting == 1
    assert [error.condition for error in ends] == ["amqp:resource-limit-exceeded"]


def test_nodes_that_nobody_uses_make_room_for_others() -> None:
    table = NodeTable(Limits(nodes=2))
    table.find("a", None).put(b"1")
    table.find("b", None)
    table.find("c", None)
    assert [node.name for node in table] == ["a", "c"]
    table.find("c", None).put(b"1")
    with pytest.raises(NodeError, match="there are 2"):
        table.find("d", None)
    for name in ("a\nb", "x" * 300):
        with pytest.raises(NodeError, match="255 printable"):
            table.find(name, None)


def test_parts_of_messages_are_bounded_over_all_clients() -> None:
    table = NodeTable(Limits(parts_bytes=100))
    table.add_parts(60)
    with pytest.raises(NodeError, match="100 bytes at most, of all clients"):
        table.add_parts(60)
    table.add_parts(-120)
    table.add_parts(100)


def test_a_client_that_is_not_ours_sends_receives_and_gives_back(broker: BrokerThread) -> None:
    connection = connect(broker)
    sender, receiver = connection.create_sender("q"), connection.create_receiver("q", credit=1)
    sender.send(proton.Message(body="1"))
    assert receiver.receive().body == "1"
    receiver.release(delivered=True)
    again = receiver.receive()
    assert (again.body, again.delivery_count) == ("1", 0)
    receiver.reject()
    sender.send(proton.Message(body="2"))
    assert receiver.receive().body == "2"
    receiver.accept()
    connection.close()


def test_what_a_client_held_that_went_away_goes_to_another(broker: BrokerThread) -> None:
    connection, other = connect(broker), connect(broker)
    sender = other.create_sender("q")
    for body in ("1", "2", "3"):
        sender.send(proton.Message(body=body))
    assert connection.create_receiver("q", credit=2).receive().body == "1"
    connection.close()
    receiver = other.create_receiver("q", credit=9)
    found = [receiver.receive() for _ in range(3)]
    assert [message.body for message in found] == ["1", "2", "3"]
    assert found[0].delivery_count == 1
    other.close()


def test_a_dynamic_node_is_its_readers_and_goes_with_it(broker: BrokerThread) -> None:
    connection = connect(broker)
    receiver = connection.create_receiver(None, dynamic=True, credit=1)
    address = receiver.link.remote_source.address
    connection.create_sender(address).send(proton.Message(body="answer"))
    assert receiver.receive().body == "answer"
    connection.close()
    assert address not in [node.name for node in broker.server.nodes]


def test_what_is_too_much_is_refused_with_its_bound_and_the_rest_goes_on() -> None:
    with BrokerThread(SMALL) as broker:
        connection = connect(broker)
        senders = [connection.create_sender(f"q{number}") for number in range(3)]
        with pytest.raises(LinkDetached, match="a connection has 3 links at most"):
            connection.create_sender("q4")
        with pytest.raises((LinkDetached, SendException), match="50000 bytes"):
            senders[0].send(proton.Message(body=b"x" * 60_000))
        other = connect(broker)
        other.create_sender("q1").send(proton.Message(body="1"))
        for number in range(2):
            other.create_sender(f"more{number}").send(proton.Message(body="1"))
        third = connect(broker)
        with pytest.raises(LinkDetached, match="there are 3 queues"):
            third.create_sender("one too many")
        third.close()
        connection.close()
        other.close()


def test_a_receiver_that_takes_what_is_settled_is_sent_it_once(broker: BrokerThread) -> None:
    from proton.reactor import AtMostOnce

    connection = connect(broker)
    connection.create_sender("q").send(proton.Message(body="1"))
    receiver = connection.create_receiver("q", credit=1, options=AtMostOnce())
    assert receiver.link.remote_snd_settle_mode == Link.SND_SETTLED
    assert receiver.receive().body == "1"
    connection.close()
    until(lambda: [node.is_idle for node in broker.server.nodes] == [True], "the queue is empty")


def valid_bytes() -> bytes:
    """The first words of a client: SASL, open, begin, attach, flow, a message."""
    from tcelib.queue.address import Address
    from tcelib.queue.amqp.broker_place import Broker
    from tcelib.queue.amqp.live import Live

    class Nowhere:
        recv = sendall = shutdown = close = fileno = lambda *_: 0

    live = Live("fuzz", Broker(), Nowhere())  # type: ignore[arg-type]
    live.inlet(Address("q")).ask(5)
    live.outlet(Address("q"))
    said = b""
    while data := live.output():
        said += data
    return said


def test_no_bytes_end_the_broker_or_stay_in_it() -> None:
    generator, valid = random.Random(17), valid_bytes()
    with BrokerThread(SMALL._replace(nodes=10)) as broker:
        for _ in range(300):
            data = bytearray(valid) if generator.random() < 0.7 else bytearray(generator.randbytes(400))
            for _ in range(generator.randrange(1, 6)):
                data[generator.randrange(len(data))] = generator.randrange(256)
            with socket.create_connection(("127.0.0.1", broker.port)) as sock:
                sock.settimeout(0.05)
                try:
                    for at in range(0, len(data), 97):
                        sock.sendall(data[at : at + 97])
                    sock.recv(65_536)
                except OSError:
                    continue
        connection = connect(broker)
        connection.create_sender("fresh").send(proton.Message(body="1"))
        assert connection.create_receiver("fresh", credit=1).receive().body == "1"
        connection.close()
        assert len(list(broker.server.nodes)) <= 10


def test_a_client_that_never_says_hello_is_dropped() -> None:
    with BrokerThread(SMALL) as broker, socket.create_connection(("127.0.0.1", broker.port)) as sock:
        sock.settimeout(5.0)
        sock.sendall(b"AMQP\x03\x01\x00\x00")
        while sock.recv(4096):
            pass


def test_a_client_too_many_is_dropped_and_the_others_are_served() -> None:
    with BrokerThread(SMALL) as broker:
        connections = [connect(broker) for _ in range(4)]
        with socket.create_connection(("127.0.0.1", broker.port)) as sock:
            sock.settimeout(5.0)
            assert sock.recv(10) == b""
        connections[3].create_sender("q").send(proton.Message(body="1"))
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().partition("127.0.0.1:")[2].partition(";")[0])
    connection = BlockingConnection(f"amqp://127.0.0.1:{port}", timeout=5, allowed_mechs="ANONYMOUS")
    process.send_signal(number)
    rest = process.stdout.read()
    assert process.wait(STOP_SECONDS) == 0
    assert "+ 127.0.0.1" in rest
    assert rest.endswith("= the broker has stopped\n")
    with suppress(proton.ConnectionException):
        connection.close()
    process.stdout.close()


def test_the_process_says_why_it_cannot_begin() -> None:
    port = unused_port()
    with socket.create_server(("127.0.0.1", port)):
        ended = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("The broker cannot begin:")
    told = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert "for examples and tests" in " ".join(told.split())
