"""What the site tells rtserver: that a session is over, so that its open sockets close within a second.

The message goes the way of every service message, through the Redis list. The site knows nothing else of rtserver.
"""

import json
import logging
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)


def announce_closed_session(sender: Any, request: HttpRequest, **signal: Any) -> None:
    """Receiver of ``user_logged_out``, which Django sends while the session still has its key.

    A Redis that is away is logged and does not keep anybody from logging out: rtserver looks at every session again
    by a timer and closes the sockets then.
    """
    session_key = request.session.session_key
    if session_key is None:
        return
    try:
        _push(session_closed_message(session_key))
    except redis.RedisError as error:
        logger.warning("rtserver is not told that a session ended, its sockets stay for a while: %s", error)


def session_closed_message(session_key: str) -> str:
    """The service message, as in the table of the JSON protocol's reference."""
    return json.dumps(
        {"type": "django_site", "src": "rtsite", "data": {"op": "session_closed", "session_key": session_key}},
        separators=(",", ":"),
    )


def _push(message: str) -> None:
    """One short connection: people log out too rarely to keep one open."""
    client = redis.Redis.from_url(
        settings.RTSERVER_REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        client.rpush(settings.RTSERVER_QUEUE, message)
