"""Django's cache in files, for us who only read: its directory is the site's to make.

Django makes the directory as soon as a cache is looked at, for the user of that process alone. The site could not
write there any more, and nobody could tell that it was missing.
"""

from django.conf import settings
from django.core.cache.backends import filebased

DJANGO = f"{filebased.__name__}.{filebased.FileBasedCache.__name__}"


class FileBasedCache(filebased.FileBasedCache):  # type: ignore[misc]
    """Without a directory it is empty. Whoever sets something makes the directory, as in Django."""

    _is_looked_at = False

    def __init__(self, directory: str, params: dict[str, object]) -> None:
        super().__init__(directory, params)
        self._is_looked_at = True

    def _createdir(self) -> None:
        if self._is_looked_at:
            super()._createdir()


def leave_directories() -> None:
    """Have all caches in files of these settings be such ones. After Django is set up, before a cache is used."""
    for named in settings.CACHES.values():
        if named.get("BACKEND") == DJANGO:
            named["BACKEND"] = f"{__name__}.{FileBasedCache.__name__}"
