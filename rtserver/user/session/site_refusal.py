"""Reason why a session or a token is refused: one sentence for the log, without the key itself.

It asks the store and the user again, in the order of a look-up. The sentence includes faults of the store
(``site_fault``). Use it for refused credentials only.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.sessions.backends import cache, file, signed_cookies
from django.core import signing
from django.db import close_old_connections
from django.utils import timezone

from rtserver.user.session.site_credential import is_possible
from rtserver.user.session.site_fault import Model, session_model, site_faults
from rtserver.user.session.site_key import is_readable
from rtserver.user.session.site_session import read_sessions
from rtserver.user.session.site_store import Data, StoreClass, store_class
from rtserver.user.session.site_trouble import describe
from rtserver.user.session.site_user import find_users
from rtserver.user.session.token import PREFIX, SALT, is_token, read_token

OTHER_KEY = "SECRET_KEY or SESSION_SERIALIZER is not the one that the site runs with"


def cookie_name() -> str:
    """Return the name of the site's session cookie."""
    return str(settings.SESSION_COOKIE_NAME)


def why_refused(credential: str, token_seconds: float) -> str:
    """Return the reason. Blocks. Never raises."""
    close_old_connections()
    try:
        return _why(credential, token_seconds)
    except Exception as error:  # noqa: BLE001 (the site may raise anything)
        return f"could not be looked into: {describe(error)}"
    finally:
        close_old_connections()


def _why(credential: str, token_seconds: float) -> str:
    if not is_possible(credential):
        return "is no session's key: too short, too long, or with characters that none has"
    if is_token(credential):
        data = read_token(credential, token_seconds)
        return _about_token(credential) if data is None else _about_user(credential, data)
    found = read_sessions([credential])[credential]
    if isinstance(found, Exception):
        return f"could not be looked up: {describe(found)}"
    if found:
        return _about_user(credential, found)
    reason = _about_missing(credential)
    return "; ".join([reason, *site_faults()])


def _about_token(token: str) -> str:
    try:
        signing.loads(token.removeprefix(PREFIX), salt=SALT)
    except signing.BadSignature:
        return "was not signed with this SECRET_KEY: the site has another one, or another program made the token"
    return "is too old (tce_token_seconds)"


def _about_user(credential: str, data: Data) -> str:
    if SESSION_KEY not in data:
        return "nobody is logged in in its session"
    path, user_id = data.get(BACKEND_SESSION_KEY), data[SESSION_KEY]
    if path not in settings.AUTHENTICATION_BACKENDS:
        return f"was made by the backend {str(path)[:100]!r}, which is not in AUTHENTICATION_BACKENDS"
    if load_backend(path).get_user(user_id) is None:
        return f"belongs to user {str(user_id)[:100]}, who does not exist any more or may not log in (is_active)"
    user = find_users({credential: data})[credential]
    if user is None:
        return f"does not fit to user {str(user_id)[:100]}: the password has changed since, or {OTHER_KEY}"
    return "is good in the site; it was closed (django_site) within the last minute, or has been revoked"


def _about_missing(session_key: str) -> str:
    engine = store_class()
    for kind, say in MISSING.items():
        if issubclass(engine, kind):
            return say(session_key, engine)
    if session_model() is not None:
        return _not_in_database(session_key)
    return f"is not known to {settings.SESSION_ENGINE}: logged out, expired, or of another site"


def _not_in_database(session_key: str) -> str:
    model: Model = session_model()
    row = model.objects.filter(session_key=session_key).values_list("expire_date", "session_data").first()
    if row is None:
        return f"is not in {model._meta.db_table}: logged out, or made by a site with another database"
    expires, data = row
    if expires <= timezone.now():
        return f"expired at {expires.isoformat(timespec='seconds')}"
    return "is empty" if is_readable(data) else f"cannot be read: {OTHER_KEY}"


def _not_in_cache(_session_key: str, _engine: StoreClass) -> str:
    alias = settings.SESSION_CACHE_ALIAS
    kind = settings.CACHES[alias]["BACKEND"].rpartition(".")[2]
    return f'is not in the cache "{alias}" ({kind}): logged out, expired, or made by a site with another cache'


def _not_in_file(_session_key: str, engine: StoreClass) -> str:
    directory = engine._get_storage_path()
    return f"has no file in {directory} that can be read: logged out, expired, or the site writes elsewhere"


def _not_signed(session_key: str, engine: StoreClass) -> str:
    store = engine(session_key)
    try:
        signing.loads(
            session_key, salt="django.contrib.sessions.backends.signed_cookies", serializer=store.serializer
        )
    except Exception:  # noqa: BLE001 (a serializer may raise anything)
        return f"cannot be read: {OTHER_KEY}"
    return "is too old (SESSION_COOKIE_AGE)"


MISSING: dict[StoreClass, Callable[[str, StoreClass], str]] = {
    cache.SessionStore: _not_in_cache,
    file.SessionStore: _not_in_file,
    signed_cookies.SessionStore: _not_signed,
}
