"""Faults in a site's settings that hide its sessions from other processes.

The checks read the settings and the disk, and ask no database and no cache. Each fault is a sentence that names the
setting and the correction.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import gettempdir
from typing import Any, TypeAlias

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends import cache, file
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.utils.module_loading import import_string

from rtserver.user.session.site_store import store_class

Model: TypeAlias = Any
"""A class of Django models."""

SHARED = (
    'give CACHES a "BACKEND" that processes share, such as "django.core.cache.backends.redis.RedisCache", or write '
    'SESSION_ENGINE = "django.contrib.sessions.backends.db"'
)
JSON_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
MOST_LOOKED_AT = 1_000
SQLITE = "sqlite"


class SiteFault(Exception):  # noqa: N818 (named as what it is about)
    """A fault in the site's settings. ``str`` names the setting and the correction."""


def site_faults() -> Iterator[str]:
    """Yield the faults of the first check that finds any: later checks need what earlier ones look for."""
    for look in FAULTS:
        found = tuple(look())
        yield from found
        if found:
            return


def missing_apps() -> Iterator[str]:
    """Yield applications whose models are needed and that are not installed."""
    if settings.AUTH_USER_MODEL == "auth.User" and not apps.is_installed("django.contrib.auth"):
        yield 'INSTALLED_APPS has no "django.contrib.auth", so there are no users: add it'
        return
    try:
        get_user_model()
    except ImproperlyConfigured as error:
        yield f"AUTH_USER_MODEL: {error}; add its application to INSTALLED_APPS"
    try:
        session_model()
    except (RuntimeError, ImproperlyConfigured) as error:
        yield (
            f'INSTALLED_APPS has no "django.contrib.sessions", or whose model SESSION_ENGINE '
            f'"{settings.SESSION_ENGINE}" needs: add it ({" ".join(str(error).split())})'
        )
    except ImportError as error:
        yield f'SESSION_ENGINE is "{settings.SESSION_ENGINE}", which cannot be imported: {error}'
    else:
        yield from missing_serializer()


def missing_serializer() -> Iterator[str]:
    """Yield a serializer that cannot be imported: Django 5.0 removed PickleSerializer."""
    try:
        import_string(settings.SESSION_SERIALIZER)
    except ImportError as error:
        yield (
            f'SESSION_SERIALIZER is "{settings.SESSION_SERIALIZER}", which cannot be imported: {error}; write '
            f'"{JSON_SERIALIZER}"'
        )


def caches_of_one_process() -> Iterator[str]:
    """Yield a cache of sessions that no other process sees. ``cached_db`` finds all sessions in its database."""
    if not issubclass(store_class(), cache.SessionStore):
        return
    alias = settings.SESSION_CACHE_ALIAS
    if alias not in settings.CACHES:
        yield f'SESSION_CACHE_ALIAS is "{alias}", which CACHES has not: name one of {", ".join(settings.CACHES)}'
        return
    named = settings.CACHES[alias]
    try:
        kind = import_string(named.get("BACKEND", ""))
    except ImportError as error:
        yield f'CACHES["{alias}"]["BACKEND"] cannot be imported: {error}'
        return
    where = f'sessions are in the cache "{alias}", a {kind.__name__}'
    if issubclass(kind, LocMemCache):
        yield f"{where}: it lives in the memory of the site's process, and rtserver finds nobody there; {SHARED}"
    elif issubclass(kind, DummyCache):
        yield f"{where}, which keeps nothing: nobody can log in; {SHARED}"
    elif issubclass(kind, FileBasedCache):
        directory = Path(named.get("LOCATION", ""))
        made = "" if os.path.isdir(directory) else "; the site makes it as soon as it uses this cache"
        for fault in unreadable(directory, f'CACHES["{alias}"]["LOCATION"]', kind.cache_suffix):
            yield f"{fault}{made}"


def session_files() -> Iterator[str]:
    """Yield a directory of session files that this process cannot find or read."""
    if not issubclass(store_class(), file.SessionStore):
        return
    directory = Path(settings.SESSION_FILE_PATH or gettempdir())
    yield from unreadable(directory, "SESSION_FILE_PATH", settings.SESSION_COOKIE_NAME)
    if has_private_tmp(directory):
        yield (
            f"sessions are files in {directory}, and this process has a /tmp of its own (PrivateTmp of systemd): the "
            "site's are elsewhere; set SESSION_FILE_PATH to a directory outside of /tmp, or PrivateTmp=no"
        )


def sqlite_files() -> Iterator[str]:
    """Yield an SQLite database that this process would create empty instead of finding the site's."""
    for alias in sorted({router.db_for_read(model) for model in models()}):
        database = connections[alias]
        if database.vendor != SQLITE:
            continue
        name = str(database.settings_dict["NAME"])
        where = f'DATABASES["{alias}"]["NAME"]'
        if ":memory:" in name or "mode=memory" in name:
            yield f"{where} is {name!r}, a database in the memory of one process: rtserver finds no users there"
        elif not name.startswith("file:") and not os.path.exists(name):
            yield f"{where} is {_missing_file(name)}"


def _missing_file(name: str) -> str:
    if Path(name).is_absolute():
        return (
            f'"{name}", and there is no such file for user {os.geteuid()}: run "python manage.py migrate", name the '
            "site's own database, or let this user enter its directory"
        )
    place = Path(name).resolve()
    return f'"{name}", which is {place} where rtserver was started: there is no such file; write BASE_DIR / "{name}"'


FAULTS: tuple[Callable[[], Iterator[str]], ...] = (missing_apps, caches_of_one_process, session_files, sqlite_files)


def models() -> list[Model]:
    """Return the models that a look-up reads: of users, and of sessions if they are in a database."""
    model = session_model()
    return [get_user_model(), *([] if model is None else [model])]


def session_model() -> Model | None:
    """Return the model of the site's sessions, or None for an engine without one."""
    find = getattr(store_class(), "get_model_class", None)
    return None if find is None else find()


def unreadable(directory: Path, setting: str, mark: str) -> Iterator[str]:
    """Yield why the files in ``directory`` whose names contain ``mark`` cannot be read, if they cannot."""
    user = os.geteuid()
    if not os.path.isdir(directory):  # Path.is_dir raises where a directory above may not be entered
        yield (
            f"{setting} leads to {directory}: there is no such directory for rtserver, which runs as user {user}; "
            "write a full path to one that the site has as well, and that this user may enter (under systemd "
            "PrivateTmp, ProtectHome and InaccessiblePaths hide some)"
        )
    elif not os.access(directory, os.R_OK | os.X_OK):
        yield f"{setting} leads to {directory}, which user {user} may not read: run rtserver as the site's user"
    else:
        with os.scandir(directory) as entries:
            files = [each for each in islice(entries, MOST_LOOKED_AT) if mark in each.name]
        if files and not any(os.access(each, os.R_OK) for each in files):
            yield (
                f"{setting} leads to {directory}, whose files are for another user: user {user} may not read them; "
                "run rtserver as the site's user"
            )


def has_private_tmp(directory: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Return True if a directory is in a /tmp or /var/tmp that a service manager made for this process alone."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    points = [fields[4] for line in lines if len(fields := line.split()) > 4 and "systemd-private" in fields[3]]
    return any(directory.resolve().is_relative_to(point) for point in points)
