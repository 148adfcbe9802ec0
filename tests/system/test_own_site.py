"""A server beside a real Django site of a team's own: what it says of log-ins that fail, and of itself meanwhile."""

import json
import re
import shutil
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.conftest import unused_port
from tests.own_site import LOG_IN, OwnSite
from tests.running_server import RunningServer
from tests.websocket_client import KEY

pytestmark = pytest.mark.own_site

UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
OTHER_SESSIONS = """
from django.contrib.sessions.backends.db import SessionStore

def keep(seconds=3600, **data):
    session = SessionStore()
    session.update(data)
    session.set_expiry(seconds)
    session.save()
    print(session.session_key)

keep(-60, _auth_user_id="1")
keep(basket=[1])
bob = get_user_model().objects.create(username="bob")
browser = Client()  # one that logs another user in ends the session of the first
browser.force_login(bob)
print(browser.cookies["sessionid"].value)
get_user_model().objects.filter(pk=bob.pk).update(is_active=False)
settings.SECRET_KEY = "another"
keep(a=1)
"""
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) [A-Z]+ +\S+: ")


@pytest.fixture
def site(tmp_path: Path) -> OwnSite:
    return OwnSite(tmp_path).migrate()


def running(site: OwnSite, redis_url: str) -> RunningServer:
    return RunningServer(redis_url, site.directory / "var", unused_port(), *site.options)


def knock(server: RunningServer, *cookies: str, path: str = "/rt/") -> int:
    """The status of a handshake."""
    headers = {**UPGRADE, **({"Cookie": "; ".join(cookies)} if cookies else {})}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def readiness(server: RunningServer) -> tuple[int, dict[str, str]]:
    """The status of ``/readyz``, and the details of what is not well."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz") as answer:
            status, body = answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        status, body = error.code, json.load(error)
    return status, {check["name"]: check["detail"] for check in body["checks"] if not check["ok"]}


def test_each_refusal_says_what_came_and_what_was_wrong_and_no_key(site: OwnSite, redis_url: str) -> None:
    key, expired, anonymous, inactive, foreign = site.run(LOG_IN + OTHER_SESSIONS).split()
    with running(site, redis_url) as server:
        assert knock(server, f"sessionid={key}") == 101
        for cookies, words in (
            ((), 'no cookie came at all: a browser sends "sessionid"'),
            (("csrftoken=1", "theme=dark"), 'no cookie "sessionid" (SESSION_COOKIE_NAME) came, but csrftoken, theme'),
            (("sessionid=",), 'the cookie "sessionid" came empty'),
            ((f"sessionid={'a' * 32}",), "is not in django_session: logged out, or made by a site with another"),
            ((f"sessionid={key}", f"sessionid={'b' * 32}"), 'the cookie "sessionid" came 2 times, and the last one'),
            ((f"sessionid={expired}",), "expired at 20"),
            ((f"sessionid={anonymous}",), "nobody is logged in in its session"),
            ((f"sessionid={inactive}",), "belongs to user 2, who does not exist any more or may not log in"),
            ((f"sessionid={foreign}",), "cannot be read: SECRET_KEY or SESSION_SERIALIZER is not the one"),
        ):
            assert knock(server, *cookies) == 401
            assert "not logged in: no valid session (401): " in server.wait_said(words)
    log = "".join(server.output)
    assert all(secret not in log for secret in (key, expired, anonymous, inactive, foreign, "a" * 32, "b" * 32))
    assert {len(LINE.findall(line)) for line in server.output if line[:2] == "20"} == {1}
    told = datetime.fromisoformat(LINE.findall(log)[-1])
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=5)  # the site's time zone is nine hours away


def test_a_server_whose_site_keeps_sessions_in_its_own_memory_is_not_ready_and_says_why(
    site: OwnSite, redis_url: str
) -> None:
    site.change('SESSION_ENGINE = "django.contrib.sessions.backends.cache"\nSESSION_COOKIE_PATH = "/shop"')
    key = site.log_in()
    server = running(site, redis_url)
    try:
        server.start(lambda: "nobody can log in" in "".join(server.output))
        assert knock(server, f"sessionid={key}") == 401
        refused = server.wait_said("not logged in: no valid session (401)")
        assert 'is not in the cache "default" (LocMemCache)' in refused
        assert "it lives in the memory of the site's process" in refused
        assert knock(server) == 401
        assert 'SESSION_COOKIE_PATH is "/shop": browsers do not send' in server.wait_said("no cookie came at all")
        # All else is well as soon as the service thread has reached Redis.
        server.wait_ready(lambda: list(readiness(server)[1]) == ["log-ins"])
        status, wrong = readiness(server)
        assert status == 503
        assert "LocMemCache" in wrong["log-ins"]
    finally:
        server.end()


def test_a_server_is_ready_just_as_long_as_users_can_be_looked_up(site: OwnSite, redis_url: str) -> None:
    key = site.log_in()
    database = site.directory / "db.sqlite3"
    with running(site, redis_url) as server:
        assert knock(server, f"sessionid={key}") == 101
        shutil.copy(database, site.directory / "kept.sqlite3")
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE django_session")
        connection.close()
        assert knock(server, f"sessionid={'c' * 32}") == 503
        server.wait_ready(lambda: readiness(server)[0] == 503)
        assert "has no table django_session" in readiness(server)[1]["log-ins"]
        assert "python manage.py migrate" in server.wait_said("! nobody can log in")
        shutil.copy(site.directory / "kept.sqlite3", database)
        server.wait_ready()
        assert knock(server, f"sessionid={key}") == 101
        server.wait_said("= log-ins are possible again")


def test_the_directory_of_a_cache_in_files_is_missed_until_the_site_makes_it(site: OwnSite, redis_url: str) -> None:
    files = 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": '
    site.change(f'SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n{files}BASE_DIR / "cache"}}}}')
    server = running(site, redis_url)
    try:
        server.start(lambda: "nobody can log in" in "".join(server.output))
        for number in range(2):
            assert knock(server, f"sessionid={number}{'a' * 31}") == 401
        server.wait_said('is not in the cache "default" (FileBasedCache)')
        assert not (site.directory / "cache").exists()
        assert 'CACHES["default"]["LOCATION"] leads to' in readiness(server)[1]["log-ins"]
        key = site.log_in()
        server.wait_ready()
        assert knock(server, f"sessionid={key}") == 101
    finally:
        server.end()


def test_a_site_below_a_path_has_its_sockets_there(site: OwnSite, redis_url: str) -> None:
    site.change('FORCE_SCRIPT_NAME = "/shop"\nSESSION_COOKIE_PATH = "/shop"')
    key = site.log_in()
    with RunningServer(
        redis_url, site.directory / "var", unused_port(), *site.options, "--path", "/shop/rt/"
    ) as server:
        assert knock(server, f"sessionid={key}", path="/shop/rt/") == 101
        assert knock(server, f"sessionid={key}") == 404
        assert not [line for line in server.output if "SESSION_COOKIE_PATH" in line]
