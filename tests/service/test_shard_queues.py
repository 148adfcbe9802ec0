"""ShardQueues: where the messages of a producer go, and what becomes of one that several queues share."""

import json
from collections.abc import Sequence

import pytest

from rtserver.base.queue.shard import queue_of
from rtserver.service.message import encode
from rtserver.service.shard_queues import ShardQueues

NAMES = ("queue:rtserver", "queue:rtserver:1", "queue:rtserver:2")
KEYS = [f"DEMO:I{number}" for number in range(30)]


class List:
    """A list in memory."""

    def __init__(self, name: str) -> None:
        self.address = f"redis://{name}"
        self.raws: list[bytes] = []
        self.puts = 0
        self.is_open = True

    def put(self, raws: Sequence[bytes]) -> None:
        self.raws += raws
        self.puts += 1

    def waiting(self) -> int:
        return len(self.raws)

    def close(self) -> None:
        self.is_open = False


class Site:
    def __init__(self, names: Sequence[str] = NAMES) -> None:
        self.lists = {name: List(name) for name in names}
        self.queues = ShardQueues(self.lists)

    def found(self) -> dict[str, list[bytes]]:
        return {name: each.raws for name, each in self.lists.items() if each.raws}


def item(key: str, price: float) -> dict[str, object]:
    return {"quote": key, "info": {"point": [1, price], "volume": 12345678901234567890}}


def test_a_message_of_many_quotes_is_divided_by_their_queues_in_order() -> None:
    site = Site()
    items = [item(key, number) for number in range(3) for key in KEYS]
    site.queues.put([encode("quote", "feed", items, "m-1")])
    assert set(site.found()) == set(NAMES)
    for name, [raw] in site.found().items():
        message = json.loads(raw)
        assert (message["type"], message["src"], message["id"]) == ("quote", "feed", "m-1")
        assert message["data"] == [each for each in items if queue_of(str(each["quote"]), NAMES) == name]


def test_a_message_for_one_queue_stays_as_it_is_byte_for_byte() -> None:
    site = Site()
    raw = b'{ "src":"feed", "type":"quote","data":[{"quote":"DEMO:I1","info":{"point":[1,1.50]}}],"more":1}'
    site.queues.put([raw])
    assert site.found() == {queue_of("DEMO:I1", NAMES): [raw]}


def test_the_order_of_a_key_holds_over_several_messages_of_one_put() -> None:
    site = Site()
    site.queues.put([encode("quote", "feed", [item(key, number)]) for number in range(5) for key in KEYS])
    for name, raws in site.found().items():
        assert site.lists[name].puts == 1
        prices = [json.loads(raw)["data"][0]["info"]["point"][1] for raw in raws]
        assert prices == sorted(prices)


def test_quiet_quotes_are_told_to_their_queues() -> None:
    site = Site()
    site.queues.put([encode("quote_alive", "feed", {"quotes": KEYS})])
    told = {name: json.loads(raws[0])["data"]["quotes"] for name, raws in site.found().items()}
    assert sorted(key for keys in told.values() for key in keys) == sorted(KEYS)
    assert all(queue_of(key, NAMES) == name for name, keys in told.items() for key in keys)


def test_other_messages_go_to_the_queue_of_the_key_that_is_given_or_to_the_first() -> None:
    site = Site()
    notice, order = encode("pushuser", "shop", {"user_id": 1}), encode("order", "shop", {"number": 5})
    site.queues.put([notice])
    site.queues.put([order], "customer 9")
    assert queue_of("customer 9", NAMES) != NAMES[0]
    assert site.found() == {NAMES[0]: [notice], queue_of("customer 9", NAMES): [order]}


@pytest.mark.parametrize("raw", [b"", b"nonsense", b'{"type":"quote"}', b'{"type":"quote","src":"x","data":[{}]}'])
def test_what_no_server_could_read_goes_to_the_first(raw: bytes) -> None:
    site = Site()
    site.queues.put([raw])
    assert site.found() == {NAMES[0]: [raw]}


def test_the_longest_list_counts() -> None:
    site = Site()
    site.lists[NAMES[2]].put([b"1", b"2"])
    assert site.queues.waiting() == 2
    site.queues.close()
    assert not any(each.is_open for each in site.lists.values())
