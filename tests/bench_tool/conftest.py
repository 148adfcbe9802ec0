"""A server to measure, one for all tests of a file: each of them makes its own connections."""

from collections.abc import Iterator

import pytest

from tests.conftest import RedisServer, unused_port
from tests.running_server import RunningServer


@pytest.fixture(scope="module")
def server(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The demo site without its quotes."""
    with RunningServer(redis_server.url, tmp_path_factory.mktemp("var"), unused_port(), "--no-demo-quotes") as server:
        yield server
