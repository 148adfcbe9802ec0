"""Admission of connections by their addresses, with a clock that the test moves."""

from collections.abc import Callable

import pytest

from tcelib.limit.admission import Admission
from tcelib.limit.table import AdmissionLimits, DoorLimit, LimitCounts
from tcelib.limit.too_many import TooMany

HERE, THERE = "192.0.2.1", "192.0.2.2"


def refusal(call: Callable[..., object], *args: str | float) -> tuple[str, object]:
    with pytest.raises(TooMany) as caught:
        call(*args)
    return caught.value.limit, pytest.approx(caught.value.retry_seconds, abs=0.001)


def met(admission: Admission) -> dict[str, int]:
    return {limit: count for limit, count in admission.counted.counts.items() if count}


def test_without_limits_everybody_comes_in_and_nobody_is_counted() -> None:
    admission = Admission()
    for _ in range(10_000):
        admission.check_files(1_000_000)
        admission.admit(HERE, 0.0)
        admission.enter(HERE)
    admission.leave(HERE)
    assert len(admission) == 0
    assert not met(admission)


def test_every_limit_is_counted_from_the_start() -> None:
    assert set(LimitCounts().counts) == set(map(str, DoorLimit))


def test_one_address_has_so_many_places_and_others_have_theirs() -> None:
    admission = Admission(AdmissionLimits(connections_per_ip=2))
    admission.enter(HERE)
    admission.enter(HERE)
    assert refusal(admission.enter, HERE) == ("connections_per_ip", 30)
    admission.enter(THERE)
    assert met(admission) == {"connections_per_ip": 1}


def test_a_handshake_that_was_let_through_counts_as_a_connection() -> None:
    admission = Admission(AdmissionLimits(connections_per_ip=1, handshakes_per_ip=1))
    admission.admit(HERE, 0.0)
    assert refusal(admission.admit, HERE, 0.0) == ("connections_per_ip", 30)
    admission.leave(HERE)
    admission.admit(HERE, 0.0)


def test_a_place_that_was_given_back_is_free_and_nothing_is_left_of_those_who_left() -> None:
    admission = Admission(AdmissionLimits(connections_per_ip=1))
    for _ in range(3):
        admission.enter(HERE)
        assert len(admission) == 1
        admission.leave(HERE)
    assert len(admission) == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    admission = Admission(AdmissionLimits(connections_per_ip=1))
    admission.enter("2001:db8::1")
    assert refusal(admission.enter, "2001:db8::2") == ("connections_per_ip", 30)
    admission.leave("2001:db8::1")
    assert len(admission) == 0


def test_one_address_may_come_so_often() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=1))
    for _ in range(10):
        admission.admit(HERE, 50.0)
    assert refusal(admission.admit, HERE, 50.0) == ("handshakes_per_ip", 1)
    admission.admit(THERE, 50.0)
    admission.admit(HERE, 51.0)
    assert met(admission) == {"handshakes_per_ip": 1}


def test_handshakes_of_tls_are_counted_by_themselves() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=1))
    for _ in range(10):
        admission.admit_secure(HERE, 50.0)
        admission.admit(HERE, 50.0)
    assert refusal(admission.admit_secure, HERE, 50.0) == ("handshakes_per_ip", 1)
    admission.admit_secure(THERE, 50.0)
    assert met(admission) == {"handshakes_per_ip": 1}


def test_who_has_to_wait_long_is_told_how_long() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=0.05))
    admission.admit(HERE, 50.0)
    assert refusal(admission.admit, HERE, 50.5) == ("handshakes_per_ip", 19.5)


def test_all_together_may_come_so_often() -> None:
    admission = Admission(AdmissionLimits(handshakes=1))
    for number in range(10):
        admission.admit(f"192.0.2.{number}", 50.0)
    assert refusal(admission.admit, HERE, 50.0) == ("handshakes", 1)
    assert met(admission) == {"handshakes": 1}


def test_who_is_refused_by_his_own_limit_takes_nothing_from_the_others() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=1, handshakes=2))
    for _ in range(10):
        admission.admit(HERE, 50.0)
    for _ in range(100):
        refusal(admission.admit, HERE, 50.0)
    for _ in range(10):
        admission.admit(THERE, 50.0)


def test_the_defaults_let_five_thousand_come_back_at_once_from_everywhere() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=100, handshakes=2_000))
    for number in range(5_000):
        admission.admit(f"10.0.{number // 250}.{number % 250}", 50.0)


def test_a_full_server_says_why() -> None:
    admission = Admission()
    admission.full = "no memory"
    assert refusal(admission.admit, HERE, 0.0) == ("memory", 5)
    assert met(admission) == {"memory": 1}
    admission.full = ""
    admission.admit(HERE, 0.0)


def test_some_files_are_kept() -> None:
    admission = Admission(AdmissionLimits(files=100))
    admission.check_files(100)
    assert refusal(admission.check_files, 101) == ("spare_files", 5)
    assert met(admission) == {"spare_files": 1}


def test_an_attacker_with_more_addresses_than_are_kept_fills_no_memory() -> None:
    admission = Admission(AdmissionLimits(handshakes_per_ip=1, connections_per_ip=1))
    for number in range(50_000):
        address = f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
        admission.admit(address, 0.0)
        admission.leave(address)
    assert len(admission._by_ip) <= 2 * 16_384
    assert len(admission) == 0


def test_requests_have_a_rate_of_their_own_by_address_and_altogether() -> None:
    admission = Admission(AdmissionLimits(requests_per_ip=1, requests=2))
    for _ in range(10):
        admission.admit_request(HERE, 0.0)
    assert refusal(admission.admit_request, HERE, 0.0) == ("requests_per_ip", 1)
    assert refusal(admission.check_requests, HERE, 0.0) == ("requests_per_ip", 1)
    admission.check_requests(THERE, 0.0)
    for _ in range(10):
        admission.admit_request(THERE, 0.0)
    assert refusal(admission.admit_request, "192.0.2.3", 0.0) == ("requests", 0.5)
    admission.admit(HERE, 0.0)
    admission.admit_request(HERE, 1.0)
    admission.check_requests(HERE, 2.0)
    assert met(admission) == {"requests_per_ip": 2, "requests": 1}


def test_a_look_at_the_rate_of_requests_takes_nothing_of_it() -> None:
    admission = Admission(AdmissionLimits(requests_per_ip=0.1))
    for _ in range(10):
        admission.check_requests(HERE, 0.0)
    admission.admit_request(HERE, 0.0)
    assert refusal(admission.check_requests, HERE, 0.0) == ("requests_per_ip", 10)
