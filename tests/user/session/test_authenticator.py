"""The user of a request, with real sessions of every engine that Django brings."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rtserver.base.listener.upgrade import UpgradeRequest
from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.session_finder import LookUpResult
from tests.user.session_site import ENGINES, STORED, SessionSite, look_up

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


def request_with(cookie: str | None) -> UpgradeRequest:
    return UpgradeRequest("/rt/", {} if cookie is None else {"cookie": cookie}, "127.0.0.1")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_says_who_is_logged_in(engine: str, site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    assert auth.find(key) == Identity(user.pk, user.get_username(), key)
    assert auth.find(key) == Identity(user.pk, user.get_username(), key)


@pytest.mark.parametrize("engine", STORED)
def test_a_session_that_was_logged_out_says_nothing_any_more(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    site.browser.logout()
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_without_a_login_is_nobodys(engine: str, site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine(engine)
    store = site.store()
    store["basket"] = [1, 2]
    store.save()
    assert auth.find(store.session_key) is None


@pytest.mark.parametrize("engine", STORED)
def test_an_empty_session_is_nobodys(engine: str, site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine(engine)
    store = site.store()
    store.create()
    assert auth.find(store.session_key) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_changed_password_ends_the_users_sessions(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    user.set_password("another")
    user.save()
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("end", ["deleted", "deactivated"])
def test_a_user_who_is_gone_or_not_active_is_not_let_in(
    engine: str, end: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
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
def test_an_expired_session_is_not_let_in(engine: str, site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    store = site.store(key)
    store.set_expiry(-1)
    store.save()
    assert auth.find(key) is None


def test_a_signed_cookie_that_is_too_old_is_not_let_in(site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine("signed_cookies")
    key = site.log_in(site.make_user())
    site.use(SESSION_COOKIE_AGE=-1)
    assert auth.find(key) is None


def test_a_signed_cookie_that_was_tampered_with_is_not_let_in(site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine("signed_cookies")
    key = site.log_in(site.make_user())
    assert auth.find(key) is not None
    data, signature = key.rsplit(":", 1)
    for forged in (f"{data[1:]}:{signature}", f"{data}:{signature[::-1]}", data, f"{data}:", key + "A"):
        assert auth.find(forged) is None


@pytest.mark.parametrize("key", GARBAGE)
@pytest.mark.parametrize("engine", ENGINES)
def test_garbage_is_not_let_in(engine: str, key: str, site: SessionSite, auth: SessionAuthenticator) -> None:
    site.use_engine(engine)
    assert auth.find(key) is None


@pytest.mark.parametrize("engine", STORED)
def test_a_look_up_leaves_a_session_with_a_wrong_hash_to_the_site(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    user.set_password("another")
    user.save()
    auth.find(key)
    assert site.store(key).load()["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_from_before_the_secret_key_changed_holds_and_keeps_its_key(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
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
def test_a_session_from_another_secret_key_is_not_let_in(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    key = site.log_in(site.make_user())
    site.use(SECRET_KEY="another one", SECRET_KEY_FALLBACKS=[])
    assert auth.find(key) is None


def test_a_backend_that_the_site_no_longer_uses_lets_nobody_in(site: SessionSite, auth: SessionAuthenticator) -> None:
    key = site.log_in(site.make_user())
    site.use(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"])
    assert auth.find(key) is None


def test_no_session_is_made_where_an_expired_one_was(
    site: SessionSite, auth: SessionAuthenticator, tmp_path: Path
) -> None:
    site.use_engine("file")
    key = site.log_in(site.make_user())
    store = site.store(key)
    store.set_expiry(-1)
    store.save()
    for name in (key, "a" * 32):
        assert auth.find(name) is None
    assert list((tmp_path / "sessions").iterdir()) == []


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_cache_that_is_away_raises_instead_of_saying_nobody(
    engine: str, site: SessionSite, auth: SessionAuthenticator, free_port: int
) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    site.use_engine(engine)
    key = site.log_in(site.make_user())
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    site.use(CACHES={"default": {**away, "LOCATION": f"redis://127.0.0.1:{free_port}/0"}})
    with pytest.raises(RedisConnectionError):
        auth.find(key)


def test_a_user_id_that_the_user_model_cannot_have_is_nobody(site: SessionSite, auth: SessionAuthenticator) -> None:
    key = site.log_in(site.make_user())
    store = site.store(key)
    store["_auth_user_id"] = "not a number"
    store.save()
    assert auth.find(key) is None


def test_the_cookie_is_read_from_the_request_and_the_look_up_done_elsewhere(
    site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    class Noting(SessionAuthenticator):
        def find_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
            self.thread = threading.get_ident()
            return super().find_many(session_keys)

    auth = Noting(executor)
    user = site.make_user()
    key = site.log_in(user)
    assert auth.credential(request_with(f"a=b; sessionid={key}; c=d")) == key
    assert asyncio.run(look_up(auth, key)) == Identity(user.pk, user.get_username(), key)
    assert auth.thread != threading.get_ident()


def test_the_cookie_has_the_name_that_the_site_gave_it(site: SessionSite, auth: SessionAuthenticator) -> None:
    key = site.log_in(site.make_user())
    site.use(SESSION_COOKIE_NAME="house")
    assert auth.credential(request_with(f"sessionid={key}")) is None
    assert auth.credential(request_with(f"house={key}")) == key


@pytest.mark.parametrize("cookie", BAD_COOKIES)
def test_a_missing_or_malformed_cookie_is_nobody(
    cookie: str | None, site: SessionSite, auth: SessionAuthenticator
) -> None:
    credential = auth.credential(request_with(cookie))
    assert credential is None or asyncio.run(look_up(auth, credential)) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_many_look_ups_at_once_do_not_mix_people_up(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    people = {site.log_in(user): user.pk for user in (site.make_user() for _ in range(3))}

    async def scenario() -> tuple[list[str], list[Identity | None]]:
        keys = list(people) * 10
        return keys, list(await asyncio.gather(*map(auth.look_up, keys)))

    keys, identities = asyncio.run(scenario())
    assert [identity.user_id for identity in identities] == [people[key] for key in keys]
