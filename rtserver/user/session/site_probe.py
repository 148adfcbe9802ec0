"""Trial look-up of a session that does not exist. It fails where every log-in would fail.

Nothing is written. ``site_trouble`` makes a sentence of an error.
"""

from django.conf import settings
from django.contrib.auth import get_backends, get_user_model
from django.contrib.sessions.backends import cache
from django.db import close_old_connections

from rtserver.user.session.site_fault import SiteFault, site_faults
from rtserver.user.session.site_session import read_sessions
from rtserver.user.session.site_store import store_class
from rtserver.user.session.site_trouble import describe
from rtserver.user.session.site_user import find_groups

NOBODY = "rtserver0check0no0session0of0any"
"""A key of the length of Django's; a site gives it out as rarely as any other key."""


def probe_site(*, reads_groups: bool = False) -> str:
    """Return the fault that prevents every log-in, as a sentence, or "". Blocks. Never raises."""
    close_old_connections()
    try:
        look_up_nobody(reads_groups=reads_groups)
    except Exception as error:  # noqa: BLE001 (the site may raise anything; it is the answer)
        return describe(error)
    except BaseException as error:  # noqa: BLE001 (sys.exit in a backend, for instance)
        return f"{type(error).__name__}: {error}"
    finally:
        close_old_connections()
    return ""


def look_up_nobody(*, reads_groups: bool = False) -> None:
    """Look up a session that does not exist. Raises ``SiteFault``, and what the site's backends and stores raise."""
    for fault in site_faults():
        raise SiteFault(fault)
    try:
        get_backends()
    except ImportError as error:
        raise SiteFault(f"AUTHENTICATION_BACKENDS has one that cannot be imported: {error}") from error
    found = read_sessions([NOBODY])[NOBODY]
    if isinstance(found, Exception):
        raise in_cache(found)
    users = list(get_user_model()._default_manager.order_by()[:1])
    groups = find_groups(dict.fromkeys([NOBODY], users[0])) if reads_groups and users else {}
    for outcome in groups.values():
        if isinstance(outcome, Exception):
            raise outcome


def in_cache(error: Exception) -> Exception:
    """Return an error of the sessions' store; for a cache it names the setting."""
    if not issubclass(store_class(), cache.SessionStore):
        return error
    alias = settings.SESSION_CACHE_ALIAS
    return SiteFault(f'CACHES["{alias}"], where sessions are, cannot be read: {describe(error)}')


def count_users(most: int = 2) -> int:
    """Return the number of the site's users, counted up to ``most``. Blocks. Raises as the database does."""
    return len(get_user_model()._default_manager.order_by().values_list("pk")[:most])
