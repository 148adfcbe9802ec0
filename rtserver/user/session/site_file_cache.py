"""Django's file cache without the creation of its directory, which is the site's.

Django creates the directory as soon as a cache is read, for the user of that process alone. The site could not write
there any more, and checks could not see that the directory was missing.
"""

from django.conf import settings
from django.core.cache.backends import filebased

DJANGO = f"{filebased.__name__}.{filebased.FileBasedCache.__name__}"


class FileBasedCache(filebased.FileBasedCache):  # type: ignore[misc]
    """File cache that is empty without a directory. Writing creates the directory, as in Django."""

    _is_looked_at = False

    def __init__(self, directory: str, params: dict[str, object]) -> None:
        super().__init__(directory, params)
        self._is_looked_at = True

    def _createdir(self) -> None:
        if self._is_looked_at:
            super()._createdir()


def leave_directories() -> None:
    """Replace the file caches of the settings. Call this after Django's set-up and before a cache is used."""
    for named in settings.CACHES.values():
        if named.get("BACKEND") == DJANGO:
            named["BACKEND"] = f"{__name__}.{FileBasedCache.__name__}"
