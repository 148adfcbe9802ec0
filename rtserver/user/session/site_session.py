"""Data of sessions, read from the site's store: with one question for many, where the engine allows it.

The table ``_ENGINES`` names the engines that take one question for many. Sessions of other engines, and all sessions
if that question fails, are read by the engine's own ``load``, one by one. Nothing is written. ``site_user`` reads the
data.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone

from rtserver.user.session.site_look_up import look_up_each
from rtserver.user.session.site_store import Data, StoreClass, store_class

log = logging.getLogger(__name__)

LONGEST_KEY = 100
"""Bound for engines that take one question for many: their keys have 32 characters, and the column has 40.

A cache refuses the whole question for a longer key, or warns of each, and Python keeps every warning."""


def is_read_together() -> bool:
    """Return True if the site's engine takes one question for many sessions. Derived engines do not count."""
    return settings.SESSION_ENGINE in _ENGINES


def read_sessions(session_keys: Sequence[str]) -> dict[str, Data | Exception | None]:
    """Return the data of each session: None or empty for one that does not exist or has expired.

    Keys compare exactly, even where the database would take ``ABC`` for ``abc``. A store that cannot be reached gives
    an error in the place of the data. Blocks.
    """
    read_together = _ENGINES.get(settings.SESSION_ENGINE)
    if read_together is None:
        return look_up_each(session_keys, _read)
    possible = [session_key for session_key in session_keys if len(session_key) <= LONGEST_KEY]
    found: Mapping[str, Data | Exception | None]
    try:
        found = read_together(store_class(), possible)
    except Exception as error:  # noqa: BLE001 (the errors of single reads count)
        # Either the store is away, or it refuses one key or value.
        log.info("! %d sessions are read one by one: %s", len(possible), error)
        found = look_up_each(possible, _read)
    return {session_key: found.get(session_key) for session_key in session_keys}


def _from_cache(engine: StoreClass, session_keys: Sequence[str]) -> dict[str, Data]:
    prefix = engine.cache_key_prefix
    found = caches[settings.SESSION_CACHE_ALIAS].get_many([prefix + session_key for session_key in session_keys])
    return {name.removeprefix(prefix): data for name, data in found.items()}


def _from_database(engine: StoreClass, session_keys: Sequence[str]) -> dict[str, Data]:
    sessions = engine.get_model_class().objects
    rows = sessions.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    decode = engine().decode
    return {session_key: decode(data) for session_key, data in rows.values_list("session_key", "session_data")}


def _from_cache_or_database(engine: StoreClass, session_keys: Sequence[str]) -> dict[str, Data]:
    """Read the cache, then the database. Nothing is put into the cache: the site may be ending that session."""
    found = _from_cache(engine, session_keys)
    missing = [session_key for session_key in session_keys if found.get(session_key) is None]
    return found | _from_database(engine, missing)


_ENGINES: dict[str, Callable[[StoreClass, Sequence[str]], dict[str, Data]]] = {
    "django.contrib.sessions.backends.cache": _from_cache,
    "django.contrib.sessions.backends.cached_db": _from_cache_or_database,
    "django.contrib.sessions.backends.db": _from_database,
}


def _read(session_key: str) -> Data:
    """Return the session's data, empty if there is none.

    A cache engine reads as empty while its cache cannot be reached; then ``exists`` raises. If ``exists`` finds the
    session after an empty read, a second read counts.
    """
    data, exists = _load(session_key)
    return _load(session_key)[0] if exists and not data else data


def _load(session_key: str) -> tuple[Data, bool]:
    store = store_class()(session_key)
    if store.session_key is None:
        return {}, False
    # The file engine would create a new session in place of an expired one.
    store.create = _create_nothing
    data: Data = store.load()
    return data, bool(data) or store.exists(session_key)


def _create_nothing() -> None:
    pass
