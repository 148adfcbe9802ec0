"""Fixtures of the demo site's tests: Django on its real settings, a real Redis, and a browser without a window."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import redis

from tests import django_environment
from tests.conftest import RedisServer

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

PASSWORDS = {"demo": "demo", "guest": "guest"}


@pytest.fixture(scope="session")
def django_site(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django is set up in this process, with users and a database."""
    django_environment.configure(redis_server.url, tmp_path_factory.mktemp("site"))


@pytest.fixture
def queue(django_site: None, redis_url: str) -> Iterator[redis.Redis]:
    """A connection to the Redis of the site, which is empty when the test begins."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as connection:
        yield connection


@pytest.fixture
def client(django_site: None) -> "Iterator[Client]":
    """A browser without cookies, on localhost, that is not excused from CSRF checks."""
    from django.db import connections
    from django.test import Client

    yield Client(enforce_csrf_checks=True, headers={"host": "localhost:8888"})
    connections.close_all()


@pytest.fixture
def log_in(client: "Client") -> "Callable[..., HttpResponse]":
    """Logs the browser in through the login page's form; gives the answer to the POST."""

    def submit(name: str = "demo", password: str | None = None, **fields: str) -> "HttpResponse":
        client.get("/accounts/login/")
        form = {
            "username": name,
            "password": PASSWORDS.get(name, "") if password is None else password,
            "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
            **fields,
        }
        return client.post("/accounts/login/", form)

    return submit


@pytest.fixture
def log_out(client: "Client") -> "Callable[[], HttpResponse]":
    """Sends the logout form of a page."""

    def submit() -> "HttpResponse":
        return client.post("/accounts/logout/", {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})

    return submit
