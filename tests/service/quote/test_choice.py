"""A server that does not write history takes the quotes that somebody watches there, and no viewer can tell."""

import random

import gevent
import pytest

from rtserver.service.message import encode
from tests.service.quote.hall import Hall, Server, tick

A, B, C = "X:A", "X:B", "X:C"


class Pair:
    """A server that writes and one that chooses, as they are after a first tick of each quote."""

    def __init__(self, secret: str = "") -> None:
        self.hall = hall = Hall(secret)
        self.one, self.other = Server(hall, "one"), Server(hall, "other")
        hall.writer = "one"
        self._pushed = 0
        self.time()
        self.go_on()

    def push(self, quote: str, price: float = 1.0) -> None:
        self.hall.push(quote, self.time(), price)

    def time(self) -> int:
        """A moment of its own around now, by the clock of the queue."""
        self._pushed += 1
        self.hall.push("X:CLOCK", 0)
        return int(self.hall.queue.newest_id().partition("-")[0]) + 10 * self._pushed

    def go_on(self, *, stores: bool = True) -> None:
        for server in (self.one, self.other):
            server.follow()
        if stores:
            for server in (self.one, self.other):
                server.write()
                server.follow()


@pytest.fixture
def pair() -> Pair:
    return Pair()


def ticks_of(server: Server, quote: str, agent: int = 99) -> int:
    """Return how many ticks a viewer who comes now is shown."""
    server.watch(agent, quote)
    server.run_timers()
    seq = server.viewers[agent].seq
    server.leave(agent)
    return seq


def test_what_nobody_watches_is_left_aside_by_all_but_the_writer(pair: Pair) -> None:
    for _ in range(5):
        pair.push(A)
    pair.go_on(stores=False)
    assert pair.one.center.books.get(A)
    assert pair.other.center.books.get(A) is None
    assert (pair.one.left_aside, pair.other.left_aside) == (0, 10)
    assert pair.other.lane.handled > 0


@pytest.mark.parametrize("stored", [0, 2, 5])
def test_a_late_viewer_sees_all_of_it_on_any_server(pair: Pair, stored: int) -> None:
    for number in range(5):
        pair.push(A)
        pair.go_on(stores=number < stored)
    assert ticks_of(pair.one, A) == ticks_of(pair.other, A) == 5


def test_a_viewer_who_comes_back_misses_nothing_of_what_came_meanwhile(pair: Pair) -> None:
    pair.push(A)
    pair.go_on(stores=False)
    assert ticks_of(pair.other, A) == 1
    for stores in (False, True, False):
        pair.push(A)
        pair.go_on(stores=stores)
        assert ticks_of(pair.other, A) == ticks_of(pair.one, A)
    assert ticks_of(pair.other, A) == 4


def test_a_watched_quote_is_followed_and_the_others_of_its_message_are_left_aside(pair: Pair) -> None:
    pair.other.watch(1, A)
    pair.other.run_timers()
    for _ in range(3):
        pair.hall.put(encode("quote", "me", [tick(A, pair.time()), tick(B, pair.time()), tick(A, pair.time())]))
        pair.go_on(stores=False)
    assert pair.other.viewers[1].seq == 6
    assert pair.other.center.books.get(B) is None
    assert ticks_of(pair.other, B) == ticks_of(pair.one, B) == 3


def test_a_message_without_a_route_is_chosen_from_as_well(pair: Pair) -> None:
    def put_as_ever(quote: str) -> None:
        raw = encode("quote", "me", [tick(quote, pair.time())])
        pair.hall.put(raw.replace(b'"to":"%b",' % quote.encode(), b""))

    put_as_ever(A)
    pair.push(A)
    put_as_ever(A)
    pair.go_on(stores=False)
    assert pair.other.center.books.get(A) is None
    assert ticks_of(pair.other, A) == 3


def test_a_message_that_comes_again_counts_once_for_a_late_viewer(pair: Pair) -> None:
    for _ in range(2):
        pair.hall.push(A, pair.time(), id=7)
    pair.go_on(stores=False)
    assert ticks_of(pair.one, A) == ticks_of(pair.other, A) == 1


def test_a_quote_that_is_watched_between_reading_and_handling_misses_nothing(pair: Pair) -> None:
    pair.push(A)
    pair.other.read()
    pair.other.watch(1, A)
    pair.other.run_timers()
    pair.push(A)
    pair.go_on(stores=False)
    assert pair.other.viewers[1].seq == 2


def test_a_quote_that_is_left_between_reading_and_handling_misses_nothing(pair: Pair) -> None:
    pair.other.watch(1, A)
    pair.other.run_timers()
    pair.push(A)
    pair.other.read()
    pair.other.leave(1)
    pair.push(A)
    pair.go_on(stores=False)
    assert ticks_of(pair.other, A) == 2


BAD = [
    b'{"type":"quote","to":"X:A","src":"me","data":[}',
    b'{"type":"quote","to":"X:A","src":"me","data":[{"quote":"X:A"}]}',
    b'{"type":"quote","to":"X:A","src":"me","data":[{"quote":"X:A","info":{"point":[1]}}]}',
    b'{"type":"quote","to":"X:A","src":"me","data":[{"quote":"X:B","info":{"point":[1,2]}}]}',
    b'{"type":"quote","to":"X:A","to":"X:B","src":"me","data":[{"quote":"X:B","info":{"point":[1,2]}}]}',
    b'{"type":"quote","to":"X:A","type":"other","src":"me","data":[{"quote":"X:A","info":{"point":[1,2]}}]}',
    b'{"type":"quote","to":"X:A","src":"me","data":[{"quote":"X:A","info":{"point":[1,2]}}]}',  # long ago
]


@pytest.mark.parametrize("raw", BAD)
@pytest.mark.parametrize("dies", [False, True])
def test_a_bad_message_is_one_dead_letter_whoever_writes_and_whoever_watches(
    pair: Pair, raw: bytes, dies: bool
) -> None:
    pair.push(A)
    pair.go_on()
    before = len(pair.hall.letters())
    pair.hall.put(raw)
    if not dies:
        pair.go_on()
    pair.other.follow()
    assert ticks_of(pair.other, A) == 1
    pair.other.work()
    pair.hall.writer = "other"
    pair.other.write()
    pair.other.follow()
    pair.other.follow()
    assert len(pair.hall.letters()) == before + 1


def test_a_message_that_is_not_signed_is_one_dead_letter_and_counts_for_nobody() -> None:
    pair = Pair("the secret")
    pair.push(A)
    pair.hall.queue._signer.replace("")
    pair.push(A)
    pair.hall.queue._signer.replace("the secret")
    pair.go_on(stores=False)
    assert ticks_of(pair.one, A) == ticks_of(pair.other, A) == 1
    reasons = [letter.reason for letter in pair.hall.letters()]
    assert reasons.count("bad_signature") == len([one for one in reasons if one != "bad_time"])


def test_the_next_writer_stores_what_the_last_one_did_not(pair: Pair) -> None:
    for quote in (A, B, C):
        pair.push(quote)
    pair.go_on()
    pair.other.watch(1, B)
    pair.other.run_timers()
    for quote in (A, B, C, A):
        pair.push(quote)
    pair.go_on(stores=False)
    pair.hall.writer = "other"  # the first one has died
    pair.other.write()
    third = Server(pair.hall, "third")
    third.follow()
    assert [ticks_of(third, quote) for quote in (A, B, C)] == [3, 2, 2]
    third.watch(1, A, 0)
    third.run_timers()
    assert len(third.viewers[1].rows) == 3
    assert pair.other.viewers[1].seq == 2


def test_where_nobody_stores_memory_is_bounded_and_nothing_is_missed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair.other.center.choice.aside, "_most_bytes", 1_000)
    for _ in range(40):
        pair.push(A)
        pair.go_on(stores=False)
    assert pair.other.center.books.get(A) is not None
    assert pair.other.left_aside < 60
    assert ticks_of(pair.other, A) == 40
    for _ in range(3):
        pair.push(A)
        pair.go_on()
    assert pair.other.center.books.get(A) is None
    assert ticks_of(pair.other, A) == 43


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_stored_while_a_viewer_waits_for_the_store_is_not_missed(pair: Pair, is_known: bool) -> None:
    pair.push(A)
    pair.go_on(stores=is_known)
    pair.push(A)
    pair.go_on(stores=False)
    pair.other.watch(1, A)
    # The first call reads the state as it was; then the writer saves, and the other server hears of it.
    pair.hall.meanwhile = [pair.go_on, lambda: None]
    pair.other.run_timers()
    assert not pair.hall.meanwhile
    assert pair.other.viewers[1].seq == 2


@pytest.mark.parametrize("seed", range(12))
def test_viewers_writers_and_lanes_may_come_between_each_other_at_any_wait(seed: int) -> None:
    chance = random.Random(seed)
    hall = Hall(waits=True)
    servers = [Server(hall, "one"), Server(hall, "two"), Server(hall, "three")]
    hall.writer = "one"
    pushed = dict.fromkeys((A, B, C), 0)

    def push() -> None:
        quotes = [chance.choice((A, B, C)) for _ in range(chance.choice((1, 1, 3)))]
        hall.push("X:CLOCK", 0)
        now_ms = int(hall.queue.newest_id().partition("-")[0])
        raw = encode("quote", "me", [tick(quote, now_ms) for quote in quotes])
        if chance.random() < 0.2:
            raw = raw.replace(b'"to":"%b",' % " ".join(dict.fromkeys(quotes)).encode(), b"")
        hall.put(raw)
        for quote in quotes:
            pushed[quote] += 1

    def loop(step: object, times: int) -> None:
        for _ in range(times):
            step()  # type: ignore[operator]
            for _ in range(chance.randrange(4)):
                gevent.sleep(0)

    def view(server: Server) -> None:
        agent = chance.randrange(6)
        if agent in server.viewers and chance.random() < 0.7:
            server.leave(agent)
        elif agent not in server.viewers:
            server.watch(agent, chance.choice((A, B, C)))

    def lead() -> None:
        if chance.random() < 0.1:
            hall.writer = chance.choice(("one", "two", "three", ""))

    loops = [gevent.spawn(loop, push, 150), gevent.spawn(loop, lead, 150)]
    for server in servers:
        loops += [
            gevent.spawn(loop, server.follow, 80),
            gevent.spawn(loop, server.write, 60),
            gevent.spawn(loop, lambda server=server: view(server), 80),
            gevent.spawn(loop, server.run_timers, 100),
        ]
    gevent.joinall(loops, raise_error=True)
    for server in servers:
        server.follow()
        server.run_timers()
    for server in servers:
        for viewer in server.viewers.values():
            assert viewer.seq == pushed[viewer.topic.split("/")[1]]
        assert [ticks_of(server, quote) for quote in (A, B, C)] == list(pushed.values())
    assert sum(server.left_aside for server in servers) > 50
