"""Whether the site's newest sessions can be read with the settings of this process: its SECRET_KEY, its serializer.

Of sessions in a database alone: the other stores cannot be asked which ones there are.
"""

from typing import NamedTuple

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.utils import timezone

from rtserver.user.session.site_fault import session_model
from rtserver.user.session.site_store import store_class

NEWEST = 10
PICKLE = b"\x80"  # what every pickle of protocol 2 and newer begins with


class Readable(NamedTuple):
    """How many sessions were looked at, and how many of them could be read."""

    seen: int
    read: int


def newest_sessions() -> Readable:
    """The newest sessions that have not expired. Blocks. Raises as the database does."""
    model = session_model()
    if model is None:
        return Readable(0, 0)
    live = model.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    data = list(live.values_list("session_data", flat=True)[:NEWEST])
    return Readable(len(data), sum(map(is_readable, data)))


def is_readable(session_data: str) -> bool:
    """Whether the text of a session was signed with one of the keys of these settings, and can be decoded.

    A store with a form of its own is asked; it does not tell an empty session from a bad one.
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
    """Whether sessions are pickled: then whoever can sign or store one has code run by whoever reads it."""
    return bool(store_class()().serializer().dumps({"a": 1})[:1] == PICKLE)
