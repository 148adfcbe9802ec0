"""Django's preparation. Settings are one per process, so each of these tests looks into a process of its own."""

import json
import os
import subprocess
from pathlib import Path

from rtserver import demo_site_dir
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.django_env import demo_variables
from tests import fork_server

PREPARE = """
import json, os, sys
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.django_env import prepare_django
from rtserver.bootstrap.config.error import DjangoError
try:
    site = prepare_django(Config(**json.loads(sys.argv[1])), sys.argv[2])
except DjangoError as error:
    sys.exit(f"DjangoError: {error}")
"""

DEMO = (
    PREPARE
    + """
from django.contrib.auth import authenticate
from django.conf import settings
from django.db import connection
assert connection.connection is None, "left open for threads that must not use it"
print(json.dumps({
    "user": authenticate(username="demo", password="demo").username,
    "static": str(site.static_dir),
    "queue": settings.RTSERVER_QUEUE,
    "redis": settings.RTSERVER_REDIS_URL,
}))
def start_response(status, headers): print(status)
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/accounts/login/", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
           "wsgi.input": sys.stdin.buffer, "wsgi.url_scheme": "http"}
print(b"password" in b"".join(site.application(environ, start_response)))
"""
)

TWICE = (
    PREPARE
    + """
prepare_django(Config(**json.loads(sys.argv[1])), sys.argv[2])
try:
    prepare_django(Config(**json.loads(sys.argv[1])), "redis://elsewhere/0")
except DjangoError as error:
    print(error)
"""
)

OWN = PREPARE + "\nfrom django.conf import settings; print(site, settings.WHOSE)"


def run(code: str, config: dict, redis_url: str = "redis://127.0.0.1:1/0") -> subprocess.CompletedProcess[str]:
    """Run ``code`` with a configuration and an address; variables of the machine's Django and site stay outside."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "RTSITE_", "RTSERVER_"))}
    return fork_server.run(["-c", code, json.dumps(config), redis_url], environ)


def test_the_demo_site_is_ready_to_be_served_and_to_be_logged_in_to(tmp_path: Path, redis_url: str) -> None:
    done = run(DEMO, {"var_dir": str(tmp_path), "queue": "queue:mine"}, redis_url)
    assert done.returncode == 0, done.stderr
    told, status, has_form = done.stdout.splitlines()
    assert json.loads(told) == {
        "user": "demo",
        "static": str(demo_site_dir() / "static"),
        "queue": "queue:mine",
        "redis": redis_url,
    }
    assert (status, has_form) == ("200 OK", "True")


def test_preparing_twice_is_fine_unless_the_second_time_wants_another_redis(tmp_path: Path) -> None:
    done = run(TWICE, {"var_dir": str(tmp_path)})
    assert done.stdout == "the demo site is set up with another Redis in this process\n", done.stderr


def test_a_team_s_own_settings_are_found_in_its_directory_and_nothing_is_served(tmp_path: Path) -> None:
    (tmp_path / "shopsettings.py").write_text("SECRET_KEY = 'x'\nWHOSE = 'ours'\n")
    done = run(OWN, {"django_settings": "shopsettings", "django_path": str(tmp_path)})
    assert done.stdout == "None ours\n", done.stderr


def test_settings_that_cannot_be_imported_are_one_line_that_names_them(tmp_path: Path) -> None:
    done = run(PREPARE, {"django_settings": "nosuch.settings", "django_path": str(tmp_path)})
    assert done.stderr == (
        f"DjangoError: Django settings 'nosuch.settings' from {tmp_path}: "
        "ModuleNotFoundError: No module named 'nosuch'; set django_path to the directory of manage.py\n"
    )


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = run(PREPARE, {"django_settings": "a.b", "django_path": str(tmp_path / "none")})
    assert done.stderr == f"DjangoError: django_path: {tmp_path / 'none'} is no directory\n"


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "site.sqlite3").mkdir()
    done = run(PREPARE, {"var_dir": str(tmp_path)})
    assert done.stderr.startswith("DjangoError: the demo site's database: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_may_be_asked_for_under_every_name_that_the_configuration_mentions() -> None:
    config = Config(host="10.0.0.7", allowed_origins=("https://shop.example.com:8443",))
    variables = demo_variables(config, "redis://x", {"RTSITE_ALLOWED_HOSTS": "a.example"})
    assert variables["RTSITE_ALLOWED_HOSTS"] == "shop.example.com,10.0.0.7,a.example"
    assert demo_variables(Config(host="0.0.0.0"), "redis://x", {})["RTSITE_ALLOWED_HOSTS"] == ""


def test_the_demo_is_told_its_sentinels_apart_from_the_data_and_shows_no_password() -> None:
    url = "redis+sentinel://:secret@one:1,two:2/service/3?sentinel_password=other"
    told = demo_variables(Config(redis_url=url), url, {})
    assert told["RTSITE_REDIS_URL"].startswith("redis://:secret@")
    assert told["RTSITE_REDIS_URL"].endswith("/3")
    assert told["RTSITE_REDIS_SENTINELS"] == "redis://:other@one:1,redis://:other@two:2"
    assert told["RTSITE_REDIS_SERVICE"] == "service"
    assert told["RTSITE_PRODUCER_URL"] == "redis+sentinel://one:1,two:2/service/3"


def test_the_demo_site_is_found_in_a_checkout() -> None:
    assert demo_site_dir() == Path(__file__).parents[3] / "site"
    assert (demo_site_dir() / "manage.py").is_file()
