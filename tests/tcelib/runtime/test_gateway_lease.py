"""Numbers of gateways: no two have the same one at the same time."""

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.runtime.gateway.gateway_lease import GatewayLease
from tcelib.service.inbox import GATEWAY
from tcelib.service.service_lease import REGISTRY
from tests.conftest import unused_port
from tests.until import PATIENCE_SECONDS, until

LEASE_SECONDS = 60.0


class Registry:
    """A real registry, and the gateways that have begun."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.numbers: SimpleQueue[int] = SimpleQueue()
        self._begun: list[GatewayLease] = []

    def leases(self) -> RedisLeases:
        return RedisLeases(plain_client(self.url), REGISTRY)

    def begin(self, *drawn: int) -> GatewayLease:
        """A gateway that draws these numbers, one after the other."""
        draws = iter(drawn)
        lease = GatewayLease(
            self.leases, ("answers",), on_number=self.numbers.put, draw=lambda: next(draws), seconds=LEASE_SECONDS
        )
        lease.start(PATIENCE_SECONDS)
        self._begun.append(lease)
        return lease

    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        with plain_client(self.url) as client:
            holders = RedisLeases(client, REGISTRY).holders(GATEWAY)
        return [(each.registration.name, each.registration.reads) for each in holders]

    def close(self) -> None:
        for lease in self._begun:
            lease.stop()


@pytest.fixture
def registry(redis_url: str) -> Iterator[Registry]:
    registry = Registry(redis_url)
    yield registry
    registry.close()


def test_a_number_that_another_gateway_has_is_not_taken(registry: Registry) -> None:
    assert registry.begin(7).number == 7
    second = registry.begin(7, 7, 8)
    assert (second.number, second.is_held) == (8, True)
    assert registry.told() == [("7", ("answers",)), ("8", ("answers",))]


def test_a_gateway_that_ends_gives_its_number_back(registry: Registry) -> None:
    registry.begin(7).stop()
    assert registry.told() == []
    assert registry.begin(7).is_held


def test_a_gateway_whose_number_another_one_has_taken_meanwhile_takes_another(registry: Registry) -> None:
    first = registry.begin(7, 9)
    with plain_client(registry.url) as client:
        leases = RedisLeases(client, REGISTRY)
        [holder] = leases.holders(GATEWAY)
        leases.leave(holder.number)
        assert registry.begin(7).number == 7
        assert first._thread is not None
        first._thread.exchange(holder.registration)  # its next step, which is due in 20 seconds
        assert registry.numbers.get(timeout=PATIENCE_SECONDS) == 9
    until(lambda: first.is_held, "it has a lease")
    assert sorted(name for name, _ in registry.told()) == ["7", "9"]


def test_a_registry_that_is_away_does_not_hold_up_a_gateway(registry: Registry) -> None:
    registry.url = f"redis://127.0.0.1:{unused_port()}/0"
    lease = registry.begin(7)
    assert (lease.number, lease.is_held) == (7, False)
