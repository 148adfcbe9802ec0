"""A part of a message that is rejected: a dead letter of its own, which can be put back, while the rest counts."""

from typing import Any

import pytest

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, DeadLetter
from rtserver.base.queue.signature import Signer
from rtserver.service.message import BadData, Reason, decode, encode
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from tests.service_fakes import Recorder


class Choosy(Recorder):
    """Takes even numbers, and rejects the odd ones of a message together; fails for 13 afterwards."""

    data_type = list[int]

    def __call__(self, src: str, data: Any) -> None:
        odd = [number for number in data if number % 2]
        self.calls += [number for number in data if not number % 2]
        if odd:
            self.reject_part(Reason.BAD_TIME, f"{len(odd)} are odd", odd)
        if 13 in odd:
            raise BadData("13")


class Worker:
    """A lane on a bus that several workers read."""

    def __init__(self, queue: MemoryQueue, signer: Signer) -> None:
        self.queue = queue
        self.signer = signer
        self.handler = Choosy()
        self.dead_letters = DeadLetters(now=lambda: 5.0, signer=signer)
        self.lane = Lane(self.handler, self.dead_letters, signer=signer)
        self.position = START

    def work(self) -> None:
        while self.queue.intake(0).messages:
            pass
        for entry in self.queue.read(self.position, 100, 0):
            self.lane.offer(entry, decode(entry.raw, self.signer, entry_id=entry.id))
            self.position = entry.id
        self.lane.work()
        letters = self.dead_letters.peek(100)
        self.queue.bury(letters)
        self.dead_letters.forget(len(letters))


def dead(queue: MemoryQueue) -> list[DeadLetter]:
    return queue.dead_letters(START, 100)


def test_the_rest_counts_and_the_part_is_a_letter_of_the_same_type_and_sender() -> None:
    worker = Worker(MemoryQueue(), Signer())
    worker.queue.put([encode("number", "feed-1", [1, 2, 3, 4])])

    worker.work()

    assert worker.handler.calls == [2, 4, "flush"]
    (letter,) = dead(worker.queue)
    assert (letter.reason, letter.detail, letter.src) == ("bad_time", "2 are odd", "feed-1")
    assert letter.raw == encode("number", "feed-1", [1, 3])
    assert worker.dead_letters.counts["bad_time"] == 1
    assert (worker.lane.handled, worker.handler.rejected_parts) == (1, [])


def test_of_several_workers_that_reject_it_one_writes_the_letter() -> None:
    queue = MemoryQueue()
    workers = [Worker(queue, Signer()) for _ in range(3)]
    queue.put([encode("number", "feed-1", [1, 2]), encode("number", "feed-1", [3])])

    for worker in workers:
        worker.work()

    assert [letter.raw for letter in dead(queue)] == [encode("number", "feed-1", [n]) for n in (1, 3)]


def test_a_message_that_fails_after_it_is_one_letter_and_the_next_message_inherits_nothing() -> None:
    worker = Worker(MemoryQueue(), Signer())
    worker.queue.put([encode("number", "feed-1", [13]), encode("number", "feed-1", [2])])

    worker.work()

    assert [letter.reason for letter in dead(worker.queue)] == ["bad_data"]


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_letter_that_is_put_back_is_signed_and_read_like_any_message(seconds: float) -> None:
    signer = Signer("secret", seconds=seconds, now=lambda: 1_000.0)
    queue = MemoryQueue(signer=signer, now=lambda: 1_000.0)
    worker = Worker(queue, signer)
    queue.put([encode("number", "feed-1", [1, 2], id="a")])
    worker.work()
    (letter,) = dead(queue)

    assert queue.requeue(letter.id)
    worker.work()

    # It is looked at anew: a number that has not become even is a dead letter once more.
    (again,) = dead(queue)
    assert bytes(decode(again.raw, signer, entry_id="1000000-0").data) == b"[1]"
    assert again.id != letter.id
    assert worker.handler.numbers == [2]
