"""Redis fails over to a replica that lagged, step by step: two workers, one Redis that is put back to what it was."""

from collections.abc import Iterator

import pytest
import redis

from rtserver.base.queue.port import number_of, order_of
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from tests.service.bus_model import TYPES, Worker

BUS = "{queue:rtserver}:bus"
CLOCKS = pytest.mark.parametrize("behind_ms", [0, 120_000])
KIND = TYPES[0]


class Cluster:
    """A queue, what its workers have handled, and the replica."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.queue = RedisQueue(plain_client(url))
        self.handled: dict[str, dict[str, list[int]]] = {}
        self._replica: dict[bytes, bytes] = {}

    def start(self, name: str) -> Worker:
        handled = self.handled.setdefault(name, {kind: [] for kind in (*TYPES, "c")})
        return Worker(name, self.queue, handled)

    def put(self, *numbers: int) -> None:
        self.queue.put([b'{"type":"%s","src":"t","data":{"number":%d}}' % (KIND.encode(), n) for n in numbers])

    def stop_replication(self, behind_ms: int) -> None:
        """From now on the primary is alone; the ids that it gives are so far ahead of the replica's clock."""
        self._replica = {key: self.client.dump(key) for key in self.client.scan_iter()}
        if behind_ms:
            milliseconds, number = order_of(self.queue.newest_id())
            self.put(-1)
            raw = self.client.lpop("queue:rtserver")
            self.client.xadd(BUS, {"raw": raw}, id=f"{milliseconds + behind_ms}-{number + 1}")

    def fail_over(self) -> None:
        self.client.flushall()
        for key, dump in self._replica.items():
            self.client.restore(key, 0, dump)

    def got(self, name: str) -> list[int]:
        """The numbers that a worker has handled, without the one that moves the clock."""
        return [number for number in self.handled[name][KIND] if number >= 0]


@pytest.fixture
def cluster(redis_url: str) -> Iterator[Cluster]:
    cluster = Cluster(redis_url)
    yield cluster
    cluster.queue.close()
    cluster.client.close()


def idle(*workers: Worker) -> None:
    for worker in (*workers, *workers):
        worker.run_until_idle()


@CLOCKS
def test_workers_that_had_read_all_handle_all_once_and_the_loss_is_counted_once(
    cluster: Cluster, behind_ms: int
) -> None:
    one, two = cluster.start("one"), cluster.start("two")
    cluster.put(*range(10))
    idle(one, two)
    cluster.stop_replication(behind_ms)
    cluster.put(*range(10, 40))
    idle(one, two)
    cluster.fail_over()
    cluster.put(*range(40, 60))
    idle(two, one)
    assert cluster.got("one") == cluster.got("two") == list(range(60))
    assert one.lost + two.lost == 30 + (behind_ms > 0)
    later = cluster.start("later")
    again = cluster.start("one")
    cluster.put(60)
    idle(again, later, two)
    assert cluster.got("one") == cluster.got("two") == list(range(61))
    assert cluster.got("later") == [60]
    assert again.lost == later.lost == 0


@CLOCKS
@pytest.mark.parametrize("first", ["behind", "ahead"])
def test_a_worker_that_had_read_less_counts_what_it_never_saw_whoever_takes_in_first(
    cluster: Cluster, behind_ms: int, first: str
) -> None:
    ahead, behind = cluster.start("ahead"), cluster.start("behind")
    cluster.put(*range(10))
    idle(ahead, behind)
    cluster.stop_replication(behind_ms)
    cluster.put(*range(10, 30))
    idle(ahead, behind)
    cluster.put(*range(30, 40))
    ahead.run_until_idle()
    cluster.fail_over()
    cluster.put(*range(40, 60))
    idle(*((behind, ahead) if first == "behind" else (ahead, behind)))
    assert cluster.got("ahead") == list(range(60))
    assert cluster.got("behind") == [*range(30), *range(40, 60)]
    clock = behind_ms > 0
    if first == "behind":  # it knows of 20, and nobody of the others but who had read them
        assert (behind.lost, ahead.lost) == (20 + clock, 10)
    else:
        assert (behind.lost, ahead.lost) == (10, 30 + clock)


@CLOCKS
def test_a_worker_that_dies_after_the_failover_before_it_saw_it_goes_on_at_the_end(
    cluster: Cluster, behind_ms: int
) -> None:
    one = cluster.start("one")
    cluster.put(*range(10))
    idle(one)
    cluster.stop_replication(behind_ms)
    cluster.put(*range(10, 40))
    for _ in range(50):
        one.move()
        one.read()
        for lane in range(len(one.lanes)):
            one.work(lane)
    cluster.fail_over()
    one.offsets.finish()  # places on the bus that there is no more
    again = cluster.start("one")
    cluster.put(*range(40, 60))
    idle(again)
    assert cluster.got("one") == list(range(60))
    assert again.lost == 0


@CLOCKS
def test_no_id_is_given_twice(cluster: Cluster, behind_ms: int) -> None:
    one = cluster.start("one")
    cluster.put(*range(10))
    idle(one)
    cluster.stop_replication(behind_ms)
    cluster.put(*range(10, 40))
    idle(one)
    old = [entry_id for entry_id, _ in cluster.client.xrange(BUS)]
    cluster.fail_over()
    kept = [entry_id for entry_id, _ in cluster.client.xrange(BUS)]
    cluster.put(*range(40, 60))
    idle(one)
    new = [entry_id for entry_id, _ in cluster.client.xrange(BUS)][len(kept) :]
    assert order_of(new[0].decode()) > order_of(old[-1].decode())
    assert [number_of(entry_id.decode()) for entry_id in new] == [
        number_of(old[-1].decode()) + 1 + place for place in range(20)
    ]


@CLOCKS
def test_a_redis_that_comes_back_empty_is_gone_on_with_by_workers_that_run_and_by_those_that_start(
    cluster: Cluster, behind_ms: int
) -> None:
    one, two = cluster.start("one"), cluster.start("two")
    cluster.put(*range(10))
    idle(one, two)
    cluster.stop_replication(behind_ms)
    idle(one, two)
    cluster.client.flushall()
    cluster.put(*range(10, 20))
    idle(two, one)
    cluster.put(*range(20, 30))
    idle(one, two)
    assert cluster.got("one") == cluster.got("two") == list(range(30))
    cluster.client.flushall()
    cluster.put(*range(30, 40))
    later, again = cluster.start("later"), cluster.start("one")
    idle(later, again)
    assert cluster.got("later") == list(range(30, 40))
    assert cluster.got("one") == list(range(40))
    assert (one.lost, two.lost, later.lost, again.lost) == (0, 0, 0, 0)


def test_a_bus_that_is_gone_alone_is_gone_on_with_by_workers_that_start_whatever_the_clock_says(
    cluster: Cluster,
) -> None:
    one = cluster.start("one")
    cluster.put(*range(10))
    idle(one)
    cluster.stop_replication(120_000)
    idle(one)
    one.offsets.finish()
    cluster.client.delete(BUS)
    again = cluster.start("one")
    cluster.put(*range(10, 20))
    idle(again)
    cluster.put(*range(20, 30))
    idle(again)
    assert cluster.got("one") == list(range(30))
