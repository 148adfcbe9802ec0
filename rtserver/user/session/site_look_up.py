"""Look-ups that are done one after the other: each key gets its answer, its refusal or its error.

Decides which of Django's errors are about the one who asks, and when many errors mean that nobody can be answered.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation, ValidationError

log = logging.getLogger(__name__)

Found = TypeVar("Found")

REFUSALS = (SuspiciousOperation, InvalidCacheKey, ValidationError)
"""A key that the store cannot have given out, or a user id that the site's user model cannot have."""

PATIENCE = 2  # errors in a row


def look_up_each(keys: Iterable[str], look_up: Callable[[str], Found | None]) -> dict[str, Found | Exception | None]:
    """``look_up`` of each key, None for one that is refused; what else it raises stands for the key's answer.

    After two errors in a row whoever is asked is away: those who are left get the last error without being
    looked up, so that a store that does not answer costs its timeout a few times and not for everyone.
    """
    outcomes: dict[str, Found | Exception | None] = {}
    failures = 0
    for key in keys:
        if failures < PATIENCE:
            outcome = _outcome(key, look_up)
            failures = failures + 1 if isinstance(outcome, Exception) else 0
        outcomes[key] = outcome
    return outcomes


def _outcome(key: str, look_up: Callable[[str], Found | None]) -> Found | Exception | None:
    try:
        return look_up(key)
    except REFUSALS as error:
        log.info("! a session is refused: %s", error)
        return None
    except Exception as error:  # noqa: BLE001 (whatever the site raises: it is told to whoever asked)
        return error
    except BaseException as error:  # noqa: BLE001 (sys.exit in a backend, for instance: no end that anybody asked for)
        return RuntimeError(f"{type(error).__name__}: {error}")
