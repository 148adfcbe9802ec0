"""The groups of users, from the site's own database: for those who ask for them, and with one query for many."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Never

import pytest

from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.session_finder import LookUpResult
from tests.user.session_site import SessionSite, look_up

if TYPE_CHECKING:
    from django.contrib.auth.models import Group


@pytest.fixture
def auth(executor: ThreadPoolExecutor, site: SessionSite) -> SessionAuthenticator:
    return SessionAuthenticator(executor, reads_groups=True)


@pytest.fixture
def groups(site: SessionSite) -> "Iterator[list[Group]]":
    from django.contrib.auth.models import Group

    yield [Group.objects.create(name=name) for name in ("buyers", "sellers", "nobody")]
    Group.objects.all().delete()


def queries(find: Callable[[Sequence[str]], Mapping[str, LookUpResult]], keys: list[str]) -> int:
    """Count the queries that a look-up of the keys makes in this thread."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        find(keys)
    return len(captured)


def test_a_user_comes_with_the_names_of_all_groups(
    site: SessionSite, auth: SessionAuthenticator, groups: "list[Group]"
) -> None:
    ann, bob = site.make_user(), site.make_user()
    ann.groups.set(groups[:2])
    keys = [site.make_session(ann), site.make_session(ann), site.make_session(bob)]
    found = auth.find_many([*keys, "nobody-at-all"])
    assert [found[key].groups for key in keys] == [{"buyers", "sellers"}, {"buyers", "sellers"}, frozenset()]
    assert found["nobody-at-all"] is None


def test_a_change_is_seen_by_the_next_look_up(
    site: SessionSite, auth: SessionAuthenticator, groups: "list[Group]"
) -> None:
    ann = site.make_user()
    key = site.make_session(ann)
    before = auth.find(key)
    ann.groups.add(groups[0])
    assert (before.groups, auth.find(key).groups) == (frozenset(), {"buyers"})
    assert auth.find(key) == Identity(ann.pk, ann.username, key, frozenset({"buyers"}))


def test_many_cost_one_query_more_than_without_groups_and_nobody_pays_who_does_not_ask(
    site: SessionSite, executor: ThreadPoolExecutor, auth: SessionAuthenticator, groups: "list[Group]"
) -> None:
    users = [site.make_user() for _ in range(20)]
    for user in users:
        user.groups.set(groups)
    keys = [site.make_session(user) for user in users]
    without = SessionAuthenticator(executor)
    assert queries(auth.find_many, keys) == queries(without.find_many, keys) + 1
    assert without.find(keys[0]).groups == frozenset()


def test_a_token_has_its_users_groups(site: SessionSite, auth: SessionAuthenticator, groups: "list[Group]") -> None:
    from rtserver.user.session.token import make_token

    ann = site.make_user()
    ann.groups.add(groups[1])
    assert asyncio.run(look_up(auth, make_token(ann))).groups == {"sellers"}


def test_while_the_database_cannot_tell_nobody_is_taken_for_a_user_without_groups(
    site: SessionSite, auth: SessionAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth import get_user_model

    key = site.make_session(site.make_user())
    manager = get_user_model()._base_manager

    def fail(*_arguments: object, **_filters: object) -> Never:
        raise ConnectionError("no database")

    monkeypatch.setattr(type(manager), "filter", fail)
    with pytest.raises(ConnectionError, match="no database"):
        auth.find(key)


def test_users_of_a_model_without_groups_have_none(
    site: SessionSite, auth: SessionAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtserver.user.session import site_user

    class Model:
        pk = 7

    monkeypatch.setattr(site_user, "get_user_model", lambda: Model)
    assert site_user.find_groups({"key": Model(), "other": None}) == {}
