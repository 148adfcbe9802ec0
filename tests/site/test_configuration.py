"""The site's settings: what the environment may change, the secret key, Django's own checks."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fork_server import run

if TYPE_CHECKING:
    from rtsite.environment import Environment

SITE_DIR = Path(__file__).resolve().parents[2] / "site"
ELSEWHERE = Path("/elsewhere/var")


@pytest.fixture
def read_environment(django_site: None) -> "Callable[..., Environment]":
    from rtsite.environment import read_environment

    return lambda **variables: read_environment(variables, ELSEWHERE)


@pytest.fixture
def read_or_make_secret_key(django_site: None) -> Callable[[Path], str]:
    from rtsite.secret_key import read_or_make_secret_key

    return read_or_make_secret_key


def manage(var: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One management command in a process of its own, in an environment of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RTSITE_", "DJANGO_"))}
    return run([SITE_DIR / "manage.py", *arguments], {**clean, "RTSITE_VAR": str(var), **variables})


def test_without_any_variable_the_site_runs_on_this_machine_and_tells_nothing(
    read_environment: "Callable[..., Environment]",
) -> None:
    environment = read_environment()

    assert environment.redis_url == environment.producer_url == "redis://127.0.0.1:6379/0"
    assert environment.queue == "queue:rtserver"
    assert environment.var_dir == ELSEWHERE
    assert environment.allowed_hosts == ()
    assert not environment.debug
    assert not environment.https


def test_of_several_secrets_the_first_signs(read_environment: "Callable[..., Environment]") -> None:
    assert read_environment().queue_secret == ""
    assert read_environment(RTSITE_QUEUE_SECRET="new one, old one").queue_secret == "new one"
    assert read_environment(RTSITE_QUEUE_SECRET_FILE="/run/secret").queue_secret_file == "/run/secret"
    times = [read_environment(RTSITE_SIGNATURE_SECONDS=text).has_signed_time for text in ("", "0", "600")]
    assert times == [False, False, True]


def test_host_names_are_separated_by_commas(read_environment: "Callable[..., Environment]") -> None:
    assert read_environment(RTSITE_ALLOWED_HOSTS="a.example, b.example,").allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@10.0.0.1:6379/1", "redis://:…@10.0.0.1:6379/1"),
        ("rediss://feed:p%40ss@[::1]:6380/0", "rediss://feed:…@[::1]:6380/0"),
        ("unix:///run/redis.sock?password=secret&db=1", "unix:///run/redis.sock?password=…&db=1"),
    ],
)
def test_no_page_shows_the_password_of_redis(
    read_environment: "Callable[..., Environment]", url: str, shown: str
) -> None:
    assert read_environment(RTSITE_REDIS_URL=url).producer_url == shown
    assert read_environment(RTSITE_PRODUCER_URL=url).producer_url == shown


@pytest.mark.parametrize(("word", "value"), [("1", True), ("on", True), ("TRUE", True), ("0", False), ("", False)])
def test_a_switch_has_more_than_one_spelling(
    read_environment: "Callable[..., Environment]", word: str, value: bool
) -> None:
    assert read_environment(RTSITE_DEBUG=word).debug is value


def test_a_switch_that_is_neither_on_nor_off_stops_the_start(
    read_environment: "Callable[..., Environment]",
) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="RTSITE_HTTPS is 'maybe'; it may be"):
        read_environment(RTSITE_HTTPS="maybe")


def test_the_secret_key_is_made_once_and_nobody_else_may_read_it(
    read_or_make_secret_key: Callable[[Path], str], tmp_path: Path
) -> None:
    path = tmp_path / "var" / "secret_key"
    key = read_or_make_secret_key(path)

    assert len(key) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_or_make_secret_key(path) == key
    assert list(path.parent.iterdir()) == [path]


def test_two_installations_have_two_keys(read_or_make_secret_key: Callable[[Path], str], tmp_path: Path) -> None:
    assert read_or_make_secret_key(tmp_path / "a") != read_or_make_secret_key(tmp_path / "b")


def test_many_who_start_at_once_agree_on_one_key(
    read_or_make_secret_key: Callable[[Path], str], tmp_path: Path
) -> None:
    start, keys = threading.Barrier(8, timeout=10), []

    def run() -> None:
        start.wait()
        keys.append(read_or_make_secret_key(tmp_path / "secret_key"))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_an_empty_key_file_is_an_error_and_not_a_key(
    read_or_make_secret_key: Callable[[Path], str], tmp_path: Path
) -> None:
    from django.core.exceptions import ImproperlyConfigured

    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="holds no key"):
        read_or_make_secret_key(tmp_path / "secret_key")


def test_what_is_no_json_is_no_session(django_site: None) -> None:
    from rtsite.session_serializer import JSONSerializer

    serializer = JSONSerializer()
    assert serializer.loads(serializer.dumps({"a": [1, "ü", None]})) == {"a": [1, "ü", None]}
    assert serializer.loads(b"%d" % serializer.dumps(7)) == 7
    with pytest.raises(ValueError):  # noqa: PT011 (of whatever kind: the session engine treats all alike)
        serializer.loads(b"\x80\x04\x95")


def test_the_demo_users_are_made_once_and_keep_a_changed_password(django_site: None) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connections
    from rtsite.demo_users import create_demo_users

    guest = get_user_model().objects.get(username="guest")
    before = guest.password
    assert create_demo_users() == []
    guest.refresh_from_db()
    assert guest.password == before
    connections.close_all()


@pytest.mark.parametrize("https", ["0", "1"])
def test_djangos_own_checks_pass(tmp_path: Path, https: str) -> None:
    result = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", RTSITE_HTTPS=https)

    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_https_makes_the_cookies_secure(tmp_path: Path) -> None:
    settings = manage(tmp_path, "diffsettings", RTSITE_HTTPS="1").stdout

    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert f"{name} = True" in settings


def test_debug_is_off_and_the_key_may_come_from_the_environment(tmp_path: Path) -> None:
    settings = manage(tmp_path, "diffsettings", "--all", RTSITE_SECRET_KEY="k" * 60).stdout

    assert "DEBUG = False" in settings
    assert not (tmp_path / "secret_key").exists()
