"""Django, prepared in this process: for the team's own site, whose sessions and users are read, or for the demo site,
which is served as well.

It decides what Django is told through the environment. ``site/rtsite/environment.py`` reads the demo's ``RTSITE_*``
variables; ``user/session/authenticator.py`` decides which users may log in. Django's settings are one per process, so
this is done once; a second preparation must want the same.
"""

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

import django
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import DatabaseError, connections

from rtserver import demo_site_dir
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import DjangoError
from rtserver.bootstrap.site.settings_error import explain
from rtserver.user.session.site_file_cache import leave_directories
from tcelib.redis.redis_address import Guide, RedisAddress, at, read_address
from tcelib.redis.redis_password import split_password_file

DEMO_SETTINGS = "rtsite.settings"
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True)
class DemoSite:
    """The parts of the demo site that the HTTP server serves beside its own paths."""

    application: WSGIApplication
    static_dir: Path
    """The files under ``/static/``."""


def prepare_django(config: Config, redis_url: str) -> DemoSite | None:
    """Set Django up and, in demo mode, bring the demo's database up to date. Return None for the team's own site.

    ``redis_url`` is where the demo keeps its sessions. Django sets logging up as its settings say: set up ours
    afterwards. Raises ``DjangoError``.
    """
    if config.django_settings:
        set_up_django(config, redis_url)
        return None
    with _alone_in(Path(config.var_dir)):
        set_up_django(config, redis_url)
        _prepare_demo_database()
    return DemoSite(WSGIHandler(), demo_site_dir() / "static")


def set_up_django(config: Config, redis_url: str) -> None:
    """Load the settings and the applications. On disk it makes at most the demo's secret key.

    Caches in files are treated as ``site_file_cache`` says. Raises ``DjangoError``.
    """
    module = config.django_settings or DEMO_SETTINGS
    directory = site_dir(config) if config.django_settings else demo_site_dir()
    if not directory.is_dir():
        raise DjangoError(f"django_path: {directory} is no directory")
    _refuse_another_set_up(module, None if config.django_settings else _data_url(read_address(redis_url)))
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    if not config.django_settings:
        os.environ.update(demo_variables(config, redis_url, os.environ))
    os.environ[ENVIRONMENT_VARIABLE] = module
    try:
        django.setup()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Settings are a program, which may raise anything; one that ends the process must not end it in silence.
        said = explain(error, directory, module)
        raise DjangoError(f"Django settings {module!r} from {directory}: {said}") from error
    leave_directories()


def demo_variables(config: Config, redis_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the demo site's variables: where its things are kept, and the host names that it accepts."""
    address = read_address(redis_url)
    guides = ",".join(at(address.seed_url, seed) for seed in address.seeds)
    hosts = [urlsplit(origin).hostname or "" for origin in config.allowed_origins]
    if config.host not in ANY_ADDRESS:
        hosts.append(config.host)
    hosts.append(environ.get("RTSITE_ALLOWED_HOSTS", ""))
    return {
        "RTSITE_HTTPS": "1" if config.tls_cert else environ.get("RTSITE_HTTPS", ""),
        "RTSITE_REDIS_URL": _data_url(address),
        # redis-py knows neither address, of Sentinels nor of a Cluster.
        "RTSITE_REDIS_SENTINELS": guides if address.guide is Guide.SENTINEL else "",
        "RTSITE_REDIS_SERVICE": address.service,
        "RTSITE_REDIS_NODES": guides if address.guide is Guide.CLUSTER else "",
        "RTSITE_REDIS_PASSWORD_FILE": _absolute(config.redis_password_file),
        "RTSITE_REDIS_USER": (config.redis_password_file and urlsplit(address.url).username) or "",
        "RTSITE_PRODUCER_URL": address.shown or _data_url(address),
        "RTSITE_QUEUE": config.queue,
        # From a file the site reads it by itself, each time that it signs: it may be another one by then.
        "RTSITE_QUEUE_SECRET": "" if config.queue_secret_file else config.queue_secret,
        "RTSITE_QUEUE_SECRET_FILE": _absolute(config.queue_secret_file),
        "RTSITE_SIGNATURE_SECONDS": format(config.signature_seconds, "g"),
        "RTSITE_VAR": str(Path(config.var_dir).resolve()),
        "RTSITE_ALLOWED_HOSTS": ",".join(host for host in hosts if host),
    }


def _data_url(address: RedisAddress) -> str:
    return split_password_file(address.url)[0]


def _absolute(path: str) -> str:
    return path and str(Path(path).resolve())


def site_dir(config: Config) -> Path:
    """Return the directory from which the settings of a site of one's own are imported."""
    return Path(config.django_path or ".").resolve()


def _refuse_another_set_up(module: str, redis_url: str | None) -> None:
    """Raise ``DjangoError`` if this process has other settings already: they would silently stay."""
    if not settings.configured:
        return
    known = os.environ.get(ENVIRONMENT_VARIABLE)
    if known != module:
        raise DjangoError(f"Django is set up with {known!r} in this process and cannot change to {module!r}")
    if redis_url is not None and redis_url != settings.RTSERVER_REDIS_URL:
        raise DjangoError("the demo site is set up with another Redis in this process")


@contextmanager
def _alone_in(var_dir: Path) -> Iterator[None]:
    """Let one process after the other make the demo's secret key and its tables."""
    directory = var_dir.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "demo.lock").open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare_demo_database() -> None:
    try:
        call_command("migrate", verbosity=0)
        call_command("demo_data", verbosity=0)
    except DatabaseError as error:
        raise DjangoError(f"the demo site's database: {error}") from error
    finally:
        # The executor's threads open their own.
        connections.close_all()
