"""The message to rtserver's queue about a logout. Nothing on the way there can stop a logout."""

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from rtserver.base.queue.signature import Signer

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client, override_settings


def override(**settings: object) -> "override_settings":
    """Other settings inside a ``with``. Django may be imported only after it was set up."""
    from django.test import override_settings

    return override_settings(**settings)


@pytest.fixture
def refusing_redis() -> Iterator[str]:
    """An address of this machine that refuses connections as long as the test runs."""
    with socket.socket() as bound_but_not_listening:
        bound_but_not_listening.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{bound_but_not_listening.getsockname()[1]}/0"


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_logging_out_tells_rtserver_which_session_ended(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    queue: redis.Redis,
) -> None:
    log_in()
    session_key = client.cookies["sessionid"].value
    log_out()

    (message,) = queue.lrange("queue:rtserver", 0, -1)
    assert json.loads(message) == {
        "type": "django_site",
        "src": "rtsite",
        "data": {"op": "session_closed", "session_key": session_key},
    }


def test_a_logout_of_nobody_tells_nothing(
    client: "Client", log_out: "Callable[[], HttpResponse]", queue: redis.Redis
) -> None:
    client.get("/accounts/login/")

    assert log_out().status_code == 302
    assert queue.llen("queue:rtserver") == 0


def test_each_session_is_told_by_itself(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    queue: redis.Redis,
) -> None:
    keys = []
    for name in ("demo", "guest"):
        log_in(name)
        keys.append(client.cookies["sessionid"].value)
        log_out()

    assert [json.loads(m)["data"]["session_key"] for m in queue.lrange("queue:rtserver", 0, -1)] == keys


def test_the_queue_may_have_another_name(
    log_in: "Callable[..., HttpResponse]", log_out: "Callable[[], HttpResponse]", queue: redis.Redis
) -> None:
    log_in()
    with override(RTSERVER_QUEUE="queue:other"):
        log_out()

    assert queue.llen("queue:rtserver") == 0
    assert queue.lpop("queue:other") is not None


def test_where_the_queue_has_a_secret_the_message_is_signed_with_the_first(
    log_in: "Callable[..., HttpResponse]", log_out: "Callable[[], HttpResponse]", queue: redis.Redis
) -> None:
    log_in()
    with override(RTSERVER_QUEUE_SECRET="a secret of the shop"):
        log_out()

    message = queue.lpop("queue:rtserver")
    assert json.loads(Signer("a secret of the shop").open(message.encode()))["data"]["op"] == "session_closed"


def test_the_secret_of_a_file_is_read_when_something_is_signed_and_the_time_is_said(
    log_in: "Callable[..., HttpResponse]", log_out: "Callable[[], HttpResponse]", queue: redis.Redis, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    with override(RTSERVER_QUEUE_SECRET_FILE=str(file), RTSERVER_HAS_SIGNED_TIME=True):
        for secret in ("a secret of the shop", "the secret after it"):
            file.write_text(f"{secret}\nan older one of theirs\n")
            log_in()
            log_out()
            message = queue.lpop("queue:rtserver")
            assert (
                json.loads(Signer(secret, seconds=600, now=time.time).open(message.encode()))["data"]["op"]
                == "session_closed"
            )


def test_a_secret_that_cannot_be_read_does_not_stop_a_logout(
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    queue: redis.Redis,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bytes_of_no_text = tmp_path / "bytes"
    bytes_of_no_text.write_bytes(b"\xff\xfe, no UTF-8")
    for file in (tmp_path / "none", bytes_of_no_text):
        log_in()
        caplog.clear()
        with override(RTSERVER_QUEUE_SECRET_FILE=str(file)), caplog.at_level(logging.WARNING):
            assert log_out().status_code == 302
        assert queue.llen("queue:rtserver") == 0
        assert "rtserver is not told" in caplog.text


def test_a_key_of_the_wrong_kind_does_not_stop_a_logout(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    queue: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_in()
    queue.set("queue:rtserver", "not a list")
    with caplog.at_level(logging.WARNING, "rtsite.signals"):
        answer = log_out()

    assert answer["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302
    assert "WRONGTYPE" in caplog.text


def test_a_redis_that_is_away_does_not_stop_a_logout(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    refusing_redis: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_in()
    with override(RTSERVER_REDIS_URL=refusing_redis):
        answer = log_out()

    assert answer["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302
    assert "rtserver is not told" in caplog.text


def test_a_redis_that_hangs_does_not_stop_a_logout(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    silent_redis: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_in()
    with override(RTSERVER_REDIS_URL=silent_redis, REDIS_TIMEOUT_SECONDS=0.05):
        answer = log_out()

    assert answer["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302
    assert "Timeout" in caplog.text


@pytest.fixture
def sessions_away(django_site: None, refusing_redis: str) -> "override_settings":
    """Within it, the site's whole Redis is away."""
    from django.conf import settings

    caches = {"default": {**settings.CACHES["default"], "LOCATION": refusing_redis}}
    return override(CACHES=caches, RTSERVER_REDIS_URL=refusing_redis)


@pytest.mark.parametrize("path", ["/", "/notices/", "/accounts/session/"])
def test_an_outage_of_the_session_store_logs_nobody_out(
    client: "Client", log_in: "Callable[..., HttpResponse]", sessions_away: "override_settings", path: str
) -> None:
    log_in()
    with sessions_away:
        answer = client.get(path)

    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "sessionid" not in answer.cookies
    assert client.get(path).status_code in {200, 204}


def test_logging_in_during_an_outage_says_so(
    client: "Client", log_in: "Callable[..., HttpResponse]", sessions_away: "override_settings"
) -> None:
    with sessions_away:
        assert log_in().status_code == 503


def test_logging_out_during_an_outage_takes_the_cookie_away(
    client: "Client",
    log_in: "Callable[..., HttpResponse]",
    log_out: "Callable[[], HttpResponse]",
    sessions_away: "override_settings",
) -> None:
    log_in()
    with sessions_away:
        answer = log_out()

    assert answer["Location"] == "/accounts/login/"
    assert answer.cookies["sessionid"]["max-age"] == 0


def test_a_cookie_that_leads_nowhere_is_not_an_outage(client: "Client") -> None:
    client.cookies["sessionid"] = "a" * 32

    assert client.get("/").status_code == 302
    assert client.get("/accounts/session/").status_code == 401
