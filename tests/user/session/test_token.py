"""Tokens of a real Django site: whose they are, and everything that makes them worthless."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.token import PREFIX, is_token, make_token, read_token
from tests.user.session_site import MODEL_BACKEND, SessionSite, look_up

AGE = 3600.0
pytestmark = pytest.mark.usefixtures("site")


def test_a_token_says_whose_it_is(auth: SessionAuthenticator, site: SessionSite) -> None:
    user = site.make_user()
    token = make_token(user)
    identity = auth.find(token)
    assert (identity.user_id, identity.name, identity.session_key) == (user.pk, user.get_username(), token)
    assert asyncio.run(look_up(auth, token)) == identity


def test_a_token_is_ascii_and_no_session_key_looks_like_one(site: SessionSite) -> None:
    user = site.make_user()
    assert make_token(user).isascii()
    assert is_token(make_token(user))
    assert not is_token(site.make_session(user))


@pytest.mark.parametrize("engine", ["cache", "db", "signed_cookies", "file"])
def test_tokens_and_sessions_are_looked_up_together_with_every_engine(
    auth: SessionAuthenticator, site: SessionSite, engine: str
) -> None:
    site.use_engine(engine)
    ann, bob = site.make_user(), site.make_user()
    token, session_key, other = make_token(ann), site.log_in(bob), make_token(bob)
    outcomes = auth.find_many([token, session_key, PREFIX + "forged", other])
    assert [outcome and outcome.user_id for outcome in outcomes.values()] == [ann.pk, bob.pk, None, bob.pk]


def test_a_token_that_is_too_old_is_worth_nothing(executor: ThreadPoolExecutor, site: SessionSite) -> None:
    token = make_token(site.make_user())
    assert SessionAuthenticator(executor, token_seconds=1000).find(token) is not None
    assert SessionAuthenticator(executor, token_seconds=-1).find(token) is None
    assert read_token(token, -1) is None


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: token + "x", lambda token: PREFIX])
def test_a_token_that_was_changed_is_worth_nothing(
    auth: SessionAuthenticator, site: SessionSite, spoil: Callable[[str], str]
) -> None:
    assert auth.find(spoil(make_token(site.make_user()))) is None


def test_what_else_the_site_has_signed_is_no_token(auth: SessionAuthenticator, site: SessionSite) -> None:
    from django.core import signing

    user = site.make_user()
    data = [str(user.pk), MODEL_BACKEND, user.get_session_auth_hash()]
    assert auth.find(PREFIX + signing.dumps(data)) is None
    assert auth.find(PREFIX + signing.dumps(data, salt="rtserver.user.token")) is not None


def test_a_token_ends_with_its_users_password_and_with_the_user(
    auth: SessionAuthenticator, site: SessionSite
) -> None:
    changed, inactive, deleted = (site.make_user() for _ in range(3))
    tokens = [make_token(user) for user in (changed, inactive, deleted)]
    assert all(auth.find(token) for token in tokens)
    changed.set_password("another")
    changed.save()
    inactive.is_active = False
    inactive.save()
    deleted.delete()
    assert [auth.find(token) for token in tokens] == [None] * 3


def test_a_token_outlives_a_change_of_the_secret_key_that_keeps_the_old_one(
    auth: SessionAuthenticator, site: SessionSite
) -> None:
    from django.conf import settings

    token = make_token(site.make_user())
    old = settings.SECRET_KEY
    site.use(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old])
    assert auth.find(token) is not None
    site.use(SECRET_KEY_FALLBACKS=[])
    assert auth.find(token) is None


def test_with_several_backends_the_users_own_has_to_be_named(auth: SessionAuthenticator, site: SessionSite) -> None:
    site.use(AUTHENTICATION_BACKENDS=[MODEL_BACKEND, "tests.user.own_backend.OwnBackend"])
    user = site.make_user()
    with pytest.raises(ValueError, match="several"):
        make_token(user)
    assert auth.find(make_token(user, MODEL_BACKEND)) is not None
    user.backend = MODEL_BACKEND
    assert auth.find(make_token(user)) is not None
    assert auth.find(make_token(user, "tests.user.nowhere.Backend")) is None
