"""Counts and buckets by key: the contract of both tallies, and what several processes see of each other."""

import random
from collections.abc import Callable
from functools import partial

import pytest

from rtserver.base.limit.shared_tally import SharedTally
from rtserver.base.limit.tally_table import PLACES, Row, TallyColumn, TallyTable, bytes_of
from rtserver.base.wire.client_message import BadMessage
from rtserver.user.user_limits import UserBounds, UserLimits
from tcelib.limit.admission import Admission
from tcelib.limit.pending import PendingConnections
from tcelib.limit.table import AdmissionLimits
from tcelib.limit.tally import LocalTally, Tally
from tcelib.limit.token_bucket import rate_of
from tcelib.limit.too_many import TooMany

COLUMNS = 3
SETS = 64


@pytest.fixture
def table() -> TallyTable:
    memory = bytearray(bytes_of(COLUMNS, SETS))
    TallyTable.begin(memory, COLUMNS, b"sixteen bytes ..", SETS)
    return TallyTable(memory)


@pytest.fixture
def tallies(table: TallyTable) -> list[SharedTally]:
    return [SharedTally(TallyColumn(table, column)) for column in range(COLUMNS)]


@pytest.fixture(params=["local", "shared"])
def tally(request: pytest.FixtureRequest, tallies: list[SharedTally]) -> Tally:
    return LocalTally() if request.param == "local" else tallies[0]


# The contract.


def test_counts_go_up_and_down_by_key(tally: Tally) -> None:
    counts, others = tally.counts("charts"), tally.counts("topics")
    for key in ("ann", "bob", "ann"):
        counts.add(key)
    assert [counts.of(key) for key in ("ann", "bob", "eve")] == [2, 1, 0]
    assert (others.of("ann"), len(counts), len(others)) == (0, 2, 0)
    counts.remove("ann")
    counts.remove("bob")
    assert [counts.of(key) for key in ("ann", "bob")] == [1, 0]
    assert len(counts) == 1
    with pytest.raises(KeyError):
        counts.remove("bob")


def test_buckets_have_a_burst_and_a_rate(tally: Tally) -> None:
    now, buckets = 100.0, tally.buckets("pictures", rate_of(2))
    assert sum(buckets.of("ann", now).take(now) for _ in range(30)) == 20
    assert buckets.of("bob", now).take_some(now, 30) == 20
    assert buckets.of("ann", now).wait(now) == pytest.approx(0.5, abs=0.01)
    assert sum(buckets.of("ann", now + 1.01).take(now + 1.01) for _ in range(30)) == 2


def test_a_single_bucket_may_owe(tally: Tally) -> None:
    bucket = tally.bucket("cpu", rate_of(1), "ann")
    assert bucket.owe(50.0, 4) == 0.0
    assert bucket.left(50.0) == pytest.approx(6, abs=0.01)
    assert bucket.owe(50.0, 10) == pytest.approx(4, abs=0.01)


def test_keys_of_all_kinds_are_told_apart(tally: Tally) -> None:
    counts = tally.counts("users")
    keys = ["", "\0", "7", "7\0", "ключ", "\udc80", "x" * 1000]
    for key in keys:
        counts.add(key)
    assert [counts.of(key) for key in keys] == [1] * len(keys)


# Several processes.


def test_each_process_sees_the_sum_of_all(tallies: list[SharedTally]) -> None:
    counts = [tally.counts("connections") for tally in tallies]
    for number, each in enumerate(counts, 1):
        for _ in range(number):
            each.add("192.0.2.1")
    assert [each.of("192.0.2.1") for each in counts] == [6, 6, 6]
    counts[2].remove("192.0.2.1")
    assert [each.of("192.0.2.1") for each in counts] == [5, 5, 5]


def test_all_take_from_one_bucket(tallies: list[SharedTally]) -> None:
    now = 1000.0
    buckets = [tally.buckets("handshakes", rate_of(1)) for tally in tallies]
    taken = [sum(each.of("192.0.2.1", now).take(now) for each in buckets) for _ in range(5)]
    assert taken == [3, 3, 3, 1, 0]
    assert buckets[1].of("192.0.2.2", now).take(now)


def test_a_process_that_has_ended_counts_no_more(tallies: list[SharedTally], table: TallyTable) -> None:
    dead, alive = tallies[0].counts("connections"), tallies[1].counts("connections")
    for number in range(100):
        dead.add(f"user {number}")
        alive.add(f"user {number}")
    table.wipe(0)
    assert {alive.of(f"user {number}") for number in range(100)} == {1}
    heir = SharedTally(TallyColumn(table, 0)).counts("connections")
    heir.add("user 3")
    assert (alive.of("user 3"), heir.of("user 3")) == (2, 2)


def test_where_there_is_no_place_others_count_too_few_and_never_too_many(tallies: list[SharedTally]) -> None:
    crowded, other = tallies[0].counts("connections"), tallies[1].counts("connections")
    keys = [f"2001:db8::{number:x}/64" for number in range(3 * SETS * PLACES)]
    for key in keys:
        crowded.add(key)
    seen = [other.of(key) for key in keys[::4]]
    assert set(seen) == {0, 1}
    assert {crowded.of(key) for key in keys[::4]} == {1}  # its own limit it keeps in any case
    assert tallies[0].unplaced == len(keys) - SETS * PLACES
    assert tallies[1].unplaced == 0
    for key in keys:
        crowded.remove(key)
    assert {other.of(key) for key in keys[::4]} == {0}
    other.add("192.0.2.1")
    assert crowded.of("192.0.2.1") == 1


def test_buckets_give_their_places_up_for_counts_the_fullest_ones_first(table: TallyTable) -> None:
    column = TallyColumn(table, 0)

    def rows_of_set_0(name: str, number: int, *, is_count: bool) -> list[Row]:
        rows = (column.row(name, str(key), is_count) for key in range(10_000))
        return [row for row in rows if row.set == 0][:number]

    buckets = rows_of_set_0("bucket", PLACES, is_count=False)
    first, *counts = rows_of_set_0("count", PLACES + 1, is_count=True)
    for number, row in enumerate(buckets, 1):
        column.put(row, float(number))
    column.put(first, 77.0)
    assert [column.latest(row) for row in buckets] == [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    for row in counts:
        column.put(row, 5.0)
    assert [column.latest(row) for row in buckets] == [0.0] * PLACES
    assert [column.latest(row) for row in (first, *counts)] == [77.0, *[5.0] * (PLACES - 1), 0.0]
    assert column.unplaced == 1


def test_memory_of_another_version_is_no_table() -> None:
    with pytest.raises(ValueError, match="no tally that this version knows"):
        TallyTable(bytearray(1000))


def test_what_processes_do_in_any_order_adds_up(tallies: list[SharedTally]) -> None:
    luck = random.Random(16)
    counts = [tally.counts("charts") for tally in tallies]
    model: dict[tuple[int, str], int] = {}
    for _ in range(3000):
        process, key = luck.randrange(COLUMNS), str(luck.randrange(40))
        if luck.random() < 0.5 and model.get((process, key), 0):
            counts[process].remove(key)
            model[process, key] -= 1
        else:
            counts[process].add(key)
            model[process, key] = model.get((process, key), 0) + 1
        assert counts[luck.randrange(COLUMNS)].of(key) == sum(model.get((n, key), 0) for n in range(COLUMNS))


# The limits.


def refused(call: Callable[..., object], *args: object) -> str:
    with pytest.raises(TooMany) as caught:
        call(*args)
    return str(caught.value.limit)


def test_limits_by_address_hold_for_all_processes(tallies: list[SharedTally]) -> None:
    here, there = (Admission(AdmissionLimits(connections_per_ip=2), None, tally) for tally in tallies[:2])
    here.admit("192.0.2.1", 0.0)
    there.enter("192.0.2.1")
    assert refused(there.admit, "192.0.2.1", 0.0) == "connections_per_ip"
    there.enter("192.0.2.2")
    here.leave("192.0.2.1")
    there.admit("192.0.2.1", 0.0)


@pytest.mark.parametrize(
    ("limits", "name", "take"),
    [
        (AdmissionLimits(handshakes_per_ip=0.2), "handshakes_per_ip", Admission.admit),
        (AdmissionLimits(handshakes_per_ip=0.2), "handshakes_per_ip", Admission.admit_secure),
        (AdmissionLimits(handshakes=0.2), "handshakes", Admission.admit),
        (AdmissionLimits(requests_per_ip=0.2), "requests_per_ip", Admission.admit_request),
        (AdmissionLimits(requests=0.2), "requests", Admission.admit_request),
    ],
)
def test_rates_hold_for_all_processes(
    tallies: list[SharedTally], limits: AdmissionLimits, name: str, take: Callable[[Admission, str, float], None]
) -> None:
    here, there = (Admission(limits, None, tally) for tally in tallies[:2])
    take(here, "192.0.2.1", 100.0)
    take(there, "192.0.2.1", 100.0)
    for admission in (here, there):
        assert refused(take, admission, "192.0.2.1", 100.0) == name
    take(there, "192.0.2.1", 105.1)
    assert refused(take, here, "192.0.2.1", 105.1) == name


def test_pending_ones_are_bounded_for_all_and_each_process_displaces_its_own(tallies: list[SharedTally]) -> None:
    admissions = [Admission(AdmissionLimits(pending_per_ip=2, pending=3), None, tally) for tally in tallies]
    here, there, idle = (PendingConnections[str](admission, "request") for admission in admissions)
    here.enter("a", "192.0.2.1")
    there.enter("b", "192.0.2.1")
    assert refused(here.enter, "c", "192.0.2.1") == "pending_per_ip"
    here.enter("d", "192.0.2.2")
    assert here.enter("e", "192.0.2.3") == "a"
    assert there.enter("f", "192.0.2.4") == "b"
    assert idle.enter("g", "192.0.2.5") is None  # one beyond the bound: it has none to displace
    assert idle.enter("h", "192.0.2.6") == "g"


def test_limits_of_a_user_hold_for_all_processes(tallies: list[SharedTally]) -> None:
    here, there = (UserLimits(UserBounds(connections=2, pictures=0.1), tally=tally) for tally in tallies[:2])
    for limits in (here, there):
        limits.check_connections("7")
        limits.connections.add("7")
    assert refused(here.check_connections, "7") == "connections_per_user"
    here.check_connections("8")
    there.connections.remove("7")
    here.check_connections("7")


def test_a_users_charts_topics_pictures_and_processor_time_are_bounded_for_all(tallies: list[SharedTally]) -> None:
    now = 100.0
    bounds = UserBounds(charts=1, topics=1, pictures=0.1, cpu=0.1)
    here, there = (
        UserLimits(bounds, None, lambda: now, lambda delay, call: None, lambda: now, tally=tally)
        for tally in tallies[:2]
    )
    there.check_charts("7", 0, 64)
    there.check_topics("7", 0, 64)
    here.charts.add("7")
    here.topics.add("7")
    here.check_picture("7")
    for check in (partial(there.check_charts, "7", 0, 64), partial(there.check_topics, "7", 0, 64)):
        with pytest.raises(BadMessage, match="of this user are open"):
            check()
    with pytest.raises(BadMessage, match="a second are allowed"):
        there.check_picture("7")
    there.check_charts("8", 0, 64)
    there.check_picture("8")
    mine, other = here.share_of("7"), there.share_of("7")
    assert mine is not None
    assert other is not None
    mine.charge(0.9)
    assert there.counted.counts["user_cpu_ms"] == 0
    other.charge(0.2)
    assert there.counted.counts["user_cpu_ms"] == 1
