"""The log's lines about the cookies of a refused handshake, and the number of look-ups of a session."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import pytest

from rtserver.user.session.refusal_reason import RefusalReasons, no_cookie, pairs_of
from rtserver.user.session.token import make_token
from tests.user.session_site import SessionSite


@pytest.mark.parametrize(
    ("header", "pairs"),
    [
        ("", []),
        ("a=1; b=2", [("a", "1"), ("b", "2")]),
        ('a="x y";;  =z; flag', [("a", "x y"), ("", "z"), ("", "flag")]),
        ("a=1; a=2=3", [("a", "1"), ("a", "2=3")]),
    ],
)
def test_every_cookie_of_a_header_counts_in_its_order(header: str, pairs: list[tuple[str, str]]) -> None:
    assert pairs_of(header) == pairs


def test_only_a_few_names_are_told_and_only_their_beginnings() -> None:
    told = no_cookie("sessionid", ["n" * 1000, *(str(number) for number in range(50))])
    assert told == f'no cookie "sessionid" (SESSION_COOKIE_NAME) came, but {"n" * 32}, 0, 1, 2, 3 and 46 more'


def test_what_is_known_of_the_settings_is_told_where_no_cookie_came(
    site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    reasons = RefusalReasons(executor, hints=["SESSION_COOKIE_PATH is bad"])
    assert asyncio.run(reasons.of_cookies("")).endswith("; SESSION_COOKIE_PATH is bad")
    assert "SESSION_COOKIE_PATH" not in asyncio.run(reasons.of_cookies("sessionid=" + "a" * 32))


def test_a_flood_of_refusals_asks_the_site_a_few_times_and_tells_no_value(
    site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    reasons = RefusalReasons(executor, per_second=0.1, clock=lambda: 0.0)
    told = [asyncio.run(reasons.of_cookies("sessionid=" + "a" * 32)) for _ in range(2)]
    assert 'is not in the cache "default" (RedisCache)' in told[0]
    assert told[1] == 'the cookie "sessionid" came and is not valid; too many are refused to look into each'
    assert "aaaa" not in "".join(told)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("db", "is not in django_session"),
        ("cached_db", "is not in django_session"),
        ("cache", 'is not in the cache "default"'),
        ("file", "has no file in"),
        ("signed_cookies", "cannot be read: SECRET_KEY"),
    ],
)
def test_a_session_that_is_not_there_is_told_by_where_it_should_be(
    engine: str, words: str, site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    site.use_engine(engine)
    assert words in asyncio.run(RefusalReasons(executor).of_cookies("sessionid=" + "a" * 32))


def test_a_changed_password_another_backend_and_a_forged_token_are_told_apart(
    site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    site.use_engine("db")
    user = site.make_user()
    old, foreign = site.make_session(user, _auth_user_hash="x"), site.make_session(user, _auth_user_backend="b.C")
    token = make_token(user)

    def why(value: str) -> str:
        return asyncio.run(RefusalReasons(executor, token_seconds=-1.0).of_cookies(f"sessionid={value}"))

    assert f"does not fit to user {user.pk}: the password has changed since, or SECRET_KEY" in why(old)
    assert "was made by the backend 'b.C', which is not in AUTHENTICATION_BACKENDS" in why(foreign)
    assert "is too old (tce_token_seconds)" in why(token)
    reason = asyncio.run(RefusalReasons(executor, token_seconds=-1.0).of_token(token))
    assert reason == "it is too old (tce_token_seconds)"
    assert "was not signed with this SECRET_KEY" in why(token[:-1] + ("x" if token[-1] != "x" else "y"))
    assert "is good in the site; it was closed" in why(site.make_session(user))


def test_a_key_that_is_no_key_is_not_looked_up(
    site: SessionSite, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(keys: list[str]) -> Never:
        raise AssertionError(keys)

    monkeypatch.setattr("rtserver.user.session.site_refusal.read_sessions", fail)
    for key in ("short", "a" * 5000, "\x7f" * 32):
        assert "is no session's key" in asyncio.run(RefusalReasons(executor).of_cookies(f"sessionid={key}"))
