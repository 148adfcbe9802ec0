"""The limit on tries of passwords: the decision alone, and through the site's form."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "site/rtsite/login_limit.py"
spec = importlib.util.spec_from_file_location("login_limit_alone", SOURCE)
assert spec is not None
assert spec.loader is not None
login_limit = importlib.util.module_from_spec(spec)
sys.modules["login_limit_alone"] = login_limit
spec.loader.exec_module(login_limit)  # it needs no Django
TooManyAttempts = login_limit.TooManyAttempts

HERE, THERE = "192.0.2.1", "192.0.2.2"


class StillCache:
    """Django's cache, in which time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.entries: dict[str, tuple[Any, float]] = {}

    def get(self, key: str) -> Any:
        value, until = self.entries.get(key, (None, 0.0))
        return value if until > self.now else None

    def add(self, key: str, value: Any, timeout: float) -> bool:
        is_new = self.get(key) is None
        if is_new:
            self.entries[key] = (value, self.now + timeout)
        return is_new

    def incr(self, key: str, delta: int = 1) -> int:
        if self.get(key) is None:
            raise ValueError(key)
        value, until = self.entries[key]
        self.entries[key] = (value + delta, until)
        return value + delta

    def delete_many(self, keys: list[str]) -> None:
        for key in keys:
            self.entries.pop(key, None)


class Door:
    """A login, and how many seconds it makes one wait."""

    def __init__(self) -> None:
        self.cache = StillCache()
        self.limit = login_limit.LoginLimit(self.cache, lambda: self.cache.now)

    def knock(self, user: str = "demo", address: str = HERE) -> int:
        """0 if the password is looked at, else the seconds to wait."""
        try:
            self.limit.begin(user, address)
        except TooManyAttempts as refusal:
            return int(refusal.seconds)
        return 0

    def knock_often(self, times: int, user: str = "demo", address: str = HERE) -> None:
        """Attempts that are all looked at, with the pauses that they need."""
        for _ in range(times):
            while self.knock(user, address):
                self.cache.now += 1


@pytest.fixture
def door() -> Door:
    return Door()


def test_ten_attempts_are_free_and_then_pauses_double_up_to_a_quarter_of_an_hour(door: Door) -> None:
    assert [door.knock() for _ in range(10)] == [0] * 10
    pauses = []
    for _ in range(14):
        pauses.append(door.knock())
        door.cache.now += pauses[-1]
        assert door.knock() == 0
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_who_knocks_on_during_a_pause_does_not_make_it_longer(door: Door) -> None:
    for _ in range(10):
        door.knock()
    assert [door.knock() for _ in range(100)] == [1] * 100
    door.cache.now += 1
    assert [door.knock(), door.knock()] == [0, 2]


def test_a_right_password_makes_everything_forgotten_at_that_address(door: Door) -> None:
    for _ in range(10):
        door.knock()
    door.cache.now += 1
    assert door.knock() == 0
    door.limit.succeed("demo", HERE)
    assert [door.knock() for _ in range(10)] == [0] * 10


def test_another_user_and_another_address_do_not_wait(door: Door) -> None:
    for _ in range(11):
        door.knock()
    assert door.knock() > 0
    assert (door.knock(user="guest"), door.knock(address=THERE)) == (0, 0)


def test_one_user_is_tried_from_many_addresses_with_pauses_of_a_minute_at_most(door: Door) -> None:
    for number in range(50):
        assert door.knock(address=f"192.0.2.{number}") == 0
    assert door.knock(address="198.51.100.1") == 1
    for number in range(20):
        door.knock_often(1, address=f"203.0.113.{number}")
    assert door.knock(address="198.51.100.1") == 60


def test_one_address_tries_many_users_with_the_same_pauses(door: Door) -> None:
    for number in range(50):
        assert door.knock(user=f"user{number}") == 0
    assert door.knock(user="another") == 1
    assert door.knock(user="another", address=THERE) == 0


def test_who_is_refused_for_one_reason_has_not_used_up_another_turn(door: Door) -> None:
    door.knock_often(12)
    for number in range(37):
        door.knock(address=f"203.0.113.{number}")
    assert door.knock() > 1  # by the pair, while the user from everywhere has one attempt left
    assert door.knock(address=THERE) == 0


def test_people_who_log_in_all_the_time_are_not_counted(door: Door) -> None:
    for _ in range(500):
        assert door.knock() == 0
        door.limit.succeed("demo", HERE)


def test_an_ipv6_network_is_one_address_and_a_mapped_one_is_the_ipv4_one(door: Door) -> None:
    for number in range(50):
        door.knock(user=f"user{number}", address=f"2001:db8::{number:x}")
    assert door.knock(user="another", address="2001:db8::ffff") == 1
    assert door.knock(user="another", address="2001:db8:0:1::1") == 0
    assert list(login_limit._keys("u", "::ffff:192.0.2.1")) == list(login_limit._keys("u", "192.0.2.1"))


def test_a_day_later_nothing_is_known_any_more(door: Door) -> None:
    door.knock_often(15)
    door.cache.now += 24 * 3600
    assert [door.knock() for _ in range(10)] == [0] * 10


def test_names_and_addresses_are_not_kept(door: Door) -> None:
    door.knock(user="demo", address=HERE)
    assert not any("demo" in key or HERE in key for key in door.cache.entries)


# Through the site.


@pytest.fixture
def exhausted(client: Any, queue: Any) -> Iterator[None]:
    """So many attempts at demo from the browser's address that the next pause is ten minutes."""
    from django.core.cache import cache
    from rtsite.login_limit import LoginLimit

    limit = LoginLimit(cache, first_pause=600.0)
    for _ in range(10):
        limit.begin("demo", "127.0.0.1")
    yield
    cache.clear()


@pytest.mark.usefixtures("exhausted")
@pytest.mark.parametrize("password", ["demo", "wrong"])
@pytest.mark.parametrize("name", ["demo", "DEMO"])
def test_while_one_has_to_wait_not_even_the_right_password_is_looked_at(
    client: Any, log_in: Any, name: str, password: str
) -> None:
    answer = log_in(name, password)
    assert answer.status_code == 429
    assert 590 <= int(answer["Retry-After"]) <= 601
    assert "Too many attempts" in answer.content.decode()
    assert "sessionid" not in client.cookies


@pytest.mark.usefixtures("exhausted")
def test_meanwhile_another_user_logs_in(client: Any, log_in: Any) -> None:
    assert log_in("guest").status_code == 302


def test_the_form_counts_what_fails_and_forgets_it_with_what_succeeds(client: Any, log_in: Any, queue: Any) -> None:
    for _ in range(3):
        assert log_in("demo", "wrong").status_code == 200
    [pair] = queue.keys("*login:pair:*")
    assert queue.get(pair) == "3"
    assert log_in("demo").status_code == 302
    assert queue.keys("*login:pair:*") == []
    assert {queue.get(key) for key in queue.keys("*login:*")} == {"3"}
