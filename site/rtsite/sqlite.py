"""The database of the demo: SQLite, set up alike by every Django from 4.2 on.

Django 5.1 has options for both, ``init_command`` and ``transaction_mode``; an older one refuses to connect with them.
"""

from typing import Any

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
"""WAL lets pages read while somebody logs in."""


def options(django_version: tuple[Any, ...]) -> dict[str, Any]:
    """The database's ``OPTIONS``. A transaction takes its lock at once, where Django can be told so."""
    waiting = {"timeout": 10}
    return {**waiting, "transaction_mode": "IMMEDIATE"} if django_version >= (5, 1) else waiting


def set_pragmas(sender: Any, connection: Any, **signal: Any) -> None:
    """Receiver of ``connection_created``, which Django sends for every connection that it makes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executescript(PRAGMAS)
