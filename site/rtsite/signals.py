"""Messages of the site to rtserver: a session is over, or a user has changed. They show within a second.

The message goes the way of every service message, through the Redis list. The site knows nothing else of rtserver.
"""

import hmac
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

from rtsite.redis_pool import RedisPool

NAMED_USERS = 100
"""Changes of more users than these at once are told as a change of everyone's."""

logger = logging.getLogger(__name__)


def announce_closed_session(sender: Any, request: HttpRequest, **signal: Any) -> None:
    """Receiver of ``user_logged_out``, which Django sends while the session still has its key.

    A Redis that is away is logged and does not keep anybody from logging out: rtserver looks at every session again
    by a timer and closes the sockets then.
    """
    session_key = request.session.session_key
    if session_key is not None:
        _tell([session_closed_message(session_key)])


def announce_changed_user(
    sender: Any, instance: Any, created: bool = False, update_fields: Any = None, **signal: Any
) -> None:
    """Receiver of a user's ``post_save`` and ``pre_delete``: a new password or a lost account ends sessions."""
    is_login = update_fields is not None and set(update_fields) == {"last_login"}
    if not (created or is_login):
        _tell_changed([instance.pk])


def announce_changed_groups(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **signal: Any
) -> None:
    """Receiver of ``m2m_changed`` of users and groups, from whichever side it was changed."""
    if action not in {"post_add", "post_remove", "pre_clear"}:
        return
    if not reverse:
        _tell_changed([instance.pk])
    elif pk_set is not None:
        _tell_changed(pk_set)
    else:
        announce_changed_group(sender, instance)


def announce_changed_group(sender: Any, instance: Any, **signal: Any) -> None:
    """Receiver of a group's ``post_save`` and ``pre_delete``: its members have a group of another name, or none."""
    _tell_changed(instance.user_set.values_list("pk", flat=True))


def session_closed_message(session_key: str) -> str:
    """The service message, as in the table of the JSON protocol's reference."""
    return _message({"op": "session_closed", "session_key": session_key})


def recheck_message(user_id: int | str) -> str:
    """The same for a user who is to be looked up again; ``"*"`` for all of them."""
    return _message({"op": "recheck", "user_id": user_id})


def _message(data: dict[str, Any]) -> str:
    return json.dumps({"type": "django_site", "src": "rtsite", "data": data}, separators=(",", ":"))


def _tell_changed(user_ids: Iterable[Any]) -> None:
    """Once the change can be read: rtserver would find what was there before it."""
    known = [user_id if isinstance(user_id, int) else str(user_id) for user_id in user_ids]
    if known:
        named = known if len(known) <= NAMED_USERS else ["*"]
        transaction.on_commit(lambda: _tell([recheck_message(user_id) for user_id in named]))


def _tell(messages: list[str]) -> None:
    try:
        _push(messages)
    except (redis.RedisError, OSError, UnicodeDecodeError) as error:
        logger.warning("rtserver is not told of %d changes, sockets stay for a while: %s", len(messages), error)


def _push(messages: list[str]) -> None:
    """One short connection: this happens too rarely to keep one open."""
    pool = RedisPool.from_url(
        settings.RTSERVER_REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        credential_provider=settings.REDIS_CREDENTIALS,
        **settings.REDIS_GUIDES,
        key=settings.RTSERVER_QUEUE,
    )
    with redis.Redis.from_pool(pool) as client:
        secret = queue_secret()
        now = time.time() if settings.RTSERVER_HAS_SIGNED_TIME else None
        client.rpush(settings.RTSERVER_QUEUE, *(signed(message.encode(), secret, now) for message in messages))


def queue_secret() -> str:
    """Return the present secret; empty for none. Raises ``OSError``, ``UnicodeDecodeError``."""
    if not settings.RTSERVER_QUEUE_SECRET_FILE:
        return settings.RTSERVER_QUEUE_SECRET
    text = Path(settings.RTSERVER_QUEUE_SECRET_FILE).read_text(encoding="utf-8-sig")
    return next((part.strip() for line in text.splitlines() for part in line.split(",") if part.strip()), "")


def signed(message: bytes, secret: str, now: float | None = None) -> bytes:
    """Return the message to push, as the JSON protocol's reference says; without a secret the message itself.

    ``now`` is the time that it states, in seconds since 1970; None for no time.
    """
    if not secret:
        return message
    text = message if now is None else b"ts=%d %s" % (now, message)
    return b"sha256=%s %s" % (hmac.digest(secret.encode(), text, "sha256").hex().encode(), text)
