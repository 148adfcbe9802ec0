"""Who a request is from, with real sessions of every engine that Django brings."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import django_environment
import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from rtserver.user.auth import Identity, SessionAuthenticator

ENGINES = ("db", "cache", "cached_db", "signed_cookies", "file")
STORED = ("db", "cache", "cached_db", "file")
"""Those whose sessions are somewhere: a signed cookie holds until it expires, whatever happens to it elsewhere."""

GARBAGE = (
    "x",
    "1234567",
    "12345678",
    "../../../../etc/passwd",
    "a" * 32,
    "a" * 300,
    "a" * 10_000,
    "with spaces in it",
    "ünïcödé-and-more",
    "null\x00byte",
    "a:b:c",
    ".eJxVjDEOwjAMRe-SGUVx:1abc:def",
    "django_session' OR '1'='1",
)

BAD_COOKIES = (
    None,
    "",
    ";;;",
    "=",
    "{}",
    "a b=c; =d",
    "sessionid",
    "sessionid=",
    'sessionid="',
    'sessionid="\\',
    "sessionid=\x01",
    "sessionid=%00",
    "sessionid=ä",
    "SESSIONID=abcdefgh",
    "sessionid=" + "x" * 60_000,
)

numbers = itertools.count()


@pytest.fixture(scope="session")
def django_site(redis_server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django is set up in this process."""
    django_environment.configure(redis_server.url, tmp_path_factory.mktemp("site"))


class SessionSite:
    """The site's side: logs people in and out and changes them. Settings may be changed for the rest of the test."""

    def __init__(self, stack: ExitStack, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stack = stack
        self._files = files
        self._monkeypatch = monkeypatch

    def use(self, **settings) -> None:
        from django.test import override_settings

        self._stack.enter_context(override_settings(**settings))

    def use_engine(self, engine: str) -> None:
        from django.contrib.sessions.backends.file import SessionStore

        # The class keeps the first directory that it was given.
        self._monkeypatch.setattr(SessionStore, "_storage_path", str(self._files), raising=False)
        self.use(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}")

    def store(self, key: str | None = None):
        from django.conf import settings

        return import_module(settings.SESSION_ENGINE).SessionStore(key)

    def make_user(self, **fields):
        from django.contrib.auth import get_user_model

        return get_user_model().objects.create_user(f"user{next(numbers)}", password="secret", **fields)

    def log_in(self, user) -> str:
        """The value of the browser's session cookie."""
        from django.test import Client

        self.browser = Client()
        assert self.browser.login(username=user.get_username(), password="secret")
        return self.browser.cookies["sessionid"].value


@pytest.fixture
def site(django_site, redis_url, tmp_path, monkeypatch):
    from django.db import connections

    files = tmp_path / "sessions"
    files.mkdir()
    with ExitStack() as stack:
        site = SessionSite(stack, files, monkeypatch)
        # Quick instead of safe: nobody attacks these passwords.
        site.use(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
        yield site
    connections.close_all()


THREADS = 4


@pytest.fixture
def executor():
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
def auth(executor, site):
    return SessionAuthenticator(executor)


def request_with(cookie: str | None) -> HTTPServerRequest:
    headers = HTTPHeaders({"Host": "localhost"})
    if cookie is not None:
        headers["Cookie"] = cookie
    start_line = RequestStartLine("GET", "/rt/", "HTTP/1.1")
    return HTTPServerRequest(start_line=start_line, headers=headers)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_says_who_is_logged_in(engine, site, auth):
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    assert auth.find(key) == Identity(user.pk, user.get_username(), key)
    assert auth.find(key) == Identity(user.pk, user.get_username(), key)


@pytest.mark.parametrize("engine", STORED)
def test_a_session_that_was_logged_out_says_nothing_any_more(engine, site, auth):
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    site.browser.logout()
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_without_a_login_is_nobodys(engine, site, auth):
    site.use_engine(engine)
    store = site.store()
    store["basket"] = [1, 2]
    store.save()
    assert auth.find(store.session_key) is None


@pytest.mark.parametrize("engine", STORED)
def test_an_empty_session_is_nobodys(engine, site, auth):
    site.use_engine(engine)
    store = site.store()
    store.create()
    assert auth.find(store.session_key) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_changed_password_ends_the_users_sessions(engine, site, auth):
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    user.set_password("another")
    user.save()
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("end", ["deleted", "deactivated"])
def test_a_user_who_is_gone_or_not_active_is_not_let_in(engine, end, site, auth):
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    if end == "deleted":
        user.delete()
    else:
        user.is_active = False
        user.save()
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", STORED)
def test_an_expired_session_is_not_let_in(engine, site, auth):
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    store = site.store(key)
    store.set_expiry(-1)
    store.save()
    assert auth.find(key) is None


def test_a_signed_cookie_that_is_too_old_is_not_let_in(site, auth):
    site.use_engine("signed_cookies")
    key = site.log_in(site.make_user())
    site.use(SESSION_COOKIE_AGE=-1)
    assert auth.find(key) is None


def test_a_signed_cookie_that_was_tampered_with_is_not_let_in(site, auth):
    site.use_engine("signed_cookies")
    key = site.log_in(site.make_user())
    assert auth.find(key) is not None
    data, signature = key.rsplit(":", 1)
    for forged in (f"{data[1:]}:{signature}", f"{data}:{signature[::-1]}", data, f"{data}:", key + "A"):
        assert auth.find(forged) is None


@pytest.mark.filterwarnings("ignore:Cache key will cause errors if used with memcached")
@pytest.mark.parametrize("key", GARBAGE)
@pytest.mark.parametrize("engine", ENGINES)
def test_garbage_is_not_let_in(engine, key, site, auth):
    site.use_engine(engine)
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", STORED)
def test_a_look_up_leaves_a_session_with_a_wrong_hash_to_the_site(engine, site, auth):
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    user.set_password("another")
    user.save()
    auth.find(key)
    assert site.store(key).load()["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_from_before_the_secret_key_changed_holds_and_keeps_its_key(engine, site, auth):
    from django.conf import settings

    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    site.use(SECRET_KEY="another one", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY])
    for _ in range(2):
        identity = auth.find(key)
        assert identity is not None
        assert (identity.user_id, identity.session_key) == (user.pk, key)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_from_another_secret_key_is_not_let_in(engine, site, auth):
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    site.use(SECRET_KEY="another one", SECRET_KEY_FALLBACKS=[])
    assert auth.find(key) is None


def test_a_backend_that_the_site_no_longer_uses_lets_nobody_in(site, auth):
    key = site.log_in(site.make_user())
    site.use(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"])
    assert auth.find(key) is None


def test_no_session_is_made_where_an_expired_one_was(site, auth, tmp_path):
    site.use_engine("file")
    key = site.log_in(site.make_user())
    store = site.store(key)
    store.set_expiry(-1)
    store.save()
    for name in (key, "a" * 32):
        assert auth.find(name) is None
    assert list((tmp_path / "sessions").iterdir()) == []


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_cache_that_is_away_raises_instead_of_saying_nobody(engine, site, auth, free_port):
    from redis.exceptions import ConnectionError as RedisConnectionError

    site.use_engine(engine)
    key = site.log_in(site.make_user())
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    site.use(CACHES={"default": {**away, "LOCATION": f"redis://127.0.0.1:{free_port}/0"}})
    with pytest.raises(RedisConnectionError):
        auth.find(key)


def test_a_user_id_that_the_user_model_cannot_have_is_nobody(site, auth):
    key = site.log_in(site.make_user())
    store = site.store(key)
    store["_auth_user_id"] = "not a number"
    store.save()
    assert auth.find(key) is None


def test_the_cookie_is_read_from_the_request_and_the_look_up_done_elsewhere(site, executor):
    class Noting(SessionAuthenticator):
        def find(self, session_key):
            self.thread = threading.get_ident()
            return super().find(session_key)

    auth = Noting(executor)
    user = site.make_user()
    key = site.log_in(user)
    identity = asyncio.run(auth.authenticate(request_with(f"a=b; sessionid={key}; c=d")))
    assert identity == Identity(user.pk, user.get_username(), key)
    assert auth.thread != threading.get_ident()


def test_the_cookie_has_the_name_that_the_site_gave_it(site, auth):
    key = site.log_in(site.make_user())
    site.use(SESSION_COOKIE_NAME="house")
    assert asyncio.run(auth.authenticate(request_with(f"sessionid={key}"))) is None
    assert asyncio.run(auth.authenticate(request_with(f"house={key}"))) is not None


@pytest.mark.parametrize("cookie", BAD_COOKIES)
def test_a_missing_or_malformed_cookie_is_nobody(cookie, site, auth):
    assert asyncio.run(auth.authenticate(request_with(cookie))) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_many_look_ups_at_once_do_not_mix_people_up(engine, site, auth):
    site.use_engine(engine)
    people = {site.log_in(user): user.pk for user in (site.make_user() for _ in range(3))}

    async def scenario():
        keys = list(people) * 10
        return keys, await asyncio.gather(*map(auth.look_up, keys))

    keys, identities = asyncio.run(scenario())
    assert [identity.user_id for identity in identities] == [people[key] for key in keys]
