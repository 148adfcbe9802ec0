"""QuoteShards: each subscription at the center of its quote's queue, and nowhere else."""

from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Unsubscribe
from rtserver.service.quote.quote_shards import QuoteShards
from tests.service.quote.test_quote_center import Desk

OWNERS = {"DEMO:A": "a", "DEMO:B": "b"}


class Shards:
    """Two centers that post to one bridge."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        self.desks = {
            name: Desk(posted=self.posted, queue=name, queue_of=lambda key: OWNERS.get(key, "a")) for name in "ab"
        }
        centers = {name: desk.center for name, desk in self.desks.items()}
        self.service = QuoteShards(centers, lambda key: OWNERS.get(key, "a"))

    def ask(self, request: object, ref: int = 1) -> Message:
        self.service.on_subscribe(Subscribe(1, ref, "quotes", request))
        return self.posted[-1]

    def counts(self) -> tuple[int, int]:
        return self.desks["a"].center.subscribers, self.desks["b"].center.subscribers


def test_a_quote_is_followed_where_its_messages_come() -> None:
    shards = Shards()
    shards.desks["b"].tell("DEMO:B", [1, 7.5])
    answer = shards.ask({"quote": "DEMO:B"})
    assert isinstance(answer, Snapshot)
    assert answer.seq == 1
    assert shards.counts() == (0, 1)


def test_a_ref_that_moves_to_a_quote_of_another_queue_is_given_up_where_it_was() -> None:
    shards = Shards()
    shards.ask({"quote": "DEMO:A"})
    shards.ask({"quote": "DEMO:B"})
    assert shards.counts() == (0, 1)
    shards.ask({"quote": "DEMO:A"})
    assert shards.counts() == (1, 0)


def test_the_end_of_a_subscription_finds_its_center() -> None:
    shards = Shards()
    shards.ask({"quote": "DEMO:A"}, ref=1)
    shards.ask({"quote": "DEMO:B"}, ref=2)
    for ref in (2, 1, 1, 3):
        shards.service.on_unsubscribe(Unsubscribe(1, ref, "quotes"))
    assert shards.counts() == (0, 0)


def test_a_request_without_a_quote_is_refused() -> None:
    shards = Shards()
    for request in ({}, None, {"quote": 5}, ["quote"]):
        assert isinstance(shards.ask(request), Refused)
