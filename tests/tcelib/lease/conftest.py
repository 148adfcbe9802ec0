"""Every registry that there is, for the tests that each must pass."""

from collections.abc import Callable, Iterator

import pytest

from tcelib.redis.redis_connection import plain_client
from tests.tcelib.lease.moved_clock import MovedLeases, MovedMemory, MovedRedis

EXAMPLES = {"memory": 200, "redis": 30}


@pytest.fixture(params=EXAMPLES)
def make_registry(request: pytest.FixtureRequest) -> Iterator[Callable[[], MovedLeases]]:
    """Makes empty registries, one at a time."""
    if request.param == "memory":
        yield MovedMemory
        return
    with plain_client(request.getfixturevalue("redis_url")) as client:
        yield lambda: MovedRedis(client)


@pytest.fixture
def registry(make_registry: Callable[[], MovedLeases]) -> MovedLeases:
    """An empty registry whose clock the test moves."""
    return make_registry()


@pytest.fixture
def example_count(request: pytest.FixtureRequest) -> int:
    """So many plays of a machine: those over a socket take longer."""
    return EXAMPLES[request.node.callspec.params["make_registry"]]
