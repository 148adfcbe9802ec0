"""One look-up as every log-in makes it, of a session that nobody has: whether anybody could be let in.

Nothing is written, and what is raised is what a log-in would raise. ``site_trouble`` makes a sentence of it.
"""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_backends, get_user_model
from django.contrib.sessions.backends import cache
from django.db import close_old_connections

from rtserver.user.session.site_fault import SiteFault, site_faults
from rtserver.user.session.site_session import read_sessions
from rtserver.user.session.site_trouble import describe
from rtserver.user.session.site_user import find_groups

NOBODY = "rtserver0check0no0session0of0any"
"""As long as Django's keys are; the chance that a site gives it out is that of any other key."""


def probe_site(*, reads_groups: bool = False) -> str:
    """What would keep everybody from logging in, as a sentence; empty if nothing would. Blocks. Never raises."""
    close_old_connections()
    try:
        look_up_nobody(reads_groups=reads_groups)
    except Exception as error:  # noqa: BLE001 (whatever the site raises is the answer)
        return describe(error)
    except BaseException as error:  # noqa: BLE001 (sys.exit in a backend, for instance)
        return f"{type(error).__name__}: {error}"
    finally:
        close_old_connections()
    return ""


def look_up_nobody(*, reads_groups: bool = False) -> None:
    """Ask all that a look-up asks. Raises ``SiteFault``, and what the site's backends and stores raise."""
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
    """The error of a store of sessions, with the setting that names the cache where they are in one."""
    if not issubclass(import_module(settings.SESSION_ENGINE).SessionStore, cache.SessionStore):
        return error
    alias = settings.SESSION_CACHE_ALIAS
    return SiteFault(f'CACHES["{alias}"], where sessions are, cannot be read: {describe(error)}')


def count_users(most: int = 2) -> int:
    """How many users the site has; it is not counted beyond ``most``. Blocks. Raises as the database does."""
    return len(get_user_model()._default_manager.order_by().values_list("pk")[:most])
