"""The resolver that asks Sentinels: its rules with Sentinels that are made up, then real ones."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import gevent
import pytest
import redis

from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.panel import REST_SECONDS, Panel
from tcelib.redis.redis_address import Place
from tcelib.redis.redis_connection import RedisClient, Role, plain_client
from tcelib.redis.redis_error import RedisCallError, Trouble
from tcelib.redis.role_pool import RolePool
from tcelib.redis.sentinel import SETTLED_SECONDS, SentinelResolver
from tests.hub_standing import STANDING_SECONDS, longest_standing
from tests.redis_process import RedisProcess
from tests.sentinel_group import NAME, SentinelGroup, SentinelProcess, client_of

OLD, NEW = Place("10.0.0.1", 6379), Place("10.0.0.2", 6379)
Connect = Callable[[str], RedisClient]


class MadeUpSentinel:
    """Stands for the connections to one Sentinel. ``says`` is an address, None, or an error; ``asked`` counts."""

    def __init__(self, says: Place | Exception | None) -> None:
        self.says = says
        self.asked = 0
        self.before_answer: Callable[[], object] = lambda: None

    def take(self) -> "MadeUpSentinel":
        return self

    def give_back(self, connection: object) -> None:
        assert connection is self

    def ask(self, commands: tuple[tuple[str, ...]]) -> list[Any]:
        assert commands == (("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "service"),)
        self.asked += 1
        self.before_answer()
        if isinstance(self.says, redis.ConnectionError):
            raise self.says
        if isinstance(self.says, Place):
            return [[self.says.host.encode(), str(self.says.port).encode()]]
        return [self.says]


class Stage:
    """A resolver between made-up Sentinels, and a clock that the test moves."""

    def __init__(self, *says: Place | Exception | None) -> None:
        self.sentinels = [MadeUpSentinel(each) for each in says]
        self.now = 100.0
        pools = {Place("s", number): sentinel for number, sentinel in enumerate(self.sentinels, 1)}
        panel = Panel(pools, lambda place: cast("RolePool", pools[place]), now=lambda: self.now)
        self.resolver = SentinelResolver("service", panel, now=lambda: self.now)

    @property
    def asked(self) -> list[int]:
        return [sentinel.asked for sentinel in self.sentinels]

    def say(self, *says: Place | Exception | None) -> None:
        for sentinel, each in zip(self.sentinels, says, strict=True):
            sentinel.says = each


def silence() -> redis.ConnectionError:
    return redis.ConnectionError("refused")


def test_as_many_sentinels_are_asked_as_make_a_majority() -> None:
    stage = Stage(NEW, NEW, NEW)
    assert stage.resolver.find() == NEW
    assert stage.asked == [1, 1, 0]


def test_the_address_that_most_name_is_taken_whoever_answers_first() -> None:
    assert Stage(OLD, NEW, NEW).resolver.find() == NEW


def test_an_answer_is_good_for_some_seconds_and_then_asked_for_again() -> None:
    stage = Stage(OLD, OLD, OLD)
    stage.resolver.find()
    stage.say(NEW, NEW, NEW)
    stage.now += SETTLED_SECONDS - 0.1
    assert stage.resolver.find() == OLD
    stage.now += 0.2
    assert stage.resolver.find() == NEW


def test_an_address_that_is_doubted_is_asked_for_at_once() -> None:
    stage = Stage(OLD, OLD, OLD)
    stage.resolver.find()
    stage.say(NEW, NEW, NEW)
    stage.resolver.doubt()
    assert stage.resolver.find() == NEW
    assert stage.resolver.find() == NEW
    assert stage.asked == [2, 2, 0]


def test_a_doubt_that_comes_while_sentinels_are_asked_is_not_forgotten() -> None:
    stage = Stage(OLD)
    stage.sentinels[0].before_answer = stage.resolver.doubt
    assert stage.resolver.find() == OLD
    stage.sentinels[0].before_answer = lambda: None
    stage.say(NEW)
    assert stage.resolver.find() == NEW


def test_of_two_addresses_that_as_many_name_the_doubted_one_is_left_and_the_good_one_kept() -> None:
    stage = Stage(OLD, OLD)
    stage.resolver.find()
    stage.say(OLD, NEW)
    stage.now += SETTLED_SECONDS
    assert stage.resolver.find() == OLD
    stage.resolver.doubt()
    assert stage.resolver.find() == NEW


def test_a_silent_sentinel_is_left_alone_for_a_while() -> None:
    stage = Stage(silence(), NEW, NEW)
    for _ in range(3):
        stage.resolver.doubt()
        assert stage.resolver.find() == NEW
    assert stage.asked == [1, 3, 3]
    stage.say(NEW, NEW, NEW)
    stage.now += REST_SECONDS
    stage.resolver.find()
    assert stage.asked == [2, 4, 3]


def test_silent_sentinels_are_asked_all_the_same_where_no_other_answers() -> None:
    stage = Stage(silence(), silence(), NEW)
    stage.resolver.find()
    stage.say(OLD, silence(), silence())
    stage.resolver.doubt()
    assert stage.resolver.find() == OLD


def test_where_no_sentinel_answers_the_last_address_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(OLD, OLD)
    stage.resolver.find()
    stage.say(silence(), silence())
    for _ in range(3):
        stage.resolver.doubt()
        assert stage.resolver.find() == OLD
    [line] = caplog.messages
    assert line == "! no Sentinel answers, so 10.0.0.1:6379 still counts as the primary: s:1: refused; s:2: refused"
    stage.say(NEW, NEW)
    stage.resolver.doubt()
    assert stage.resolver.find() == NEW


def test_where_none_has_ever_answered_the_error_says_what_each_did() -> None:
    stage = Stage(silence(), None, redis.AuthenticationError("NOAUTH"))
    with pytest.raises(redis.ConnectionError) as caught:
        stage.resolver.find()
    assert str(caught.value) == (
        "no Sentinel names a primary: s:1: refused; s:2 knows no service 'service'; s:3: NOAUTH"
    )


@pytest.fixture
def group(tmp_path: Path) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path, replicas=2) as group:
        yield group


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_after_a_failover_a_write_of_any_role_reaches_the_new_primary_at_the_first_attempt(
    group: SentinelGroup, connect: Connect
) -> None:
    with connect(group.address) as client:
        for role in (Role.COMMANDS, Role.PUBLISHING):
            client.call("SET", "before", role.value, role=role)
        group.fail_over()
        for role in (Role.COMMANDS, Role.PUBLISHING):
            client.call("SET", "after", role.value, role=role)
    with client_of(group.primary) as other:
        assert other.get("after") == b"publishing"


@pytest.mark.soak
def test_a_primary_that_froze_is_left_and_no_sentinel_that_froze_stops_the_hub(group: SentinelGroup) -> None:
    clients = [gevent_client(f"{group.address}?socket_timeout=0.5") for _ in range(3)]
    for client in clients:
        client.call("SET", "before", 1)
    group.wait_synced()
    group.freeze_primary()
    group.sentinels[0].freeze()
    stood = [longest_standing(partial(write_until_done, client)) for client in clients]
    group.sentinels[0].thaw()
    assert [client.call("GET", "before") for client in clients] == [b"1"] * 3
    for client in clients:
        client.close()
    with client_of(group.primary) as other:
        assert other.get("after") == b"1"
    assert min(stood) < STANDING_SECONDS  # all three meet the same; a disk or the host may hold up one


def write_until_done(client: RedisClient) -> None:
    """As producers do: a write that was not answered may be done twice here."""
    while True:
        with suppress(RedisCallError):
            client.call("SET", "after", 1)
            return
        gevent.sleep(0.05)


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_a_service_that_no_sentinel_knows_is_one_clear_line(group: SentinelGroup, connect: Connect) -> None:
    with connect(group.address.replace(f"/{NAME}/", "/nobody/")) as client, pytest.raises(RedisCallError) as caught:
        client.call("PING")
    assert caught.value.trouble is Trouble.AWAY
    assert "no Sentinel names a primary: 127.0.0.1:" in str(caught.value)
    assert str(caught.value).count("knows no service 'nobody'") == 3


def test_where_no_sentinel_listens_the_error_names_each_once(free_port: int) -> None:
    with (
        plain_client(f"redis+sentinel://127.0.0.1:{free_port},[::1]:{free_port}/service") as client,
        pytest.raises(RedisCallError) as caught,
    ):
        client.call("PING")
    assert "\n" not in str(caught.value)
    assert caught.value.reason.count(f"127.0.0.1:{free_port}") == 1


def test_sentinels_with_a_password_are_told_theirs_and_servers_of_data_another(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, "--requirepass", "of data") as node:
        sentinel = SentinelProcess(tmp_path, node.port, password="of sentinels")
        sentinel.start()
        try:
            places = f"127.0.0.1:{sentinel.port}/{NAME}"
            with plain_client(f"redis+sentinel://:of%20data@{places}?sentinel_password=of%20sentinels") as client:
                assert client.call("SET", "a", 1)
            (tmp_path / "password").write_text("of sentinels\n")
            file = f"sentinel_password_file={tmp_path}/password"
            with plain_client(f"redis+sentinel://:of%20data@{places}?{file}") as client:
                assert client.call("GET", "a") == b"1"
            with (
                plain_client(f"redis+sentinel://:of%20data@{places}") as client,
                pytest.raises(RedisCallError, match=r"no Sentinel names a primary: .*Authentication required"),
            ):
                client.call("PING")
        finally:
            sentinel.stop()
