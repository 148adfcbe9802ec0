"""Many sessions looked up at once: the answers that each has alone and from Django, for a few queries in all."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import redis
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation, ValidationError

from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.session_finder import LookUpResult
from tests.conftest import RedisServer
from tests.user.own_session_engine import SessionStore as OwnStore
from tests.user.session_site import ENGINES, MODEL_BACKEND, STORED, SessionSite, StrictCache

TOGETHER = ("db", "cache", "cached_db")
CHOOSY = "tests.user.own_backend.ChoosyBackend"
ELSEWHERE = "tests.user.own_backend.ElsewhereBackend"
ALLOW_ALL = "django.contrib.auth.backends.AllowAllUsersModelBackend"
REMOTE = "django.contrib.auth.backends.RemoteUserBackend"
UNUSED = "django.contrib.auth.backends.AllowAllUsersRemoteUserBackend"
LOGIN = ("_auth_user_id", "_auth_user_backend", "_auth_user_hash")
USED = [MODEL_BACKEND, ALLOW_ALL, REMOTE, CHOOSY, ELSEWHERE]


class Untouched(dict):
    """A session that Django cannot end or rename."""

    def flush(self) -> None:
        pass

    def cycle_key(self) -> None:
        pass


def django_says(site: SessionSite, key: str) -> int | None:
    """The id of the session's user, by Django alone."""
    from django.contrib.auth import get_user

    store = site.store(key)
    store.create = lambda: None
    try:
        return get_user(SimpleNamespace(session=Untouched(store.load()))).pk
    except (ValidationError, SuspiciousOperation, InvalidCacheKey):
        return None


def mixed_sessions(site: SessionSite) -> dict[str, str]:
    """Keys of all kinds of sessions, by what is the matter with them."""
    from django.conf import settings

    site.use(AUTHENTICATION_BACKENDS=USED)
    current = settings.SECRET_KEY
    keys = {}
    for kind, secret in (("of an old secret key", "old"), ("of a secret key that is out of use", "older")):
        user = site.make_user()
        settings.SECRET_KEY = secret
        try:
            keys[kind] = site.make_session(user)
        finally:
            settings.SECRET_KEY = current
    site.use(SECRET_KEY_FALLBACKS=["another old one", "old"])
    people = {name: site.make_user() for name in ("ann", "bob", "gone", "gone_too", "moved")}
    inactive = site.make_user(is_active=False)
    barred = site.make_user(last_name="Barred")
    ann = people["ann"]
    keys |= {
        "good": site.make_session(ann),
        "another one of hers": site.make_session(ann, basket=1),
        "somebody else's": site.make_session(people["bob"]),
        "over": site.make_session(ann, expiry=-1),
        "with another's hash": site.make_session(ann, _auth_user_hash=people["bob"].get_session_auth_hash()),
        "with an empty hash": site.make_session(ann, _auth_user_hash=""),
        "without a hash": site.make_session(ann, without=["_auth_user_hash"]),
        "without a user": site.make_session(ann, without=["_auth_user_id"]),
        "without a backend": site.make_session(ann, without=["_auth_user_backend"]),
        "of somebody inactive": site.make_session(inactive),
        "of somebody inactive, where that is allowed": site.make_session(inactive, _auth_user_backend=ALLOW_ALL),
        "of a remote user": site.make_session(ann, _auth_user_backend=REMOTE),
        "of a user who is gone": site.make_session(people["gone"]),
        "of another user who is gone": site.make_session(people["gone_too"], _auth_user_backend=ELSEWHERE),
        "of a user with a new password": site.make_session(people["moved"]),
        "of a backend that is not used": site.make_session(ann, _auth_user_backend=UNUSED),
        "of a backend that does not exist": site.make_session(ann, _auth_user_backend="no.such.Backend"),
        "of a choosy backend": site.make_session(ann, _auth_user_backend=CHOOSY),
        "barred by a choosy backend": site.make_session(barred, _auth_user_backend=CHOOSY),
        "of a backend with ways of its own": site.make_session(ann, _auth_user_backend=ELSEWHERE),
        "barred by a backend with ways of its own": site.make_session(barred, _auth_user_backend=ELSEWHERE),
        "of nobody that can be": site.make_session(ann, _auth_user_id="not a number"),
        "of a number that no user has": site.make_session(ann, _auth_user_id="4000000000000000000"),
        "of no user at all": site.make_session(ann, _auth_user_id=None),
        "nobody's": site.make_session(
            ann, without=["_auth_user_id", "_auth_user_backend", "_auth_user_hash"], basket=1
        ),
        "unknown": "a" * 32,
        "unknown and long": "b" * 300,
        "no key": "x",
        "no key at all": "with spaces in it",
    }
    people["gone"].delete()
    people["gone_too"].delete()
    people["moved"].set_password("another")
    people["moved"].save()
    return keys


LET_IN = {
    "good",
    "another one of hers",
    "somebody else's",
    "of an old secret key",
    "of somebody inactive, where that is allowed",
    "of a remote user",
    "of a choosy backend",
    "of a backend with ways of its own",
}


@pytest.mark.filterwarnings("ignore:Cache key will cause errors if used with memcached")
@pytest.mark.parametrize("engine", ENGINES)
def test_all_kinds_of_sessions_together_have_the_answers_that_each_has_alone_and_from_django(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    kinds = mixed_sessions(site)
    keys = list(kinds.values())
    random.Random(engine).shuffle(keys)
    together = auth.find_many(keys)
    assert list(together) == keys
    assert together == {key: auth.find(key) for key in keys}
    assert {key: identity and identity.user_id for key, identity in together.items()} == {
        key: django_says(site, key) for key in keys
    }
    # What a session in a cookie says of its own end, Django does not look at.
    forever = set() if engine in STORED else {"over"}
    assert {kind for kind, key in kinds.items() if together[key]} == LET_IN | forever


@pytest.mark.parametrize("engine", ENGINES)
def test_looking_many_up_changes_nothing_of_the_sites(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use_engine(engine)
    keys = list(mixed_sessions(site).values())
    before = [stored(site, key) for key in keys]
    auth.find_many(keys)
    assert [stored(site, key) for key in keys] == before


def stored(site: SessionSite, key: str) -> dict[str, str | int | None] | None:
    """Return the data of the session, the wrong ones included."""
    store = site.store(key)
    store.create = lambda: None
    return store.load() if len(key) < 250 and store.session_key else None


def test_a_session_that_is_asked_for_twice_has_one_answer(site: SessionSite, auth: SessionAuthenticator) -> None:
    key = site.make_session(site.make_user())
    assert list(auth.find_many([key, key])) == [key]
    assert auth.find_many([]) == {}


@pytest.fixture
def commands(redis_server: RedisServer) -> Iterator[Callable[[], dict[str, int]]]:
    """Count the commands to Redis since the fixture began."""
    with redis.Redis.from_url(redis_server.url) as client:

        def calls() -> dict[str, int]:
            return {name: figures["calls"] for name, figures in client.info("commandstats").items()}

        before = calls()
        yield lambda: {name: count - before.get(name, 0) for name, count in calls().items()}


@pytest.mark.parametrize(("engine", "queries"), [("cache", 1), ("cached_db", 1), ("db", 2)])
def test_a_hundred_sessions_cost_no_more_queries_than_one(
    engine: str, queries: int, site: SessionSite, auth: SessionAuthenticator, commands: Callable[[], dict[str, int]]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    site.use_engine(engine)
    keys = [site.make_session(user) for user in site.make_users(100)]
    unknown = ["a" * 30 + format(number, "02") for number in range(100)] if engine != "cached_db" else []
    earlier = commands()
    for some in (keys[:1], keys + unknown):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found = auth.find_many(some)
        assert sum(identity is not None for identity in found.values()) == min(len(some), 100)
        assert len(captured) == queries, captured.captured_queries
    asked = {name: count - earlier.get(name, 0) for name, count in commands().items()}
    assert asked.get("cmdstat_get", 0) == asked.get("cmdstat_exists", 0) == 0
    assert asked.get("cmdstat_mget", 0) == (0 if engine == "db" else 2)


def test_sessions_that_the_cache_has_lost_are_read_from_the_database_and_left_out_of_the_cache(
    site: SessionSite, auth: SessionAuthenticator
) -> None:
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    site.use_engine("cached_db")
    keys = [site.make_session(user) for user in site.make_users(20)]
    lost = [site.store(key).cache_key for key in keys[::2]]
    cache.delete_many(lost)
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert None not in auth.find_many(keys).values()
        assert len(captured) == 2
    assert cache.get_many(lost) == {}


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_cache_that_is_away_is_an_error_for_everyone(
    engine: str, site: SessionSite, auth: SessionAuthenticator, free_port: int
) -> None:
    site.use_engine(engine)
    keys = [site.make_session(user) for user in site.make_users(5)]
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    site.use(CACHES={"default": {**away, "LOCATION": f"redis://127.0.0.1:{free_port}/0"}})
    outcomes = auth.find_many([*keys, "a" * 32, "x"])
    assert outcomes.pop("x") is None
    assert {type(outcome) for outcome in outcomes.values()} == {redis.exceptions.ConnectionError}
    assert len(outcomes) == 6


@pytest.mark.parametrize("engine", ENGINES)
def test_a_database_that_is_away_is_an_error_for_everyone_and_not_asked_for_each(
    engine: str, site: SessionSite, auth: SessionAuthenticator
) -> None:
    from django.db import OperationalError, connection

    site.use_engine(engine)
    keys = [site.make_session(user) for user in site.make_users(20)]
    asked = []

    def fail(execute: Callable[..., object], sql: str, *rest: object) -> None:
        asked.append(sql)
        raise OperationalError("away")

    with connection.execute_wrapper(fail):
        outcomes = auth.find_many(keys)
    assert {type(outcome) for outcome in outcomes.values()} == {OperationalError}
    assert len(asked) == 3  # for all at once, then for two
    assert None not in auth.find_many(keys).values()


def test_a_session_that_cannot_be_read_is_no_ones_and_costs_nobody_else_his(
    site: SessionSite, auth: SessionAuthenticator, commands: Callable[[], dict[str, int]]
) -> None:
    keys = [site.make_session(user) for user in site.make_users(3)]
    store = site.store(keys[1])
    name = store._cache.make_key(store.cache_key)
    with redis.Redis.from_url(store._cache._servers[0]) as client:
        client.set(name, b"{no JSON")
    outcomes = auth.find_many(keys)
    assert [outcome is not None for outcome in outcomes.values()] == [True, False, True]


def test_a_session_that_holds_something_else_is_an_error_of_its_own(
    site: SessionSite, auth: SessionAuthenticator
) -> None:
    keys = [site.make_session(user) for user in site.make_users(3)]
    store = site.store(keys[1])
    store._cache.set(store.cache_key, 5)
    outcomes = auth.find_many(keys)
    assert isinstance(outcomes[keys[1]], TypeError)
    assert [isinstance(outcome, Identity) for outcome in outcomes.values()] == [True, False, True]
    with pytest.raises(TypeError):
        auth.find(keys[1])


def test_a_key_that_the_cache_refuses_is_nobodys_and_costs_nobody_else_his(
    site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use(CACHES={"default": {"BACKEND": f"{StrictCache.__module__}.{StrictCache.__qualname__}"}})
    keys = [site.make_session(user) for user in site.make_users(2)]
    outcomes = auth.find_many([keys[0], "a" * 300, keys[1]])
    assert [outcome is not None for outcome in outcomes.values()] == [True, False, True]


def test_a_user_who_makes_his_backend_fail_is_an_error_of_his_own(
    site: SessionSite, auth: SessionAuthenticator
) -> None:
    site.use(AUTHENTICATION_BACKENDS=USED)
    users = [site.make_user(last_name=name) for name in ("One", "Broken", "Two")]
    keys = [site.make_session(user, _auth_user_backend=ELSEWHERE) for user in users]
    outcomes = auth.find_many(keys)
    assert [type(outcome) for outcome in outcomes.values()] == [Identity, LookupError, Identity]


def test_an_engine_of_the_sites_own_is_asked_for_each_session(
    site: SessionSite, auth: SessionAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.use(SESSION_ENGINE=OwnStore.__module__)
    keys = [site.make_session(user) for user in site.make_users(3)]
    monkeypatch.setattr(OwnStore, "hidden", frozenset({keys[1]}))
    outcomes = auth.find_many(keys)
    assert [outcome is not None for outcome in outcomes.values()] == [True, False, True]


class Counting(SessionAuthenticator):
    """Notes how many sessions are looked up at once."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        super().__init__(executor)
        self.jobs: list[int] = []

    def find_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        self.jobs.append(len(session_keys))
        return super().find_many(session_keys)


@pytest.mark.parametrize("engine", ENGINES)
def test_look_ups_at_the_same_time_are_one_job_where_the_engine_is_one_that_can_be_asked_for_many(
    engine: str, site: SessionSite, executor: ThreadPoolExecutor
) -> None:
    site.use_engine(engine)
    auth = Counting(executor)
    keys = [site.make_session(user) for user in site.make_users(6)]

    async def scenario() -> list[Identity | None]:
        return list(await asyncio.gather(*map(auth.look_up, keys)))

    assert [identity.session_key for identity in asyncio.run(scenario())] == keys
    assert auth.jobs == ([6] if engine in TOGETHER else [1] * 6)


def test_a_re_check_is_one_job(site: SessionSite, executor: ThreadPoolExecutor) -> None:
    auth = Counting(executor)
    keys = [site.make_session(user) for user in site.make_users(6)]
    outcomes = asyncio.run(auth.look_up_many(keys))
    assert [identity.session_key for identity in outcomes.values()] == keys
    assert auth.jobs == [6]
