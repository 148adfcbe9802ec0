"""The site by itself, behind Django's development server, in a process of its own."""

import http.client
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import RedisServer
from tests.demo_database import lay_database
from tests.fork_server import fork

SITE_DIR = Path(__file__).resolve().parents[2] / "site"


@pytest.fixture(scope="module")
def environment(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("RTSITE_", "DJANGO_"))}
    return {
        **variables,
        "PYTHONUNBUFFERED": "1",
        "RTSITE_REDIS_URL": redis_server.url,
        "RTSITE_VAR": str(tmp_path_factory.mktemp("runserver")),
        "RTSITE_WS_URL": "ws://127.0.0.1:8888/rt/",
    }


@pytest.fixture(scope="module")
def port(environment: dict[str, str]) -> Iterator[int]:
    """The port of a development server that says it is ready; the system chose it."""
    lay_database(Path(environment["RTSITE_VAR"]))
    server = fork([SITE_DIR / "manage.py", "runserver", "--noreload", "127.0.0.1:0"], environment)
    ready = next((line for line in server.stdout if "Starting development server at" in line), None)
    assert ready, "the development server ended before it was ready"
    yield urlsplit(ready.split()[-1]).port
    server.terminate()
    server.communicate()


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_login_page_is_served(port: int) -> None:
    status, page = get(port, "/accounts/login/")

    assert status == 200
    assert "csrfmiddlewaretoken" in page


@pytest.mark.parametrize("path", ["css/theme.css", "js/pages/charts.js", "js/rtc/codes.js", "img/favicon.svg"])
def test_the_static_files_are_served(port: int, path: str) -> None:
    assert get(port, f"/static/{path}") == (200, (SITE_DIR / "static" / path).read_text())


def test_the_pages_are_behind_the_login(port: int) -> None:
    assert get(port, "/")[0] == 302
