"""Look-ups that are done one after the other: each key gets its answer, its refusal or its error.

It tells Django's errors about one key from errors of the store, and stops asking a store that keeps failing.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation, ValidationError

log = logging.getLogger(__name__)

Found = TypeVar("Found")

REFUSALS = (SuspiciousOperation, InvalidCacheKey, ValidationError)
"""Errors about a key that no store gives out, or a user id that the user model cannot have."""

PATIENCE = 2  # errors in a row


def look_up_each(keys: Iterable[str], look_up: Callable[[str], Found | None]) -> dict[str, Found | Exception | None]:
    """Return the result of ``look_up`` for each key: None for a refused key, an exception for a failure.

    After two failures in a row the remaining keys get the last error without a look-up. So a store that does not
    answer costs its timeout twice and not once per key.
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
    except Exception as error:  # noqa: BLE001 (the site may raise anything; it is the answer)
        return error
    except BaseException as error:  # noqa: BLE001 (sys.exit in a backend, for instance)
        return RuntimeError(f"{type(error).__name__}: {error}")
