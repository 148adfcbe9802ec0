"""``django_site``: what the Django site has to say about its users' sessions.

Decides what each operation means for open sockets.
"""

from typing import TypeAlias

import msgspec

from rtserver.service.msg_handler import ServiceMsgHandler


class SessionClosed(msgspec.Struct, frozen=True, tag_field="op", tag="session_closed"):
    """Somebody logged out, or the site ended the session."""

    session_key: str


class KickUser(msgspec.Struct, frozen=True, tag_field="op", tag="kick"):
    """A user has to go, from all sessions."""

    user_id: int | str
    reason: str = ""


class RecheckUser(msgspec.Struct, frozen=True, tag_field="op", tag="recheck"):
    """A user's groups have changed, or whatever else the policy goes by; ``"*"``: those of many users."""

    user_id: int | str


DjangoSiteData: TypeAlias = SessionClosed | KickUser | RecheckUser


class DjangoSiteMsgHandler(ServiceMsgHandler):
    """Closes the sockets of a session, or of a user, or has looked again at who a user is."""

    msg_type = "django_site"
    data_type = DjangoSiteData

    def __call__(self, src: str, data: DjangoSiteData) -> None:
        """See ``ServiceMsgHandler``."""
        match data:
            case SessionClosed(session_key):
                self.users.close_session(session_key)
            case KickUser(user_id, reason):
                self.users.kick(user_id, reason)
            case RecheckUser(user_id):
                self.users.recheck(user_id)
