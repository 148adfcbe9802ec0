"""Check of this process's SECRET_KEY and serializer against the site's newest sessions.

It works for sessions in a database; other stores cannot list theirs.
"""

from typing import NamedTuple

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.utils import timezone

from rtserver.user.session.site_fault import session_model
from rtserver.user.session.site_store import store_class

NEWEST = 10
PICKLE = b"\x80"  # first byte of every pickle since protocol 2


class Readable(NamedTuple):
    """The numbers of sessions that were tried and that could be read."""

    seen: int
    read: int


def newest_sessions() -> Readable:
    """Try the newest sessions that have not expired. Blocks. Raises as the database does."""
    model = session_model()
    if model is None:
        return Readable(0, 0)
    live = model.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    data = list(live.values_list("session_data", flat=True)[:NEWEST])
    return Readable(len(data), sum(map(is_readable, data)))


def is_readable(session_data: str) -> bool:
    """Return True if a session's text has a valid signature and can be decoded with these settings.

    A store with its own ``decode`` is asked; it does not tell an empty session from a bad one.
    """
    store = store_class()()
    try:
        if type(store).decode is not SessionBase.decode:
            return bool(store.decode(session_data))
        signing.loads(session_data, salt=store.key_salt, serializer=store.serializer)
    except Exception:  # noqa: BLE001 (a serializer may raise anything of what it did not write)
        return False
    return True


def pickles() -> bool:
    """Return True if sessions are pickled: a forged pickle runs code in every process that reads it."""
    return bool(store_class()().serializer().dumps({"a": 1})[:1] == PICKLE)
