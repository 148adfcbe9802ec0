"""The password of a Redis that stands in a file: read for each connection, so that a new one needs no restart.

An address names the file as ``password_file`` in its query; no such parameter is Redis's own.
"""

from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import redis

PARAMETER = "password_file"


class FilePassword(redis.CredentialProvider):
    """Credentials for redis-py when it opens a connection. ``username`` is empty for Redis's default user."""

    def __init__(self, path: str, username: str = "") -> None:
        self._path = path
        self._username = username

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return user and password, on the thread that connects. Raises ``redis.ConnectionError``."""
        try:
            password = Path(self._path).read_text(encoding="utf-8-sig").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise redis.ConnectionError(f"the password's file {self._path} cannot be read") from error
        return (self._username, password) if self._username else (password,)


def with_password_file(url: str, path: str) -> str:
    """The address, and where its password is."""
    return f"{url}{'&' if '?' in url else '?'}{PARAMETER}={quote(path, safe='/')}"


def split_password_file(url: str) -> tuple[str, FilePassword | None]:
    """The address as redis-py takes it, and whom it has to ask for user and password; None: what the address says."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    path = dict(query).get(PARAMETER)
    if path is None:
        return url, None
    rest = urlencode([(name, value) for name, value in query if name != PARAMETER])
    address = url.partition("?")[0]
    if parts.username is not None:
        address = address.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1)
    return address + (f"?{rest}" if rest else ""), FilePassword(path, unquote(parts.username or ""))
