"""A server to measure, one for all tests of a file: each of them makes its own connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.demo_site import run_lines
from tests.running_server import RunningServer


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the site keeps its secret key and its users."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def server(module_redis_url: str, var_dir: Path) -> Iterator[RunningServer]:
    """The demo site without its quotes."""
    with RunningServer(module_redis_url, var_dir, unused_port(), "--no-demo-quotes") as server:
        yield server


@pytest.fixture(scope="module")
def signed_token(server: RunningServer, var_dir: Path) -> str:
    """A token of the user demo, as the site makes it."""
    script = (
        "from django.contrib.auth.models import User; from rtserver.user.session.token import make_token;"
        "print(make_token(User.objects.get(username='demo')))"
    )
    return run_lines(var_dir, server.redis_url, script).strip()
