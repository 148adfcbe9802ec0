"""Measurement of a real server: its counters are those of the load."""

import json

import pytest

from bench.simulate.run import Load
from bench.simulate.watched import backlog_messages, watched
from rtserver.base.queue.shard import queue_of

QUEUES = ("bench", "bench:2")


def test_a_backlog_has_its_messages_on_the_queues_of_their_quotes() -> None:
    found = backlog_messages(Load("backlog", topics=40, quotes=3, backlog=100), 1_000, QUEUES)
    assert {queue: len(messages) for queue, messages in found.items()} == dict.fromkeys(QUEUES, 50)
    for queue, messages in found.items():
        ticks = [tick for message in messages for tick in json.loads(message)["data"]]
        assert len(ticks) == 150
        assert {queue_of(tick["quote"], QUEUES) for tick in ticks} == {queue}
        assert len({tick["quote"] for tick in ticks}) > 10


def test_a_real_server_with_two_queues_is_measured() -> None:
    with watched(1, 2, 0) as server, server.running.clients() as clients:
        clients.connect(2)
        server.running.open_up(clients, [0, 1, 2, 3])
        told = server.run(clients, Load("all", 400, 2, 4, 2), 0, 1.0)
        kept = server.run(clients, Load("backlog", topics=40, backlog=1_000), 1_000, 0.0)
    assert told.shards == 2
    assert told.messages > 0
    assert told.deliveries == pytest.approx(2 * told.messages, rel=0.25)  # some are under way
    assert 0 < told.reads <= told.deliveries
    assert told.turns > 0
    assert 1_000 <= kept.messages < 1_020  # with canaries
    assert 0 < kept.redis_busy < kept.busy < 1
    assert kept.redis_sent > 1_000 * 100
