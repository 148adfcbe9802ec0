"""A real Django site in this process, and what looks its sessions up."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache

from rtserver.user.session.authenticator import SessionAuthenticator
from tests import django_environment
from tests.conftest import RedisServer
from tests.user.session_site import SessionSite

THREADS = 4


@pytest.fixture(scope="session")
def django_site(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django is set up in this process."""
    django_environment.configure(redis_server.url, tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(django_site: None, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionSite]:
    from django.db import connections

    files = tmp_path / "sessions"
    files.mkdir()
    with ExitStack() as stack:
        site = SessionSite(stack, files, monkeypatch)
        # Quick instead of safe: nobody attacks these passwords.
        site.use(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
        yield site
    connections.close_all()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool
        together = threading.Barrier(THREADS)
        for done in [pool.submit(let_go_of_redis, together) for _ in range(THREADS)]:
            done.result(10)


def let_go_of_redis(together: threading.Barrier) -> None:
    """Django gives each thread a cache of its own, whose connections nobody closes when the thread ends."""
    together.wait(10)
    for cache in caches.all(initialized_only=True):
        if isinstance(cache, RedisCache):
            for pool in cache._cache._pools.values():
                pool.disconnect()


@pytest.fixture
def auth(executor: ThreadPoolExecutor, site: SessionSite) -> SessionAuthenticator:
    return SessionAuthenticator(executor)
