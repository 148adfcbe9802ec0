"""Messages to Centrifugo: its configuration, those of a backend, and those of a client."""

import json

from bench.peers.centrifugo_wire import STREAM, batch, configuration, publication
from bench.peers.dialect import CENTRIFUGO


def test_a_batch_publishes_each_message_to_its_channel() -> None:
    request = json.loads(batch([publication(0, '{"a":1}'), publication("7", '"text"')]))
    assert request == {
        "commands": [
            {"publish": {"channel": "t0", "data": {"a": 1}}},
            {"publish": {"channel": "t7", "data": "text"}},
        ]
    }


def test_a_redis_makes_a_consumer_of_its_stream() -> None:
    assert "consumers" not in json.loads(configuration(8000, None))
    (consumer,) = json.loads(configuration(8000, "redis://127.0.0.1:7000/0"))["consumers"]
    assert consumer["redis_stream"]["address"] == "redis://127.0.0.1:7000/0"
    assert consumer["redis_stream"]["streams"] == [STREAM]


def test_a_client_connects_and_subscribes_with_one_message() -> None:
    (message,) = CENTRIFUGO.opening([3, 9])
    assert [json.loads(line) for line in message.splitlines()] == [
        {"id": 1, "connect": {}},
        {"id": 2, "subscribe": {"channel": "t3"}},
        {"id": 3, "subscribe": {"channel": "t9"}},
    ]
    assert CENTRIFUGO.answers([3, 9]) == 2
