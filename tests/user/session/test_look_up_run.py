"""Connections to the site's database over batches of look-ups: how many are opened, and that none is left behind."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection
from django.db.backends.signals import connection_created

from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.look_up_run import LONGEST_SECONDS, LookUpRun
from tests.user.session_site import SessionSite

DATABASE = "db"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def opened() -> Iterator[list[object]]:
    """A list that gets each connection that is opened."""
    connections: list[object] = []

    def note(sender: object, connection: object, **options: object) -> None:
        connections.append(connection)

    connection_created.connect(note)
    yield connections
    connection_created.disconnect(note)


@pytest.fixture
def run(site: SessionSite) -> Iterator[LookUpRun]:
    """A run on this thread, which has no connection."""
    connection.close()
    yield LookUpRun(Clock())
    connection.close()


def look_up() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def is_open() -> bool:
    return connection.connection is not None


def test_batches_that_follow_one_another_share_a_connection_and_the_last_one_closes_it(
    site: SessionSite, executor: ThreadPoolExecutor, opened: list[object]
) -> None:
    site.use_engine(DATABASE)
    keys = [site.log_in(site.make_user()) for _ in range(5)]

    async def ask(auth: SessionAuthenticator) -> None:
        auth._batcher._max_batch = 1
        assert all(await asyncio.gather(*map(auth.look_up, keys)))
        await asyncio.sleep(0)  # the end of the run is told

    with ThreadPoolExecutor(1) as run_thread:
        auth = SessionAuthenticator(executor, run_thread=run_thread)
        for runs in (1, 2):
            opened.clear()
            asyncio.run(ask(auth))
            assert not run_thread.submit(is_open).result(10)
            assert len(opened) == 1, f"run {runs}"


def test_a_look_up_outside_of_runs_closes_its_connection(auth: SessionAuthenticator, site: SessionSite) -> None:
    site.use_engine(DATABASE)
    key = site.log_in(site.make_user())
    assert auth.find(key) is not None
    assert not is_open()


def test_a_site_that_keeps_its_connections_has_them_kept(run: LookUpRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    with run.batch():
        look_up()
    run.end()
    assert is_open()


def test_a_connection_that_has_failed_is_not_used_by_the_next_batch(
    run: LookUpRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run.batch():
        look_up()
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
    assert is_open()
    with run.batch():
        assert not is_open()


def test_a_connection_that_was_left_in_a_transaction_is_not_used_by_the_next_batch(run: LookUpRun) -> None:
    with run.batch():
        look_up()
        connection.set_autocommit(False)
    with run.batch():
        assert not is_open()


def test_a_run_that_goes_on_looks_at_the_age_of_its_connection_now_and_then(run: LookUpRun) -> None:
    clock = Clock()
    run = LookUpRun(clock)
    seen = []
    for _ in range(5):
        with run.batch():
            seen.append(is_open())
            look_up()
        clock.now += LONGEST_SECONDS / 2
    assert seen == [False, True, False, True, False]


def test_a_connection_that_cannot_be_closed_is_logged(
    run: LookUpRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with run.batch():
        look_up()

    def refuse() -> None:
        raise DatabaseError("no")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "close", refuse)
        run.end()
    assert "could not be closed" in caplog.text
