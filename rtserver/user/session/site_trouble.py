"""Explanation of a failed look-up in the site: one sentence for the log and for checks.

A database is asked for its tables. Databases are named by alias, kind and name, so no password is told.
"""

from collections.abc import Iterator

from django.db import DatabaseError, OperationalError, ProgrammingError, connections, router

from rtserver.user.session.site_fault import SiteFault, models

MOST_TEXT = 300


def describe(error: BaseException) -> str:
    """Return one sentence about an error of a look-up. Blocks: it may ask the database."""
    if isinstance(error, SiteFault):
        return str(error)
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:MOST_TEXT]}"
    if not isinstance(error, DatabaseError):
        return said
    missing = "; ".join(_missing_tables()) if isinstance(error, (OperationalError, ProgrammingError)) else ""
    if missing:
        return f'{missing}: run "python manage.py migrate" there, or let DATABASES name the site\'s own database'
    advice = '; has "python manage.py migrate" been run there?' if isinstance(error, ProgrammingError) else ""
    return f"{_databases()}: {said}{advice}"


def _missing_tables() -> Iterator[str]:
    for model in models():
        alias = router.db_for_read(model)
        try:
            with connections[alias].cursor() as cursor:
                is_there = model._meta.db_table in connections[alias].introspection.table_names(cursor)
        except Exception:  # noqa: BLE001 (the first error says why the database cannot be asked)
            return
        if not is_there:
            yield f"{database_name(alias)} has no table {model._meta.db_table}"


def _databases() -> str:
    return " or ".join(sorted({database_name(router.db_for_read(model)) for model in models()}))


def database_name(alias: str) -> str:
    """Return the name of a database for a sentence."""
    database = connections[alias]
    host = database.settings_dict.get("HOST")
    return f'database "{alias}" ({database.vendor}, {database.settings_dict["NAME"]}{f" at {host}" if host else ""})'
