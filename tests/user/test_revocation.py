"""Tokens and signed cookies of a real Django site that were revoked: nothing but the revocation ends them."""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import pytest
from django.core.signing import TimestampSigner, b62_encode

from rtserver.base.queue.memory_revocations import MemoryRevocations
from rtserver.base.queue.port import QueueAwayError
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.site_credential import is_self_contained, lifetime_of, made_at
from rtserver.user.session.token import make_token
from tests.user.conftest import THREADS
from tests.user.session_site import ENGINES, STORED, SessionSite

DAY = 86_400.0


class BrokenRevocations(MemoryRevocations):
    """Cannot be reached."""

    def revoked(self, made_at: Mapping[str, float]) -> Never:
        raise QueueAwayError("redis://x", "gone")


@pytest.fixture
def revocations() -> MemoryRevocations:
    return MemoryRevocations(time.time)


@pytest.fixture
def auth(executor: ThreadPoolExecutor, site: SessionSite, revocations: MemoryRevocations) -> SessionAuthenticator:
    return SessionAuthenticator(executor, revocations=revocations)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_revoked_token_is_refused_and_another_of_the_same_user_is_not(
    auth: SessionAuthenticator,
    site: SessionSite,
    revocations: MemoryRevocations,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    site.use_engine(engine)
    user = site.make_user()
    token = make_token(user)
    monkeypatch.setattr(TimestampSigner, "timestamp", lambda signer: b62_encode(int(time.time()) - 60))
    other = make_token(user)
    revocations.revoke({token: DAY})
    assert auth.find(token) is None
    assert auth.find(other).user_id == user.pk


def test_a_revoked_signed_cookie_is_refused_and_the_next_log_in_is_not(
    auth: SessionAuthenticator, site: SessionSite, revocations: MemoryRevocations
) -> None:
    site.use_engine("signed_cookies")
    user = site.make_user()
    key = site.make_session(user, number=1)
    revocations.revoke({key: DAY})
    assert auth.find(key) is None
    assert auth.find(site.make_session(user, number=2)).user_id == user.pk


@pytest.mark.parametrize("engine", STORED)
def test_a_session_in_a_store_is_the_stores_to_end(
    auth: SessionAuthenticator, site: SessionSite, revocations: MemoryRevocations, engine: str
) -> None:
    site.use_engine(engine)
    user = site.make_user()
    key = site.log_in(user)
    revocations.revoke({key: DAY})
    assert not is_self_contained(key)
    assert auth.find(key).user_id == user.pk


def test_while_revocations_cannot_be_read_nobody_knows_about_tokens_and_sessions_are_let_in(
    executor: ThreadPoolExecutor, site: SessionSite
) -> None:
    user = site.make_user()
    token, key = make_token(user), site.log_in(user)
    outcomes = SessionAuthenticator(executor, revocations=BrokenRevocations(time.time)).find_many(
        [token, key, "x" * 9]
    )
    assert isinstance(outcomes[token], QueueAwayError)
    assert outcomes[key].user_id == user.pk
    assert outcomes["x" * 9] is None


class StuckRevocations(MemoryRevocations):
    """Do not answer before they are told to."""

    def __init__(self) -> None:
        super().__init__(time.time)
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def revoked(self, made_at: Mapping[str, float]) -> set[str]:
        self.is_asked.set()
        assert self.may_answer.wait(20)
        return super().revoked(made_at)


@pytest.mark.parametrize("engine", STORED)
def test_a_redis_that_does_not_answer_holds_up_tokens_and_no_sessions(
    executor: ThreadPoolExecutor, site: SessionSite, engine: str
) -> None:
    site.use_engine(engine)
    revocations = StuckRevocations()
    auth = SessionAuthenticator(executor, revocations=revocations)
    user, others = site.make_user(), site.make_users(2 * THREADS)
    tokens, key = list(map(make_token, others)), site.log_in(user)

    async def scenario() -> None:
        try:
            waiting = [asyncio.ensure_future(auth.look_up(token)) for token in tokens]
            assert await asyncio.to_thread(revocations.is_asked.wait, 20)
            async with asyncio.timeout(20):
                assert (await auth.look_up(key)).user_id == user.pk
            assert not any(each.done() for each in waiting)
        finally:
            revocations.may_answer.set()
        assert [identity.user_id for identity in await asyncio.gather(*waiting)] == [other.pk for other in others]

    asyncio.run(scenario())


def test_a_forged_token_costs_no_look_at_the_revocations(executor: ThreadPoolExecutor, site: SessionSite) -> None:
    auth = SessionAuthenticator(executor, revocations=BrokenRevocations(time.time))
    assert auth.find(make_token(site.make_user()) + "x") is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_credential_tells_for_how_long_it_is_good_and_since_when(site: SessionSite, engine: str) -> None:
    site.use_engine(engine)
    site.use(SESSION_COOKIE_AGE=1000)
    user = site.make_user()
    token, key = make_token(user), site.log_in(user)
    assert lifetime_of(token, 60.0) == 60.0
    assert lifetime_of(key, 60.0) == (0.0 if engine in STORED else 1000.0)
    for credential in filter(is_self_contained, (token, key)):
        assert time.time() - 20 < made_at(credential) <= time.time()


def test_a_teams_own_engine_of_signed_cookies_counts_as_one(site: SessionSite) -> None:
    site.use(SESSION_ENGINE="tests.user.own_cookie_engine")
    assert is_self_contained("anything")
    assert lifetime_of("anything", 60.0) == 77.0
