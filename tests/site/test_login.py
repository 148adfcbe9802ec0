"""Logging in and out through the site's own forms, as a browser does it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client


@pytest.mark.parametrize("path", ["/", "/notices/"])
def test_a_page_sends_strangers_to_the_login_page_and_says_where_they_wanted_to_go(
    client: "Client", path: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={path}"


def test_the_login_page_has_the_fields_that_django_expects(client: "Client") -> None:
    page = client.get("/accounts/login/").content.decode()

    for name in ("username", "password", "csrfmiddlewaretoken", "next"):
        assert f'name="{name}"' in page


@pytest.mark.parametrize("name", ["demo", "guest"])
def test_the_demo_users_get_to_the_charts(client: "Client", log_in: "Callable[..., HttpResponse]", name: str) -> None:
    answer = log_in(name)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert f">{name}</span>" in client.get("/").content.decode()


def test_a_wrong_password_is_told_on_the_page_and_starts_no_session(
    client: "Client", log_in: "Callable[..., HttpResponse]"
) -> None:
    answer = log_in("demo", "wrong")

    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert "sessionid" not in client.cookies


def test_the_name_that_was_typed_comes_back_escaped(log_in: "Callable[..., HttpResponse]") -> None:
    page = log_in('"><script>', "wrong").content.decode()

    assert "&quot;&gt;&lt;script&gt;" in page
    assert '"><script>' not in page


def test_after_the_login_the_wanted_page_opens(log_in: "Callable[..., HttpResponse]") -> None:
    assert log_in(next="/notices/")["Location"] == "/notices/"


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_the_login_does_not_lead_to_another_site(log_in: "Callable[..., HttpResponse]", target: str) -> None:
    assert log_in(next=target)["Location"] == "/"


def test_a_form_without_its_csrf_token_is_refused_with_a_page_of_ours(client: "Client") -> None:
    answer = client.post("/accounts/login/", {"username": "demo", "password": "demo"})

    assert answer.status_code == 403
    assert "That form is too old" in answer.content.decode()


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    client: "Client", log_in: "Callable[..., HttpResponse]"
) -> None:
    log_in()
    cookie = client.cookies["sessionid"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_session_key_changes_at_login(client: "Client", log_in: "Callable[..., HttpResponse]") -> None:
    """Otherwise a key that was planted in a browser before would be a logged-in one afterwards."""
    from django.contrib.sessions.backends.cache import SessionStore

    planted = SessionStore()
    planted.create()
    client.cookies["sessionid"] = planted.session_key
    log_in()

    assert client.get("/").status_code == 200
    assert client.cookies["sessionid"].value != planted.session_key
    assert not planted.exists(planted.session_key)


def test_the_session_is_in_redis_as_json_that_runs_nothing(
    client: "Client", log_in: "Callable[..., HttpResponse]", queue: redis.Redis
) -> None:
    log_in()
    (key,) = queue.keys(f"*{client.cookies['sessionid'].value}")

    assert queue.get(key).startswith('{"_auth_user_id":"')


def test_logging_out_needs_a_post(client: "Client", log_in: "Callable[..., HttpResponse]") -> None:
    log_in()

    assert client.get("/accounts/logout/").status_code == 405
    assert client.get("/").status_code == 200


def test_logging_out_needs_the_csrf_token(client: "Client", log_in: "Callable[..., HttpResponse]") -> None:
    log_in()

    assert client.post("/accounts/logout/").status_code == 403
    assert client.get("/").status_code == 200


def test_logging_out_ends_the_session_on_the_server_too(
    client: "Client", log_in: "Callable[..., HttpResponse]", log_out: "Callable[[], HttpResponse]"
) -> None:
    log_in()
    stolen = client.cookies["sessionid"].value

    assert log_out()["Location"] == "/accounts/login/"
    client.cookies["sessionid"] = stolen
    assert client.get("/").status_code == 302


def test_pages_can_ask_whether_the_session_holds(
    client: "Client", log_in: "Callable[..., HttpResponse]", log_out: "Callable[[], HttpResponse]"
) -> None:
    assert client.get("/accounts/session/").status_code == 401
    log_in()
    assert client.get("/accounts/session/").status_code == 204
    log_out()
    assert client.get("/accounts/session/").status_code == 401


def test_who_is_logged_in_already_does_not_see_the_login_page(
    client: "Client", log_in: "Callable[..., HttpResponse]"
) -> None:
    log_in()

    assert client.get("/accounts/login/")["Location"] == "/"


def test_a_foreign_host_name_is_refused(client: "Client") -> None:
    assert client.get("/accounts/login/", headers={"host": "example.org"}).status_code == 400
