"""Who may come in by where they come from, with a clock that the test moves."""

import pytest

from rtserver.base.limit.admission import Gate
from rtserver.base.limit.table import GateLimits, Limit, LimitCounts
from rtserver.base.limit.too_many import TooMany

HERE, THERE = "192.0.2.1", "192.0.2.2"


def refusal(call, *args):
    with pytest.raises(TooMany) as caught:
        call(*args)
    return caught.value.limit, pytest.approx(caught.value.retry_seconds, abs=0.001)


def met(gate):
    return {limit: count for limit, count in gate.counted.counts.items() if count}


def test_without_limits_everybody_comes_in_and_nobody_is_counted():
    gate = Gate()
    for _ in range(10_000):
        gate.check_files(1_000_000)
        gate.admit(HERE, 0.0)
        gate.enter(HERE)
    gate.leave(HERE)
    assert len(gate) == 0
    assert not met(gate)


def test_every_limit_is_counted_from_the_start():
    assert set(LimitCounts().counts) == set(map(str, Limit))


def test_one_address_has_so_many_places_and_others_have_theirs():
    gate = Gate(GateLimits(connections_per_ip=2))
    gate.enter(HERE)
    gate.enter(HERE)
    assert refusal(gate.enter, HERE) == ("connections_per_ip", 30)
    gate.enter(THERE)
    assert met(gate) == {"connections_per_ip": 1}


def test_a_place_that_was_given_back_is_free_and_nothing_is_left_of_those_who_left():
    gate = Gate(GateLimits(connections_per_ip=1))
    for _ in range(3):
        gate.enter(HERE)
        assert len(gate) == 1
        gate.leave(HERE)
    assert len(gate) == 0


def test_a_network_of_ipv6_is_one_address():
    gate = Gate(GateLimits(connections_per_ip=1))
    gate.enter("2001:db8::1")
    assert refusal(gate.enter, "2001:db8::2") == ("connections_per_ip", 30)
    gate.leave("2001:db8::1")
    assert len(gate) == 0


def test_one_address_may_come_so_often():
    gate = Gate(GateLimits(handshakes_per_ip=1))
    for _ in range(10):
        gate.admit(HERE, 50.0)
    assert refusal(gate.admit, HERE, 50.0) == ("handshakes_per_ip", 1)
    gate.admit(THERE, 50.0)
    gate.admit(HERE, 51.0)
    assert met(gate) == {"handshakes_per_ip": 1}


def test_handshakes_of_tls_are_counted_by_themselves():
    gate = Gate(GateLimits(handshakes_per_ip=1))
    for _ in range(10):
        gate.admit_secure(HERE, 50.0)
        gate.admit(HERE, 50.0)
    assert refusal(gate.admit_secure, HERE, 50.0) == ("handshakes_per_ip", 1)
    gate.admit_secure(THERE, 50.0)
    assert met(gate) == {"handshakes_per_ip": 1}


def test_who_has_to_wait_long_is_told_how_long():
    gate = Gate(GateLimits(handshakes_per_ip=0.05))
    gate.admit(HERE, 50.0)
    assert refusal(gate.admit, HERE, 50.5) == ("handshakes_per_ip", 19.5)


def test_all_together_may_come_so_often():
    gate = Gate(GateLimits(handshakes=1))
    for number in range(10):
        gate.admit(f"192.0.2.{number}", 50.0)
    assert refusal(gate.admit, HERE, 50.0) == ("handshakes", 1)
    assert met(gate) == {"handshakes": 1}


def test_who_is_refused_by_his_own_limit_takes_nothing_from_the_others():
    gate = Gate(GateLimits(handshakes_per_ip=1, handshakes=2))
    for _ in range(10):
        gate.admit(HERE, 50.0)
    for _ in range(100):
        refusal(gate.admit, HERE, 50.0)
    for _ in range(10):
        gate.admit(THERE, 50.0)


def test_the_defaults_let_five_thousand_come_back_at_once_from_everywhere():
    gate = Gate(GateLimits(handshakes_per_ip=100, handshakes=2_000))
    for number in range(5_000):
        gate.admit(f"10.0.{number // 250}.{number % 250}", 50.0)


def test_a_full_server_says_why():
    gate = Gate()
    gate.full = "no memory"
    assert refusal(gate.admit, HERE, 0.0) == ("memory", 5)
    assert met(gate) == {"memory": 1}
    gate.full = ""
    gate.admit(HERE, 0.0)


def test_some_files_are_kept():
    gate = Gate(GateLimits(files=100))
    gate.check_files(100)
    assert refusal(gate.check_files, 101) == ("spare_files", 5)
    assert met(gate) == {"spare_files": 1}


def test_an_attacker_with_more_addresses_than_are_kept_fills_no_memory():
    gate = Gate(GateLimits(handshakes_per_ip=1, connections_per_ip=1))
    for number in range(50_000):
        gate.admit(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1", 0.0)
    assert len(gate._by_ip) <= 2 * 16_384
    assert len(gate) == 0


def test_requests_have_a_rate_of_their_own_by_address_and_altogether():
    gate = Gate(GateLimits(requests_per_ip=1, requests=2))
    for _ in range(10):
        gate.admit_request(HERE, 0.0)
    assert refusal(gate.admit_request, HERE, 0.0) == ("requests_per_ip", 1)
    assert refusal(gate.check_requests, HERE, 0.0) == ("requests_per_ip", 1)
    gate.check_requests(THERE, 0.0)
    for _ in range(10):
        gate.admit_request(THERE, 0.0)
    assert refusal(gate.admit_request, "192.0.2.3", 0.0) == ("requests", 0.5)
    gate.admit(HERE, 0.0)
    gate.admit_request(HERE, 1.0)
    gate.check_requests(HERE, 2.0)
    assert met(gate) == {"requests_per_ip": 2, "requests": 1}


def test_a_look_at_the_rate_of_requests_takes_nothing_of_it():
    gate = Gate(GateLimits(requests_per_ip=0.1))
    for _ in range(10):
        gate.check_requests(HERE, 0.0)
    gate.admit_request(HERE, 0.0)
    assert refusal(gate.check_requests, HERE, 0.0) == ("requests_per_ip", 10)
