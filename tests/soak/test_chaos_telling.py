"""The order of a run's actions, and its verdict at the end."""

import json
from itertools import islice

import pytest

from rtserver.base.queue.signature import Signer
from soak.chaos.__main__ import SEED, read_arguments
from soak.chaos.fault import FAULTS
from soak.chaos.fault_kind import fault_named
from soak.chaos.ledger import Episode, Violation
from soak.chaos.numbered import Kind, Source, mark_of, price, signed
from soak.chaos.plan import plan
from soak.chaos.size import Size
from soak.chaos.span import spans
from soak.chaos.table import Result, Row, draw, progress, report, rows_of
from soak.chaos.track import Wrong
from soak.chaos.whereabouts import describe, find, is_kept, is_once_on_bus

THREE = [("kill", 0.0, 1.0), ("cut", 2.0, 3.0), ("freeze", 5.0, 5.0)]


def test_the_same_seed_gives_the_same_plan() -> None:
    assert list(islice(plan(7, THREE), 9)) == list(islice(plan(7, THREE), 9))
    assert list(islice(plan(7, THREE), 9)) != list(islice(plan(8, THREE), 9))


def test_each_round_breaks_everything_once() -> None:
    names = [drawn.fault for drawn in islice(plan(1, THREE), 30)]
    for begin in range(0, 30, 3):
        assert sorted(names[begin : begin + 3]) == ["cut", "freeze", "kill"]
    assert len({tuple(names[begin : begin + 3]) for begin in range(0, 30, 3)}) > 1


def test_before_and_after_a_fault_there_is_some_calm() -> None:
    for drawn in islice(plan(3, THREE, calm=(0.5, 0.75)), 60):
        assert 0.5 <= drawn.before <= 0.75
        assert 0.5 <= drawn.after <= 0.75


def test_some_faults_meet_visitors_and_some_do_not() -> None:
    assert {drawn.is_visited for drawn in islice(plan(3, THREE), 60)} == {False, True}


def test_a_fault_lasts_as_long_as_it_may() -> None:
    limits = {name: (least, most) for name, least, most in THREE}
    for drawn in islice(plan(3, THREE), 60):
        least, most = limits[drawn.fault]
        assert least <= drawn.seconds <= most


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([4], "4"), ([3, 1, 2, 2], "1-3"), ([1, 2, 4, 6, 7], "1-2, 4, 6-7")]
)
def test_neighbours_are_told_as_a_span(numbers: list[int], text: str) -> None:
    assert spans(numbers) == text


def test_a_pushed_message_names_its_user_and_carries_its_number() -> None:
    message = json.loads(Source(Kind.PUSH, "7").message(3))
    assert message == {
        "type": "pushuser",
        "src": "push:7",
        "id": 3,
        "data": {"user_id": "7", "type": "numbered", "data": {"source": "push:7", "n": 3}},
    }


def test_a_quote_has_its_number_for_a_label() -> None:
    message = json.loads(Source(Kind.QUOTE, "A").message(5))
    assert message["data"] == [{"quote": "CHAOS:A:20130301", "info": {"point": [5, price(5)]}}]


def test_a_handlers_message_has_a_type_of_its_own() -> None:
    assert json.loads(Source(Kind.ONCE).message(1))["type"] == "chaos_once"


def test_a_retry_is_the_same_bytes() -> None:
    source = Source(Kind.EVERY)
    assert source.message(9) == source.message(9)


@pytest.mark.parametrize(
    ("raw", "mark"),
    [
        (Source(Kind.QUOTE, "A").message(5), ("quote:A", 5)),
        (signed(Source(Kind.ONCE).message(6), "a secret of the tests"), ("once", 6)),
        (b'{"type":"numbered","data":{"source":"push:*","n":8},"offset":"1-2"}', ("push:*", 8)),
        (b'{"type":"quote","src":"somebody","data":[]}', None),
        (b"no JSON {", None),
        (b"", None),
        (b'[{"src":"a","id":1}]', None),
    ],
)
def test_a_message_is_known_by_its_mark_wherever_it_lies(raw: bytes, mark: tuple[str, int] | None) -> None:
    assert mark_of(raw) == mark


def test_a_lost_message_is_found_where_it_was_seen_last() -> None:
    source = Source(Kind.PUSH, "7")
    places = {
        "list": [("", source.message(3))],
        "bus": [("5-1", source.message(1)), ("6-2", source.message(2)), ("7-9", b"something else")],
        "user": [("5-1", b'{"type":"numbered","data":{"source":"push:7","n":1}}')],
    }
    found = find([("push:7", number) for number in (1, 2, 3, 4)], places)
    assert found == {
        ("push:7", 1): ["bus 5-1", "user 5-1"],
        ("push:7", 2): ["bus 6-2"],
        ("push:7", 3): ["list"],
        ("push:7", 4): [],
    }


def test_messages_that_lie_in_the_same_places_are_told_together() -> None:
    found = {("a", 1): ["bus 1-1"], ("a", 2): ["bus 2-2"], ("a", 3): ["bus 3-3", "dead 4-0"], ("b", 1): []}
    assert describe(found) == [
        "a #1-2: bus (the first: bus 1-1)",
        "a #3: bus, dead (the first: bus 3-3; dead 4-0)",
        "b #1: nowhere in Redis",
    ]


def told(fault: str, **numbers: float) -> Episode:
    """An episode in which all went well, but for what is said."""
    episode = Episode(fault, sent=10, delivered=10)
    for name, number in numbers.items():
        if name in set(Wrong):
            episode.wrong[Wrong(name)] = int(number)
        else:
            setattr(episode, name, number)
    return episode


def test_the_rows_of_one_fault_are_added_up() -> None:
    episodes = [told("kill", doubled=1, silence=2.0), told("cut", lost=2), told("kill", reordered=3, silence=1.0)]
    assert rows_of(episodes) == [
        Row("cut", 1, 10, 10, lost=2),
        Row("kill", 2, 20, 20, doubled=1, reordered=3, silence=2.0),
        Row("all", 3, 30, 30, doubled=1, lost=2, reordered=3, silence=2.0),
    ]


def test_one_fault_needs_no_sum() -> None:
    assert [row.fault for row in rows_of([told("kill"), told("kill")])] == ["kill"]


def test_all_lines_of_the_table_are_equally_wide() -> None:
    lines = draw([told("kill redis"), told("cut", sent=1_000_000)]).splitlines()
    assert len(lines) == 5
    assert len({len(line) for line in lines}) == 1
    assert len({line.count("|") for line in lines}) == 1


def test_a_good_run_says_so_with_its_seed() -> None:
    result = Result(7, [told("kill")])
    assert result.is_good
    assert "Seed 7: nothing lost, nothing doubled, everything in order." in report(result)


def test_a_bad_run_names_the_number_and_where_it_is() -> None:
    lost = Violation(Wrong.LOST, "page 7.1", "push:7", 12, "kill")
    text = report(Result(7, [told("kill", lost=1)], [lost], places=["push:7 #12: bus"]))
    assert "1 promises broken" in text
    assert "kill: lost: push:7 #12 at page 7.1" in text
    assert "push:7 #12: bus" in text


@pytest.mark.parametrize(
    "result",
    [
        Result(1),
        Result(1, [told("kill")], troubles=["a server has ended"]),
        Result(1, [told("kill")], [Violation(Wrong.DOUBLED, "p", "s", 1, "kill")]),
    ],
)
def test_a_run_that_proves_nothing_is_not_good(result: Result) -> None:
    assert not result.is_good


def test_a_long_list_of_violations_is_cut_short() -> None:
    many = [Violation(Wrong.LOST, f"page {number}", "push:7", 1, "kill") for number in range(100)]
    assert "and 70 more" in report(Result(1, [told("kill")], many))


def test_the_numbers_can_be_kept() -> None:
    result = Result(7, [told("kill", lost=1)], [Violation(Wrong.LOST, "page", "push:7", 1, "kill")])
    kept = json.loads(json.dumps(result.as_json()))
    assert (kept["seed"], kept["is_good"], kept["rows"][0]["lost"]) == (7, False, 1)
    assert kept["violations"][0]["number"] == 1


def test_the_progress_line_says_what_happened() -> None:
    line = progress(12.4, told("kill redis", lost=1, silence=3.25))
    assert "12 s  kill redis" in line
    assert "lost 1" in line


def test_without_options_two_servers_and_everything_of_them_are_broken_for_three_minutes() -> None:
    order, file = read_arguments([])
    fitting = tuple(fault for fault in FAULTS if fault.fits(Size(servers=2)))
    assert (order.seed, order.seconds, order.faults, file) == (SEED, 180.0, fitting, None)
    assert (order.size.servers, order.size.workers, order.size.has_sentinels) == (2, 1, False)


def test_with_workers_one_supervisor_and_all_that_it_does_are_broken() -> None:
    order, _ = read_arguments(["--workers", "4"])
    assert (order.size.servers, order.size.workers) == (1, 4)
    names = {fault.name for fault in order.faults}
    assert {"kill one worker", "freeze one worker", "renew workers", "replace supervisor", "kill servers"} <= names
    assert "hand over" not in names


def test_with_sentinels_redis_fails_over() -> None:
    names = {fault.name for fault in read_arguments(["--sentinels"])[0].faults}
    assert {"fail over", "freeze sentinel", "kill replica", "kill redis", "freeze redis"} <= names
    assert "cut redis" not in names


def test_a_secret_is_made_for_a_run_that_signs() -> None:
    assert read_arguments([])[0].size.secret == ""
    secrets = {read_arguments(["--signed"])[0].size.secret for _ in range(2)}
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= 16


def test_a_signed_message_is_what_servers_verify() -> None:
    raw = Source(Kind.PUSH, "7").message(1)
    assert signed(raw, "0123456789abcdef") == Signer("0123456789abcdef").sign(raw)


def test_faults_can_be_picked_by_name_in_any_spelling() -> None:
    order, _ = read_arguments(["--only", "kill_redis", "--only", "Half-Open Clients"])
    assert order.faults == (fault_named(FAULTS, "kill redis"), fault_named(FAULTS, "half-open clients"))


def test_an_unknown_fault_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(["--only", "earthquake"])
    assert "freeze redis" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "options"), [("kill one worker", ()), ("fail over", ()), ("kill one server", ("--servers", "1"))]
)
def test_a_fault_that_nothing_fits_is_refused(
    fault: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_arguments(["--only", fault, *options])
    assert "need other --servers" in capsys.readouterr().err


def test_messages_that_redis_lost_in_a_failover_are_told_and_break_no_promise() -> None:
    result = Result(7, [told("fail over", forgotten=2)])
    assert result.is_good
    assert "but what Redis itself lost in failovers (2 messages)" in report(result)
    assert "lost by Redis 2" in progress(1.0, result.episodes[0])


@pytest.mark.parametrize(
    ("source", "places", "is_told"),
    [
        ("push:7", [], False),
        ("push:7", ["queue:rtserver"], True),
        ("push:7", ["{queue:rtserver}:intake"], True),
        ("push:7", ["{queue:rtserver}:bus 5-1"], False),
        ("push:7", ["{queue:rtserver}:user:7 5-1"], False),
        ("push:7", ["{queue:rtserver}:bus 5-1", "{queue:rtserver}:user:7 5-1"], True),
        ("once", ["{queue:rtserver}:bus 5-1"], False),
        ("once", ["{queue:rtserver}:bus 5-1", "{queue:rtserver}:once:chaos_once 5-1"], True),
        ("every", ["{queue:rtserver}:bus 5-1"], True),
        ("quote:A", ["{queue:rtserver}:dead 5-1"], False),
    ],
)
def test_redis_has_lost_what_can_come_from_nowhere(source: str, places: list[str], is_told: bool) -> None:
    assert is_kept(source, places) == is_told


def test_a_message_with_two_entries_on_the_bus_was_taken_twice_by_a_server() -> None:
    assert is_once_on_bus(["{queue:rtserver}:bus 5-1", "{queue:rtserver}:user:7 5-1"])
    assert not is_once_on_bus(["{queue:rtserver}:bus 5-1", "{queue:rtserver}:bus 6-1"])
