"""Handler of ``django_site``: what the Django site says about its users' sessions.

It decides what each operation means for open connections.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler


class SessionClosed(msgspec.Struct, frozen=True, tag_field="op", tag="session_closed"):
    """A user logged out, or the site ended the session."""

    session_key: str


class KickUser(msgspec.Struct, frozen=True, tag_field="op", tag="kick"):
    """A user must go, from all sessions."""

    user_id: int | str
    reason: str = ""


class RecheckUser(msgspec.Struct, frozen=True, tag_field="op", tag="recheck"):
    """A user's groups have changed, or anything else that the policy reads; ``"*"`` for many users."""

    user_id: int | str


DjangoSiteData: TypeAlias = SessionClosed | KickUser | RecheckUser


def _keeps_nothing(_: object) -> float:
    return 0.0


class DjangoSiteMsgHandler(ServiceMsgHandler):
    """Closes the connections of a session or of a user, or looks a user up again.

    ``lifetime_of`` returns for how many seconds a session key is still valid after its session was closed: 0 if the
    site's store refuses it. ``revoke`` keeps such keys, each for that many seconds. It may wait for the queue, and
    raises ``QueueError`` at the server's end only.
    """

    msg_type = "django_site"
    data_type = DjangoSiteData

    def __init__(
        self,
        services: ServiceContext,
        *,
        lifetime_of: Callable[[str], float] = _keeps_nothing,
        revoke: Callable[[Mapping[str, float]], object] = _keeps_nothing,
    ) -> None:
        super().__init__(services)
        self._lifetime_of = lifetime_of
        self._revoke = revoke
        self._lifetimes: dict[str, float] = {}

    def __call__(self, src: str, data: DjangoSiteData) -> None:
        """See ``ServiceMsgHandler``."""
        match data:
            case SessionClosed(session_key):
                self.users.close_session(session_key)
                seconds = self._lifetime_of(session_key)
                if seconds > 0:
                    self._lifetimes[session_key] = seconds
            case KickUser(user_id, reason):
                self.users.kick(user_id, reason)
            case RecheckUser(user_id):
                self.users.recheck(user_id)

    def flush(self) -> None:
        """Keep the revocations of a batch. Connections are closed before: that need not wait for the queue."""
        if self._lifetimes:
            self._revoke(self._lifetimes)
            self._lifetimes = {}

    def forget(self) -> None:
        """See ``ServiceMsgHandler``. A revocation that cannot be kept must not block all others."""
        self._lifetimes = {}
